"""The Kotlin of docs/mobile, run by the JVM: its SentencePiece against Python's, its Translator against `LiteModel`.

LiteRT's Interpreter is for Android alone; `tests/support/kotlin/Interpreter.kt` stands in for it and
answers what a .tflite answered.
"""

import random
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.export.web import test_vocabulary as page
from tests.support import odd_texts as odd
from tests.support.odd_texts import KINDS
from tests.support.paths import ROOT, SUPPORT
from tests.support.shared_data import needs_shared
from tests.support.untrained import untrained
from zoo.constants import MAX_SOURCE_PIECES, MAX_TARGET_PIECES, NEVER, UNKNOWN
from zoo.text import Vocabulary, source_ids
from zoo.training.data.numbers import generate

SOURCES = [*sorted((ROOT / "docs" / "mobile").glob("*.kt")), *sorted((SUPPORT / "kotlin").glob("*.kt"))]
LINES = [one.source for one in generate("train", 300)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("kotlinc") and shutil.which("java")), reason="there is no kotlinc or no java"),
]


@pytest.fixture(scope="module")
def kotlin(tmp_path_factory):
    """A function that answers lines of questions, see tests/support/kotlin/Main.kt; it is compiled once."""
    program = tmp_path_factory.mktemp("kotlin") / "program.jar"
    command = ["kotlinc", "-Werror", *map(str, SOURCES), "-include-runtime", "-d", str(program)]
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert compiled.returncode == 0, compiled.stderr

    def ask(questions, *, timeout=120):
        command = ["java", "-jar", str(program)]
        lines = "".join(f"{question}\n" for question in questions)
        done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return ask


def digits(text):
    return text.encode("utf-16-be", "surrogatepass").hex()


def text_of(digits):
    return bytes.fromhex(digits).decode("utf-16-be")


def by_kotlin(kotlin, vocabulary, texts, ids, folder):
    """Return the ids of texts and the texts of ids."""
    vocabulary.save(folder / "a.model")
    questions = [f"encode {digits(text)}" for text in texts] + [f"decode {' '.join(map(str, one))}" for one in ids]
    size, *answers = kotlin([f"vocabulary {folder / 'a.model'}", *questions])
    assert int(size) == vocabulary.size and len(answers) == len(questions)
    encoded = [[int(i) for i in answer.split()] for answer in answers[: len(texts)]]
    return encoded, [text_of(answer) for answer in answers[len(texts) :]]


@pytest.fixture
def in_kotlin(kotlin, monkeypatch):
    """The tests of the page's vocabulary, whose texts and ids go to Kotlin instead."""

    def answer(folder, side, texts, ids):
        vocabulary = Vocabulary.load(folder / f"{side}.model")
        return dict(zip(("encoded", "decoded"), by_kotlin(kotlin, vocabulary, texts, ids, folder), strict=True))

    def written(vocabulary, side, folder, *, reads):
        vocabulary.save(folder / f"{side}.model")

    monkeypatch.setattr(page, "by_node", answer)
    monkeypatch.setattr(page, "written", written)
    return page


@pytest.mark.parametrize("kind", KINDS)
def test_cuts_and_joins_as_python_does(kind, in_kotlin, tmp_path):
    in_kotlin.test_cuts_and_joins_as_python_does(kind, tmp_path)


@needs_shared
@pytest.mark.parametrize("kind", KINDS)
def test_cuts_a_validation_set_as_python_does(kind, in_kotlin, tmp_path):
    in_kotlin.test_cuts_a_validation_set_as_python_does(kind, tmp_path)


def test_scores_that_tie_only_in_float32(in_kotlin, tmp_path):
    in_kotlin.test_scores_that_tie_only_in_float32(tmp_path)


@cache
def learnt(kind):
    return Vocabulary.learn(LINES, size=150, kind=kind).proto


@cache
def odd_texts():
    return odd.odd_texts(11, 1000)


def changed(kind, change):
    """Return a vocabulary's bytes with something changed."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(learnt(kind))
    change(model)
    return model.SerializeToString()


def sets(**options):
    def change(model):
        for name, value in options.items():
            setattr(model.normalizer_spec, name, value)

    return change


def forgets_all(model):
    """Leave out what has a default, so that the default counts."""
    for name in ("precompiled_charsmap", "add_dummy_prefix", "remove_extra_whitespaces", "escape_whitespaces"):
        model.normalizer_spec.ClearField(name)
    model.trainer_spec.ClearField("unk_surface")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        sets(add_dummy_prefix=False),
        sets(remove_extra_whitespaces=False),
        sets(add_dummy_prefix=False, remove_extra_whitespaces=False),
        sets(escape_whitespaces=False),
        sets(escape_whitespaces=False, remove_extra_whitespaces=False, add_dummy_prefix=False),
        forgets_all,
        lambda model: setattr(model.trainer_spec, "unk_surface", "<?>"),
    ],
)
def test_what_a_model_says_of_spaces_and_rules(kind, change, in_kotlin, tmp_path):
    texts = [*odd_texts(), *LINES[:100], "", " ", "  a", "<s>", "\u2581"]
    in_kotlin.assert_equal(Vocabulary(changed(kind, change)), texts, tmp_path)


def test_half_of_a_surrogate_pair_is_the_replacement_character(kotlin, tmp_path):
    """A String of the JVM can hold it, where UTF-8 and Python's sentencepiece cannot."""
    vocabulary = Vocabulary.learn([*LINES, "a \ufffd b ?"], size=150)
    texts = ["\ud83d", "a\ude00b", "\ud83d\ud83d\ude00\ude00", "\ude00\ud83d", "le \ud83d", "\ud83d\ude00"]
    meant = ["\ufffd", "a\ufffdb", "\ufffd\U0001f600\ufffd", "\ufffd\ufffd", "le \ufffd", "\U0001f600"]
    encoded, _ = by_kotlin(kotlin, vocabulary, texts, [], tmp_path)
    assert encoded == vocabulary.encode(meant)
    assert encoded[0] != [UNKNOWN] and encoded != vocabulary.encode([text.replace("\ufffd", "?") for text in meant])


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_text_takes_no_longer_than_its_length(kind, kotlin, tmp_path):
    """A million characters: what takes the square of that does not end before the time is over."""
    vocabulary = Vocabulary.learn([*LINES, "l" * 300], size=150, kind=kind)
    texts = ["deux cents " * 100_000, "l" * 1_000_000, " " * 1_000_000, "\u2581" * 1_000_000]
    encoded, _ = by_kotlin(kotlin, vocabulary, texts, [], tmp_path)
    assert encoded == vocabulary.encode(texts)


def test_what_cannot_be_read(kotlin, tmp_path):
    def other_ids(model):
        model.pieces[0].type, model.pieces[3].type = 2, 3

    changes = {
        "is neither unigram nor char nor word": lambda model: setattr(model.trainer_spec, "model_type", 2),
        "has byte fallback": lambda model: setattr(model.trainer_spec, "byte_fallback", True),
        "has spaces at the end": lambda model: setattr(model.trainer_spec, "treat_whitespace_as_suffix", True),
        "has rules for what it puts": lambda model: setattr(model.denormalizer_spec, "precompiled_charsmap", b"rules"),
        "has user-defined": lambda model: setattr(model.pieces[9], "type", 4),
        "has other ids than 0, 1, 2 and 3": other_ids,
    }
    questions = []
    for i, change in enumerate(changes.values()):
        (tmp_path / str(i)).write_bytes(changed("unigram", change))
        questions.append(f"vocabulary {tmp_path / str(i)}")
    for answer, reason in zip(kotlin(questions), changes, strict=True):
        assert answer.startswith(f"refused This SentencePiece model cannot be read here: it {reason}")


def test_damaged_models(kotlin, tmp_path):
    whole = learnt("unigram")
    dice = random.Random(2)
    damaged = [b"", b"no vocabulary", b"\0" * 100, b"\xff" * 100, whole[1:], whole[:-1]]
    damaged += [dice.randbytes(60) for _ in range(50)]
    for i, content in enumerate(damaged):
        (tmp_path / str(i)).write_bytes(content)
    answers = kotlin([f"vocabulary {tmp_path / str(i)}" for i in range(len(damaged))])
    for answer, content in zip(answers, damaged, strict=True):
        assert answer == f"refused Expected a SentencePiece model. Received {len(content)} bytes that are none."


def test_ids_without_a_piece(kotlin, tmp_path):
    vocabulary = Vocabulary(learnt("unigram"))
    vocabulary.save(tmp_path / "a.model")
    answers = kotlin([f"vocabulary {tmp_path / 'a.model'}", f"decode {vocabulary.size}", "decode 5 -1"])
    expected = f"refused Expected ids from 0 to {vocabulary.size - 1}. Received: "
    assert answers[1:] == [f"{expected}{vocabulary.size}.", f"{expected}-1."]


def record(run, path, questions):
    """Write beside a .tflite what tests/support/kotlin/Interpreter.kt is to answer: the answers of that .tflite."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path)
    runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
    lines = []
    for name, runner in runners.items():
        for key, tensor in runner.get_input_details().items():
            lines.append(["input", name, key, np.dtype(tensor["dtype"]).name, str(len(tensor["shape_signature"]))])
        for key, tensor in runner.get_output_details().items():
            lines.append(["output", name, key, np.dtype(tensor["dtype"]).name])
    for name, text, options in questions:
        ids, _ = source_ids(run.vocabularies["source"], [text], run.task)
        inputs = {"ids": np.array(ids, np.int32)} | options
        answer = runners[name](**inputs)
        asked = ";".join(f"{key}={recorded(inputs[key])}" for key in sorted(inputs))
        lines.append(["answer", name, asked, *(f"{key}={recorded(answer[key])}" for key in ("ids", "score"))])
    Path(f"{path}.recorded").write_text("".join("\t".join(line) + "\n" for line in lines))


def recorded(array):
    return f"{','.join(map(str, array.shape))}:{' '.join(map(str, array.ravel()))}"


def beam_options(width, penalty, length):
    return {"beam_width": np.int32(width), "length_penalty": np.float32(penalty), "max_length": np.int32(length)}


def translations(answer):
    """Return the texts and scores of a line."""
    words = answer.split(" ")
    return [(text_of(text), np.float32(score)) for score, text in zip(words[::2], words[1::2], strict=True)]


@pytest.fixture(scope="module")
def path(tiny_run, tmp_path_factory):
    """The .tflite of the translation run."""
    from zoo.export.litert.exporter import export_tflite

    return export_tflite(tiny_run, tmp_path_factory.mktemp("exported") / "out")["path"]


def test_translates_as_the_tflite_does(kotlin, tiny_run, path):
    from zoo.export.lite import LiteModel
    from zoo.prediction import Beam

    long = "vingt et un " * 400
    texts = [one.source for one in generate("test", 20)] + [long, "\U0001f600 cinq", "..."]
    beams = [(1, 0.6), (4, 0.6), (5, 1.0)]
    assert len(source_ids(tiny_run.vocabularies["source"], [long], "translation")[0][0]) == MAX_SOURCE_PIECES
    questions = [("greedy", text, {}) for text in texts]
    questions += [
        ("beam", text, beam_options(width, penalty, MAX_TARGET_PIECES)) for text in texts for width, penalty in beams
    ]
    record(tiny_run, path, questions)

    lines = [f"translator {path}", *(f"greedy {digits(text)}" for text in texts)]
    lines += [
        f"beam {width} {penalty} {MAX_TARGET_PIECES} {digits(text)}" for text in texts for width, penalty in beams
    ]
    model, (_, *answers) = LiteModel(path), kotlin(lines)
    expected = [model.predict([text]) for text in texts]
    for text in texts:
        for width, penalty in beams:
            (best,) = model.predict([text], beam=Beam(width, n_best=width, length_penalty=penalty))
            expected.append(best.alternatives)
    assert len({one.output for some in expected for one in some}) > 50
    for answer, predictions in zip(answers, expected, strict=True):
        assert translations(answer) == [(one.output, np.float32(one.score)) for one in predictions]


def test_an_empty_text_is_no_question(kotlin, tiny_run, path):
    """It has no ids, so there is no answer: the model is not asked."""
    from zoo.export.lite import LiteModel

    record(tiny_run, path, [])
    for text in ("", " \t ", "\u3000"):
        (expected,) = LiteModel(path).predict([text])
        asked = kotlin(
            [f"translator {path}", f"greedy {digits(text)}", f"beam 4 0.6 {MAX_TARGET_PIECES} {digits(text)}"]
        )
        assert translations(asked[1]) == translations(asked[2]) == [(expected.output, expected.score)] == [("", 0)]


def test_places_of_the_beam_in_which_nothing_is(kotlin, tmp_path):
    """A vocabulary smaller than the beam: one step gives fewer hypotheses than there are places."""
    from zoo.export.lite import LiteModel
    from zoo.export.litert.exporter import export_tflite

    run = untrained("bahdanau_seq2seq", "tanh", tmp_path)
    path, options = export_tflite(run, tmp_path / "out")["path"], beam_options(64, 0.6, 1)
    record(run, path, [("beam", "cinq", options)])
    answer = LiteModel(path).functions["beam_tokens"](
        np.array(source_ids(run.vocabularies["source"], ["cinq"], run.task)[0], np.int32), **options
    )
    scores = [score for score in answer["score"][0] if score > NEVER / 2]
    assert 1 < len(scores) < 64
    texts = [run.vocabularies["target"].decode([i for i in ids if i > 2]) for ids in answer["ids"][0, : len(scores)]]
    asked = kotlin([f"translator {path}", f"beam 64 0.6 1 {digits('cinq')}"])
    assert translations(asked[1]) == list(zip(texts, scores, strict=True))


def test_what_the_translator_refuses(kotlin, tiny_run, tiny_classifier, path, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    fixed = export_tflite(tiny_run, tmp_path / "fixed", shape=(1, 24))["path"]
    classifier = export_tflite(tiny_classifier, tmp_path / "classifier")["path"]
    for run, one in ((tiny_run, path), (tiny_run, fixed), (tiny_classifier, classifier)):
        record(run, one, [])
    answers = kotlin(
        [
            *(f"translator {one}" for one in (fixed, classifier, path)),
            *(f"beam {width} 0.6 {length} {digits('cinq')}" for width, length in ((0, 9), (65, 9), (4, 0), (4, 257))),
            f"greedy {digits('cinq')}",
        ]
    )
    assert "has a fixed shape" in answers[0] and "it has no target.model" in answers[1] and not answers[2]
    assert all(answer.startswith("refused beamWidth must be from 1 to 64.") for answer in answers[3:5])
    assert all(answer.startswith("refused maxLength must be from 1 to 256.") for answer in answers[5:7])
    assert answers[7].startswith("refused Nothing was recorded of greedy for ids=1,")  # the stand-in can fail
