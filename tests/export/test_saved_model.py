"""Exports: the same answers, and nothing left behind when they differ."""

import dataclasses
import errno
import json

import numpy as np
import pytest

from tests.support.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.errors import CallError, WorkError
from zoo.prediction import Beam, Prediction
from zoo.run_folder import write_json

CASES = [(entry.name, "tanh") for entry in CATALOG] + [
    pytest.param(name, cell, marks=pytest.mark.slow)
    for name in ("bahdanau_seq2seq", "self_attention_seq2seq")
    for cell in ("gru", "lstm")
]


@pytest.fixture(scope="module")
def exporters():
    """The exporters and what loads their artefacts, by format."""
    from zoo.export.lite import LiteModel
    from zoo.export.litert.exporter import export_tflite
    from zoo.export.saved_model import export_saved_model, load_saved_model

    return {"saved_model": (export_saved_model, load_saved_model), "tflite": (export_tflite, LiteModel)}


def padded(ids, width):
    return np.pad(ids, [[0, 0], [0, width]]).astype(np.int32)


@pytest.mark.parametrize(("name", "cell"), CASES)
@pytest.mark.parametrize("format", ["saved_model", "tflite"])
def test_every_model_answers_alike(name, cell, format, tmp_path, exporters):
    run = untrained(name, cell, tmp_path)
    export, load = exporters[format]
    report = export(run, tmp_path / "out")
    assert report["parity"]["compared"] == report["parity"]["identical"] >= len(TEXTS)
    assert report["parity"]["max_attention_difference"] <= 1e-4
    assert json.loads((tmp_path / "out" / "parity.json").read_text()) == report["parity"]
    assert report["bytes"] > 1000
    loaded, keras_model = load(report["path"]), run.predictor()
    (ids,) = run.vocabularies["source"].encode(TEXTS[1:2])
    ids = np.array([[1, *ids] if run.task == "language_model" else [*ids, 2]], np.int32)
    for name, expected in keras_model.functions.items():
        if format == "tflite" and name == "sample_tokens":
            continue  # LiteRT has no operation for it
        actual, options = loaded.functions[name], OPTIONS.get((run.task, name), OPTIONS.get(name, {}))
        alone = expected(ids, **options)
        for width in (0, 1, 7, 50):
            check_same(actual(padded(ids, width), **options), alone, ids.shape[1])
            check_same(expected(padded(ids, width), **options), alone, ids.shape[1])
        others = np.concatenate([padded(ids, 3), np.full([2, ids.shape[1] + 3], 5, np.int32)])
        options = {key: np.repeat(value, 3, axis=0) if np.ndim(value) else value for key, value in options.items()}
        check_same({k: v[:1] for k, v in actual(others, **options).items()}, alone, ids.shape[1])
    for texts in (TEXTS[1:2], [""], ["", ""]):  # an answer without tokens is one too, after one with some
        for beam in (None, Beam(3, n_best=2))[: 1 if run.task == "classification" else 2]:
            actual, expected = (one.predict(texts, beam=beam) for one in (loaded, keras_model))
            assert [one.output for one in actual] == [one.output for one in expected]


OPTIONS = {
    "beam_tokens": {
        "beam_width": np.array([3], "int32"),
        "length_penalty": np.array([0.6], "float32"),
        "max_length": np.array([128], "int32"),
    },
    ("translation", "score_tokens"): {"target_ids": np.array([[7, 4, 9, 2, 0]], np.int32)},
    "sample_tokens": {
        "max_length": np.array([20], "int32"),
        "temperature": np.array([0.8], "float32"),
        "top_k": np.array([9], "int32"),
        "top_p": np.array([0.9], "float32"),
        "seed": np.array([3], "int32"),
    },
}


def check_same(answer, alone, width):
    """The first row is that of the sentence alone: ids equal, scores and attention to 1e-5, zero beyond it."""
    assert set(answer) == set(alone)
    for name, value in alone.items():
        got = answer[name]
        if name == "ids":
            produced = value[value > 0]
            np.testing.assert_array_equal(got[got > 0], produced)
        elif name == "attention":
            rows = min(value.shape[-2], got.shape[-2])
            np.testing.assert_allclose(got[..., :rows, :width], value[..., :rows, :width], atol=1e-5)
            assert not got[..., rows:, :].any() and not got[..., width:].any()
        elif name == "token_scores":
            np.testing.assert_allclose(got[:, : value.shape[1]], value, rtol=1e-5, atol=1e-5)
            assert not got[:, value.shape[1] :].any()
        else:
            np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-5)


def test_tflite_is_builtin_and_keeps_its_files(tmp_path):
    import zipfile

    from ai_edge_litert.interpreter import Interpreter

    from zoo.export.litert.exporter import export_tflite

    report = export_tflite(untrained("bahdanau_seq2seq", "tanh", tmp_path), tmp_path / "out")
    names = [op["op_name"] for op in Interpreter(model_path=report["path"])._get_ops_details()]
    assert names and not [name for name in names if name.startswith("Flex") or name == "CUSTOM"]
    assert set(zipfile.ZipFile(report["path"]).namelist()) == {
        "model.sha256",
        "zoo.json",
        "source.model",
        "target.model",
    }


@pytest.mark.parametrize(
    ("fixture", "signatures"),
    [
        ("tiny_run", {"serving_default", "detail", "beam", "score", "tokens", "beam_tokens", "score_tokens"}),
        ("tiny_classifier", {"serving_default", "detail", "tokens"}),
        (
            "tiny_lm",
            {
                "serving_default",
                "detail",
                "generate",
                "score",
                "tokens",
                "beam_tokens",
                "score_tokens",
                "sample_tokens",
            },
        ),
    ],
)
def test_text_signatures(fixture, signatures, request, tmp_path):
    import tensorflow as tf

    from zoo.export.saved_model import export_saved_model

    run = request.getfixturevalue(fixture)
    report = export_saved_model(run, tmp_path / "out")
    assert report["parity"]["text_compared"] == report["parity"]["text_identical"] > 20
    loaded = tf.saved_model.load(report["path"])
    assert set(loaded.signatures) == signatures
    answer = loaded.signatures["serving_default"](text=tf.constant(TEXTS))
    key = "label" if run.task == "classification" else "text"
    expected = [one.output for one in run.predictor().predict(TEXTS)]
    assert [one.decode() for one in answer[key].numpy()] == expected
    if run.task == "language_model":
        scores = loaded.signatures["score"](text=tf.constant(TEXTS))
        expected = run.predictor().score(TEXTS)
        np.testing.assert_allclose(scores["score"], [one.log_probability for one in expected], rtol=1e-5)
        np.testing.assert_array_equal(scores["tokens"], [one.tokens for one in expected])


@pytest.mark.parametrize(("fixture", "names"), [("tiny_run", ("score", "beam")), ("tiny_lm", ("score", "generate"))])
def test_every_text_signature_is_compared(fixture, names, request, tmp_path):
    from types import SimpleNamespace

    import tensorflow as tf

    from zoo.export.parity.text_signatures import compare_by_text
    from zoo.export.saved_model import write_saved_model

    run = request.getfixturevalue(fixture)
    signatures = dict(tf.saved_model.load(str(write_saved_model(run, tmp_path))).signatures)
    predictor = run.predictor()
    for name in names:

        def spoilt(right=signatures[name], **inputs):
            answer = right(**inputs)
            return {key: one * 1.01 if one.dtype.is_floating else one for key, one in answer.items()}

        with pytest.raises(WorkError, match=f"the text signature {name} does not score as Keras does"):
            compare_by_text(predictor, SimpleNamespace(signatures=signatures | {name: spoilt}), TEXTS)


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("change", ["output", "score", "attention"])
def test_an_artefact_that_differs_is_refused(change, tiny_run, tmp_path, monkeypatch):
    from zoo.export.litert import exporter as tflite

    def spoilt(path):
        predictor = right(path)
        predict = predictor.predict

        def wrong(texts, **options):
            answers = predict(texts, **options)
            new = {"output": "x", "score": 1.0, "attention": answers[0].attention + 0.01}
            return [dataclasses.replace(answers[0], **{change: new[change]}), *answers[1:]]

        predictor.predict = wrong
        return predictor

    right = tflite.LiteModel
    monkeypatch.setattr(tflite, "LiteModel", spoilt)
    with pytest.raises(WorkError, match="does not answer as Keras does"):
        tflite.export_tflite(tiny_run, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not hidden(tmp_path)


@pytest.mark.parametrize(
    ("score", "attention", "message"),
    [(np.nan, 0.5, "the score differs by nan"), (-1.0, np.nan, "the attention differs")],
)
def test_what_is_no_number_differs(score, attention, message):
    """Wherever it stands: in a row of numbers `max` does not see it."""
    from zoo.export.parity.answers import compare
    from zoo.prediction import Prediction

    def prediction(score, attention):
        return Prediction(input="a", output="b", score=score, attention=np.full([1, 1], attention))

    expected = [prediction(-1.0, 0.5), prediction(-1.0, 0.5)]
    actual = [prediction(-1.0, 0.5), prediction(score, attention)]
    with pytest.raises(WorkError, match=message):
        compare(["a", "a"], expected, lambda texts: actual, "it")


@pytest.mark.parametrize("spoil", ["score_tokens", "best", "others", "attention"])
def test_scores_and_every_hypothesis_are_compared(spoil, tiny_run):
    from zoo.export.artefact import compare_with_keras

    expected, actual = tiny_run.predictor(), tiny_run.predictor()

    def spoilt(name, change):
        function = actual.functions[name]
        actual.functions[name] = lambda ids, **more: change(dict(function(ids, **more)))

    def times(answer, place, factor):
        answer["score"] = np.array(answer["score"])
        answer["score"][:, place] *= factor
        return answer

    changes = {
        "best": lambda answer: times(answer, 0, 1.01),
        "others": lambda answer: times(answer, slice(1, None), 1.01),
        "attention": lambda answer: answer | {"attention": answer["attention"] + 0.01},
    }
    message = "does not search as Keras does"
    if spoil == "score_tokens":
        message = "does not score as Keras does"
        spoilt("score_tokens", lambda answer: answer | {"score": answer["score"] * 1.01})
    else:
        spoilt("beam_tokens", changes[spoil])
    with pytest.raises(WorkError, match=message):
        compare_with_keras(tiny_run, expected, actual, TEXTS, "it")


def test_the_run_is_not_replaced_by_its_export(tiny_run, tmp_path):
    from zoo.export.saved_model import export_saved_model

    for out in (tiny_run.path, tiny_run.path.parent):
        with pytest.raises(CallError, match="would take the place of"):
            export_saved_model(tiny_run, out, force=True)
    assert (tiny_run.path / "config.json").is_file()


def answer(score):
    return Prediction(input="a", output="b", score=score)


@pytest.mark.parametrize(
    ("score", "difference", "same"), [(-700.0, 0.002, True), (-700.0, 0.2, False), (-1.0, 0.002, False)]
)
def test_scores_are_compared_relative_to_their_size(score, difference, same):
    """Regression: a long answer's score, a sum over its pieces, differs by rounding alone."""
    from zoo.export.parity.answers import compare

    expected, actual = [answer(score)], [answer(score + difference)]
    if same:
        assert compare(["a"], expected, lambda texts: actual, "it")["max_score_difference"] < 1e-5
    else:
        with pytest.raises(WorkError, match="the score differs"):
            compare(["a"], expected, lambda texts: actual, "it")


@pytest.mark.parametrize(
    ("failure", "expected"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "full"), WorkError)]
)
def test_a_failure_leaves_the_old_artefact(failure, expected, tiny_run, tmp_path, monkeypatch):
    from zoo.export.litert import exporter as tflite

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")

    def fail(*arguments, **options):
        raise failure

    monkeypatch.setattr(tflite, "convert", fail)
    with pytest.raises(CallError, match="already exists"):
        tflite.export_tflite(tiny_run, tmp_path / "out")
    with pytest.raises(expected):
        tflite.export_tflite(tiny_run, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "old").read_text() == "old" and not hidden(tmp_path)


def test_force_replaces(tiny_run, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    export_tflite(tiny_run, tmp_path / "out", force=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model.tflite", "parity.json"]
    assert not hidden(tmp_path)


def test_without_tensorflow_text_the_saved_model_takes_ids(tiny_run, tmp_path, monkeypatch):
    import tensorflow as tf

    from zoo.export import saved_model

    monkeypatch.setattr(saved_model, "tensorflow_text", lambda: None)
    report = saved_model.export_saved_model(tiny_run, tmp_path / "out")
    assert "tensorflow-text is not installed" in report["parity"]["text_signatures"]
    assert set(tf.saved_model.load(report["path"]).signatures) == {"tokens", "beam_tokens", "score_tokens"}
    predicted = saved_model.load_saved_model(report["path"]).predict(TEXTS)
    assert [a.output for a in predicted] == [b.output for b in tiny_run.predictor().predict(TEXTS)]


def test_where_is_of_another_kind(tmp_path):
    import tensorflow as tf

    from zoo.export.load import load

    with pytest.raises(CallError, match="neither a file or folder nor a preset"):
        load(tmp_path / "nothing")
    with pytest.raises(CallError, match="neither a run folder"):
        load(tmp_path)
    (tmp_path / "text.tflite").write_text("hello")
    with pytest.raises(CallError, match="damaged or not made by"):
        load(tmp_path / "text.tflite")
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(CallError, match="damaged or not made by"):
        load(tmp_path / "other")
    (tmp_path / "other" / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(CallError, match="damaged"):
        load(tmp_path / "other")


def test_a_preset_is_a_run_with_a_name(tiny_run, tmp_path, monkeypatch):
    import shutil

    from zoo import presets, run_folder
    from zoo.export.load import load

    shutil.copytree(tiny_run.path, tmp_path / "presets" / "tiny")
    monkeypatch.setattr(run_folder, "PRESETS_FOLDER", tmp_path / "presets")
    monkeypatch.setattr(presets, "PRESETS_FOLDER", tmp_path / "presets")
    assert load("tiny").predict(TEXTS)[0].output == tiny_run.predictor().predict(TEXTS)[0].output
    for find in (load, run_folder.load_run):
        with pytest.raises(CallError, match='The presets are: tiny. Did you mean "tiny"'):
            find("tinny")


@pytest.mark.slow
def test_500_sentences_of_the_test_set(tmp_path, exporters):
    from zoo.training.data.corpora import read_corpus
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    corpus = "numbers-fr-en"
    settings = Settings(epochs=2, vocabulary_size=600, train_size=12_000)
    run = train(
        "bahdanau_seq2seq",
        train=corpus,
        valid=corpus,
        out=tmp_path / "run",
        options={"units": 128, "bidirectional": True},
        settings=settings,
    )
    texts = read_corpus(corpus, task="translation", split="test").sources[:500]
    write_json(tmp_path / "run" / "metrics.json", {})
    expected = run.predictor().predict(texts)
    for format, (export, load) in exporters.items():
        predicted = load(export(run, tmp_path / format)["path"]).predict(texts)
        assert [a.target_pieces for a in predicted] == [b.target_pieces for b in expected], format
        for a, b in zip(predicted, expected, strict=True):
            np.testing.assert_allclose(a.attention, b.attention, atol=1e-4)
