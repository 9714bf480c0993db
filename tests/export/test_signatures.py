"""The signatures of exports: their inputs and outputs, and answers equal to the library's."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from zoo.constants import END, MAX_TARGET_PIECES, PAD
from zoo.decoding import beam_search, greedy, sample, score
from zoo.errors import CallError
from zoo.export.saved_model import load_saved_model
from zoo.export.signatures import BEAM_WIDTH, ID_SIGNATURES, id_signatures, litert_signatures
from zoo.prediction import Beam
from zoo.tasks import TASKS
from zoo.text import source_ids

TEXTS = ["trois moins deux", "le 28 octobre 1934", "", "Il est huit heures."]
OPTIONS = {"beam_width": 3, "length_penalty": 1.0, "max_length": 20}
DRAW = {"max_length": 12, "temperature": 0.7, "top_k": 20, "top_p": 0.9, "seed": 11}


def constants(**options):
    return {name: tf.constant([value] if np.ndim(value) == 0 else value) for name, value in options.items()}


def ids_of(run, side, texts, task=None):
    rows, _ = source_ids(run.vocabularies[side], texts, task or run.task)
    return np.array([row + [PAD] * (max(map(len, rows)) - len(row)) for row in rows], "int32")


@pytest.fixture(scope="module")
def translator(fresh, exported):
    run = fresh("bahdanau_seq2seq")
    report = exported(run, "saved_model")
    assert report["parity"]["beam_compared"] == report["parity"]["beam_identical"] > 0
    return run, tf.saved_model.load(report["path"]), report["path"]


@pytest.fixture(scope="module")
def writer(fresh, exported):
    run = fresh("self_attention_lm")
    path = exported(run, "saved_model")["path"]
    return run, tf.saved_model.load(path), path


def test_inputs_and_outputs_of_the_signatures(translator, writer):
    def kinds(loaded):
        return {
            name: (sorted(one.structured_input_signature[1]), sorted(one.structured_outputs))
            for name, one in loaded.signatures.items()
        }

    search = ["beam_width", "length_penalty", "max_length"]
    assert kinds(translator[1]) == {
        "serving_default": (["text"], ["score", "text"]),
        "detail": (["text"], ["attention", "pieces", "score", "source_pieces", "text"]),
        "beam": ([*search, "text"], ["scores", "texts"]),
        "score": (["target", "text"], ["score", "token_scores", "tokens"]),
        "tokens": (["ids"], ["attention", "ids", "score"]),
        "beam_tokens": (sorted([*search, "ids"]), ["attention", "ids", "rank_score", "score"]),
        "score_tokens": (["ids", "target_ids"], ["attention", "score", "token_scores", "tokens"]),
    }
    assert kinds(writer[1]) == {
        "serving_default": (["text"], ["score", "text"]),
        "detail": (["text"], ["pieces", "score", "source_pieces", "text"]),
        "generate": (sorted([*DRAW, "text"]), ["score", "text"]),
        "score": (["text"], ["perplexity", "score", "tokens"]),
        "tokens": (["ids"], ["ids", "score"]),
        "beam_tokens": (sorted([*search, "ids"]), ["ids", "rank_score", "score"]),
        "score_tokens": (["ids"], ["attention", "score", "token_scores", "tokens"]),
        "sample_tokens": (sorted([*DRAW, "ids"]), ["ids", "score"]),
    }


def test_beam_by_text(translator):
    run, loaded, _ = translator
    answer = loaded.signatures["beam"](text=tf.constant(TEXTS), **constants(**OPTIONS))
    expected = beam_search(run.model, ids_of(run, "source", TEXTS), **OPTIONS)
    assert answer["texts"].shape == answer["scores"].shape == (4, 3)
    np.testing.assert_allclose(answer["scores"], expected["score"], rtol=1e-5, atol=1e-5)
    for row, ids in zip(answer["texts"].numpy(), expected["ids"].numpy(), strict=True):
        decode = run.vocabularies["target"].decode
        assert [one.decode() for one in row] == [decode([i for i in one if i > END]) for one in ids.tolist()]


def test_score_by_text(translator):
    run, loaded, _ = translator
    targets = ["three minus two", "October 28, 1934", "", "two"]
    answer = loaded.signatures["score"](text=tf.constant(TEXTS), target=tf.constant(targets))
    target_ids = ids_of(run, "target", targets)
    expected = score(run.model, ids_of(run, "source", TEXTS), target_ids)
    for name in ("score", "tokens", "token_scores"):
        np.testing.assert_allclose(answer[name], expected[name], rtol=1e-5, atol=1e-5)
    assert answer["tokens"].numpy().tolist() == (target_ids != PAD).sum(1).tolist()
    by_text = run.score(TEXTS, targets)
    np.testing.assert_allclose([one.log_probability for one in by_text], expected["score"], rtol=1e-5)
    assert by_text[0].attention.shape == ((target_ids[0] != PAD).sum(), (ids_of(run, "source", TEXTS)[0] != PAD).sum())


def test_generate_and_score_by_text(writer):
    run, loaded, _ = writer
    prompts = ["on", "", "October"]
    answer = loaded.signatures["generate"](text=tf.constant(prompts), **constants(**DRAW))
    ids = ids_of(run, "source", prompts)
    expected = sample(run.model, ids, **{name: [value] for name, value in DRAW.items()})
    np.testing.assert_allclose(answer["score"], expected["score"], rtol=1e-4, atol=1e-5)
    decode = run.vocabularies["source"].decode
    for text, prompt, added in zip(answer["text"].numpy(), ids.tolist(), expected["ids"].numpy().tolist(), strict=True):
        assert text.decode() == decode([i for i in [*prompt, *added] if i > END])
    cold = loaded.signatures["generate"](text=tf.constant(prompts), **constants(**DRAW | {"temperature": 0.0}))
    again = greedy(run.model, ids, max_length=DRAW["max_length"])
    np.testing.assert_allclose(cold["score"], again["score"], rtol=1e-5)
    scores = loaded.signatures["score"](text=tf.constant(prompts))
    by_text = run.score(prompts)
    np.testing.assert_allclose(
        scores["perplexity"], [np.exp(-one.log_probability / one.tokens) for one in by_text], rtol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "wrong", "nearest"),
    [
        ("beam_width", 0, 1),
        ("beam_width", -(2**31), 1),
        ("beam_width", 10_000, 64),
        ("max_length", 0, 1),
        ("max_length", 2**31 - 1, MAX_TARGET_PIECES),
        ("length_penalty", -3.0, 0.0),
        ("length_penalty", 100.0, 10.0),
        ("length_penalty", float("nan"), 0.0),
    ],
)
def test_an_option_out_of_bounds_is_the_nearest_bound_and_of_its_row_alone(translator, name, wrong, nearest):
    _, loaded, _ = translator
    rows = {key: [value] * len(TEXTS) for key, value in OPTIONS.items()}
    given, meant = ({**rows, name: [one, *rows[name][1:]]} for one in (wrong, nearest))
    answer, expected = (
        loaded.signatures["beam"](text=tf.constant(TEXTS), **constants(**one)) for one in (given, meant)
    )
    np.testing.assert_array_equal(answer["texts"], expected["texts"])
    np.testing.assert_array_equal(answer["scores"], expected["scores"])


@pytest.mark.parametrize("side", ["translator", "writer"])
def test_a_beam_on_texts_is_that_of_the_run(side, request):
    run, _, path = request.getfixturevalue(side)
    beam = Beam(4, n_best=3, length_penalty=0.0)
    expected, actual = (one.predict(TEXTS, beam=beam) for one in (run, load_saved_model(path)))
    for a, b in zip(expected, actual, strict=True):
        assert [one.output for one in a.alternatives] == [one.output for one in b.alternatives]
        assert [one.score for one in a.alternatives] == pytest.approx([one.score for one in b.alternatives], rel=1e-5)
        assert a.output == a.alternatives[0].output and a.score >= max(one.score for one in a.alternatives)


@pytest.mark.conformance
def test_a_saved_model_of_ids_alone_needs_no_tensorflow_text(tiny_run, exported):
    report = exported(tiny_run, "saved_model", ids_only=True)
    code = (
        "import sys, tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "assert 'tensorflow_text' not in sys.modules\n"
        "print(sorted(loaded.signatures))\n"
        "options = {k: tf.constant([v]) for k, v in dict(beam_width=2, length_penalty=0.6, max_length=9).items()}\n"
        "print(loaded.signatures['beam_tokens'](ids=tf.constant([[5, 6, 2]]), **options)['ids'].numpy().tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, report["path"]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    names, ids = done.stdout.splitlines()
    assert names == "['beam_tokens', 'score_tokens', 'tokens']"
    expected = beam_search(tiny_run.model, np.array([[5, 6, 2]], "int32"), beam_width=2, max_length=9)
    assert ids == str(expected["ids"].numpy().tolist())
    assert load_saved_model(report["path"]).predict(TEXTS)[0].output == tiny_run.predict(TEXTS)[0].output


def test_names_in_a_tflite(tiny_run, tiny_lm, tiny_classifier):
    for run in (tiny_run, tiny_lm, tiny_classifier):
        names = TASKS[run.task].endpoints
        assert sorted(litert_signatures(run.model)) == sorted(names.values())
        assert set(id_signatures(run.model)) - {"sample_tokens"} == set(names) <= set(ID_SIGNATURES)
        fixed = litert_signatures(run.model, (1, 16))
        assert all(one.inputs["ids"].shape == (1, 16) for one in fixed.values())
        if "beam" in fixed:
            assert list(fixed["beam"].inputs) == ["ids", "length_penalty", "max_length"] and BEAM_WIDTH == 4


@pytest.mark.conformance
def test_a_tflite_searches_as_keras_does(tiny_run, exported):
    from zoo.export.lite import LiteModel

    lite = LiteModel(exported(tiny_run, "tflite")["path"])
    for beam in (Beam(1), Beam(2, n_best=2), Beam(5, n_best=5, length_penalty=0.0)):
        expected, actual = (one.predict(TEXTS, beam=beam) for one in (tiny_run, lite))
        for a, b in zip(expected, actual, strict=True):
            assert [one.target_pieces for one in a.alternatives] == [one.target_pieces for one in b.alternatives]
            for one, other in zip(a.alternatives, b.alternatives, strict=True):
                assert one.score == pytest.approx(other.score, rel=1e-5)
                np.testing.assert_allclose(one.attention, other.attention, atol=1e-5)
    targets = ["three minus two", "October 28, 1934", "", "two"]
    expected, actual = tiny_run.score(TEXTS, targets), lite.score(TEXTS, targets)
    np.testing.assert_allclose(
        [one.log_probability for one in actual], [one.log_probability for one in expected], rtol=1e-5
    )
    np.testing.assert_allclose(actual[1].attention, expected[1].attention, atol=1e-5)


def test_a_tflite_of_one_beam_width_tells_of_others(tiny_run, exported):
    from zoo.export.lite import LiteModel

    lite = LiteModel(exported(tiny_run, "tflite", shape=(1, 16))["path"])
    (answer,) = lite.predict(TEXTS[:1], beam=Beam(4))
    assert answer.output == tiny_run.predict(TEXTS[:1], beam=Beam(4))[0].output
    with pytest.raises(CallError, match="beam of 4 alone. Received: 5"):
        lite.predict(TEXTS[:1], beam=Beam(5))
