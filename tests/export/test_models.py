"""Every model in a SavedModel, a .tflite and ONNX: the same answers, whatever padding and rows stand beside a text.

The graphs are written without the comparison of their exporters, which `pytest -m conformance` runs for every model.
"""

import numpy as np
import pytest

from tests.support.untrained import TEXTS
from zoo.catalog import CATALOG
from zoo.constants import MAX_TARGET_PIECES
from zoo.export.litert.archive import write_tflite
from zoo.export.litert.convert import convert
from zoo.export.load import load
from zoo.export.onnx import write_onnx
from zoo.export.saved_model import write_saved_model
from zoo.export.signatures import litert_signatures
from zoo.prediction import Beam

OTHER_CELLS = [
    pytest.param(name, cell, format, marks=pytest.mark.slow)
    for name in ("bahdanau_seq2seq", "self_attention_seq2seq")
    for cell in ("gru", "lstm")
    for format in ("saved_model", "tflite", "onnx")
]
CASES = [
    *(("bahdanau_seq2seq", "tanh", format) for format in ("saved_model", "tflite")),
    ("self_attention_rnn", "tanh", "saved_model"),
    pytest.param("bahdanau_seq2seq", "tanh", "onnx", marks=pytest.mark.conformance),
    pytest.param("self_attention_lm", "tanh", "tflite", marks=pytest.mark.conformance),
    *(
        pytest.param(entry.name, "tanh", format, marks=pytest.mark.conformance)
        for entry in CATALOG
        for format in ("saved_model", "tflite")
        if entry.name not in ("bahdanau_seq2seq", "self_attention_lm", "self_attention_rnn")
    ),
    *OTHER_CELLS,
]
OPTIONS = {
    "beam_tokens": {
        "beam_width": np.array([3], "int32"),
        "length_penalty": np.array([0.6], "float32"),
        "max_length": np.array([MAX_TARGET_PIECES], "int32"),
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


def written(run, format, folder):
    """Write a run in a format, and return the folder."""
    if format == "saved_model":
        return write_saved_model(run, folder)
    if format == "tflite":
        write_tflite(run, folder / "model.tflite", convert(run.model, litert_signatures(run.model), {"none"})["none"])
    else:
        pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'attention-zoo[onnx]'")
        write_onnx(run, folder)
    return folder


@pytest.mark.parametrize(("name", "cell", "format"), CASES)
def test_every_model_answers_alike(name, cell, format, fresh, tmp_path):
    run = fresh(name, cell)
    loaded, keras_model = load(written(run, format, tmp_path)), run
    (ids,) = run.vocabularies["source"].encode(TEXTS[1:2])
    ids = np.array([[1, *ids] if run.task == "language_model" else [*ids, 2]], np.int32)
    for endpoint, expected in keras_model.functions.items():
        if format != "saved_model" and endpoint == "sample_tokens":
            continue  # LiteRT and ONNX have no operation for it
        options = OPTIONS.get((run.task, endpoint), OPTIONS.get(endpoint, {}))
        check_padding(expected, loaded.functions[endpoint], ids, options)
    for texts in (TEXTS[1:2], [""], ["", ""]):  # an answer without tokens, after an answer with some
        for beam in (None, Beam(3, n_best=2))[: 1 if run.task == "classification" else 2]:
            actual, expected = (model.predict(texts, beam=beam) for model in (loaded, keras_model))
            assert [answer.output for answer in actual] == [answer.output for answer in expected]


def check_padding(expected, actual, ids, options):
    """Neither padding nor other rows change the answer to the row of ids."""
    alone = expected(ids, **options)
    for width in (0, 1, 7, 50):
        check_same(actual(padded(ids, width), **options), alone, ids.shape[1])
        check_same(expected(padded(ids, width), **options), alone, ids.shape[1])
    rows = np.concatenate([padded(ids, 3), np.full([2, ids.shape[1] + 3], 5, np.int32)])
    options = {key: np.repeat(value, 3, axis=0) if np.ndim(value) else value for key, value in options.items()}
    check_same({key: value[:1] for key, value in actual(rows, **options).items()}, alone, ids.shape[1])


def padded(ids, width):
    return np.pad(ids, [[0, 0], [0, width]]).astype(np.int32)


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


@pytest.mark.slow
def test_500_sentences_of_the_test_set(tmp_path, exported):
    from zoo.training.data.corpora import read_corpus
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    corpus = "numbers-fr-en"
    run = train(
        "bahdanau_seq2seq",
        train=corpus,
        valid=corpus,
        out=tmp_path / "run",
        options={"units": 128, "bidirectional": True},
        settings=Settings(epochs=2, vocabulary_size=600, train_size=12_000),
    )
    texts = read_corpus(corpus, task="translation", split="test").sources[:500]
    expected = run.predict(texts)
    for format in ("saved_model", "tflite"):
        predicted = load(exported(run, format)["path"]).predict(texts)
        assert [a.target_pieces for a in predicted] == [b.target_pieces for b in expected], format
        for a, b in zip(predicted, expected, strict=True):
            np.testing.assert_allclose(a.attention, b.attention, atol=1e-4)
