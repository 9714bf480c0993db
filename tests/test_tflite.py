"""The .tflite of every model, in both runtimes of LiteRT."""

import os

import numpy as np
import pytest

from tests.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.errors import CallError

LENGTH = 24


def ids_of(run, texts=TEXTS, length=LENGTH):
    """Return padded ids (B, length)."""
    from zoo.text import source_ids

    rows, _ = source_ids(run.vocabularies["source"], texts, run.task)
    return np.array([row + [0] * (length - len(row)) for row in rows], np.int32)


@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_fixed_shapes_answer_as_keras_in_both_runtimes(name, tmp_path):
    from export.compiled import compiled_functions
    from export.lite import LiteModel
    from export.tflite import export_tflite

    run = untrained(name, "gru", tmp_path)
    report = export_tflite(run, tmp_path / "out", shape=(2, LENGTH))
    keras_functions, lite = run.predictor().functions, LiteModel(report["path"]).functions
    compiled = compiled_functions(report["path"])
    ids = ids_of(run)[:2]
    for function, expected in ((name, f(ids)) for name, f in keras_functions.items()):
        for answer in (lite[function](ids), compiled[function](ids=ids)):
            assert set(answer) == set(expected)
            for key, value in expected.items():
                widths = [(0, one - other) for one, other in zip(answer[key].shape, value.shape, strict=True)]
                np.testing.assert_allclose(answer[key], np.pad(value, widths), rtol=1e-5, atol=1e-5)


def test_a_fixed_shape_answers_any_number_of_texts(tmp_path):
    from export.lite import LiteModel
    from export.tflite import export_tflite

    run = untrained("bahdanau_seq2seq", "tanh", tmp_path)
    lite = LiteModel(export_tflite(run, tmp_path / "out", shape=(3, LENGTH))["path"])
    expected = run.predictor().predict(TEXTS)
    assert [one.target_pieces for one in lite.predict(TEXTS)] == [one.target_pieces for one in expected]
    assert lite.predict([]) == []
    (long,) = lite.predict(["cinq " * 40])
    assert long.truncated and len(long.source_pieces) == LENGTH
    with pytest.raises(CallError, match="`ids` must be of 24 columns at most. Received: 25."):
        lite.functions["tokens"](np.ones([1, 25], np.int32))


def test_compiled_model_wants_a_fixed_shape(tmp_path):
    from export.compiled import compiled_functions
    from export.tflite import export_tflite

    report = export_tflite(untrained("tanh_dnn", "tanh", tmp_path), tmp_path / "out")
    with pytest.raises(CallError, match="export with --shape"):
        compiled_functions(report["path"])


@pytest.mark.parametrize("shape", [(0, 8), (1, 1), (1, 513), (1,), (1, 8, 8)])
def test_a_shape_that_is_none(shape, tmp_path):
    from export.tflite import export_tflite

    with pytest.raises(CallError, match="`shape` must be a batch size of 1 or more and a length of 2 to 512"):
        export_tflite(untrained("tanh_dnn", "tanh", tmp_path), tmp_path / "out", shape=shape)
    assert not os.path.exists(tmp_path / "out")
