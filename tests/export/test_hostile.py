"""Hostile input: an answer or a clear error, and an unchanged answer for the row beside it."""

import collections
from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.hostile_cases import KINDS, Wrong, meet
from tests.support.hostile_targets import Target
from tests.support.untrained import TEXTS, untrained
from zoo.constants import UNKNOWN
from zoo.errors import CallError

TASKS = {"translation": "bahdanau_seq2seq", "classification": "self_attention_rnn", "language_model": "tanh_rnn_lm"}
CASES = {"saved_model": 100, "tflite": 200, "onnx": 100, "text": 40}


def made(task, format, folder):
    """Return the target for an artefact of an untrained model."""
    from zoo.export import saved_model
    from zoo.export.litert.archive import write_tflite
    from zoo.export.litert.convert import convert, with_pieces
    from zoo.export.litert.text_ops import lite_text_signatures
    from zoo.export.onnx import write_onnx
    from zoo.export.signatures import litert_signatures

    package = {"onnx": "tf2onnx", "tflite": "ai_edge_litert"}.get(format, "tensorflow_text")
    pytest.importorskip(package, reason=f"{package} is not installed")
    run = untrained(TASKS[task], "tanh", folder, units=8)
    if format == "onnx":
        (folder / format).mkdir()
        write_onnx(run, folder / format)
        return Target(format, folder / format, TEXTS[1], folder)
    if format == "saved_model":
        return Target(format, saved_model.write_saved_model(run, folder / format), TEXTS[1], folder)
    if format == "text":
        model = convert(run.model, lite_text_signatures(run), {"none"}, custom=True)["none"]
    else:
        model = convert(run.model, with_pieces(run, litert_signatures(run.model)), {"none"})["none"]
    return Target(format, write_tflite(run, folder / "model.tflite", model), TEXTS[1], folder)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.conformance) if name in ("onnx", "text") else name for name in CASES],
)
def target(request, tmp_path_factory):
    return made("translation", request.param, tmp_path_factory.mktemp(request.param))


def attack(target, numbers):
    """Return the number of cases by kind and outcome."""
    wrong, counts = [], collections.Counter()
    for number in numbers:
        try:
            counts[meet(target, 1, number)] += 1
        except Wrong as error:
            wrong.append((number, str(error)))
    assert not wrong
    return counts


def test_hostile_input_to_a_translator(target):
    counts = attack(target, range(CASES[target.format]))
    assert {kind for kind, _ in counts} == set(KINDS[target.format])
    if target.format == "text":
        assert set(counts) == {("texts", "answered")}
        return
    assert counts["ids", "answered"] and counts["damage", "refused"]
    assert counts["predictor", "answered"] and counts["predictor", "refused"]


@pytest.mark.slow
@pytest.mark.parametrize("format", CASES)
@pytest.mark.parametrize("task", TASKS)
def test_more_hostile_input(task, format, tmp_path):
    assert sum(attack(made(task, format, tmp_path), range(1000, 2000)).values()) == 1000


def failing(ids, **more):
    raise RuntimeError("index out of bounds")


def changed(ids, **more):
    return {"ids": ids + len(ids), "score": np.zeros(len(ids))}


@pytest.mark.parametrize("target", ["saved_model", "tflite"], indirect=True)
@pytest.mark.parametrize(("function", "why"), [(failing, "an error for the good row too"), (changed, "differs|is \\[")])
def test_what_goes_wrong_is_seen(target, function, why, monkeypatch):
    predictor = SimpleNamespace(**vars(target.predictor) | {"functions": {"tokens": function}})
    monkeypatch.setattr(target, "predictor", predictor)
    monkeypatch.setattr(target, "_alone", {})
    if function is failing:
        monkeypatch.setattr(target, "alone", lambda key, ask: {})
    monkeypatch.setitem(KINDS, target.format, {"ids": 1})
    with pytest.raises(Wrong, match=why):
        meet(target, 1, 0)


@pytest.mark.parametrize("task", TASKS)
def test_ids_outside_the_vocabulary_are_unknown_pieces(task, tmp_path):
    run = untrained(TASKS[task], "gru", tmp_path, units=8)
    size = run.vocabularies["source"].size
    ids = np.array([[1, 5, -1, size, 2], [1, size - 1, -(2**31), 2**31 - 1, 2]], np.int32)
    known = np.array([[1, 5, UNKNOWN, UNKNOWN, 2], [1, size - 1, UNKNOWN, UNKNOWN, 2]], np.int32)
    functions = run.functions
    for name in functions.keys() & {"tokens", "score_tokens"}:
        both = task == "translation" and name == "score_tokens"
        actual, expected = (functions[name](one, **({"target_ids": one} if both else {})) for one in (ids, known))
        for key, value in expected.items():
            np.testing.assert_array_equal(actual[key], value)


def test_half_a_surrogate_pair_is_refused(tmp_path):
    run = untrained("bahdanau_seq2seq", "gru", tmp_path, units=8)
    with pytest.raises(CallError, match=r"A text must be a string that UTF-8 can hold. Received: 'b\\ud83d'"):
        run.predict(["a", "b\ud83d"])
