"""The comparison of LiteRT's two runtimes."""

import numpy as np
import pytest

from tests.support.untrained import TEXTS
from zoo.errors import WorkError
from zoo.export.lite import LiteModel
from zoo.export.litert.compiled import compiled_functions
from zoo.export.parity.runtimes import compare_runtimes

SHAPE = (2, 24)


def test_an_artefact_that_the_runtimes_read_differently_is_refused(fresh, exported):
    path = exported(fresh("bahdanau_seq2seq", "gru"), "tflite", shape=SHAPE)["path"]
    compiled, lite = compiled_functions(path), LiteModel(path)
    assert compare_runtimes(compiled, lite, TEXTS, SHAPE)["compiled_model"]["compared"] == 2 * len(compiled)
    greedy = compiled["greedy"]
    compiled["greedy"] = lambda **inputs: greedy(**inputs) | {"score": np.zeros(2, np.float32)}
    with pytest.raises(WorkError, match="CompiledModel and Interpreter answer differently: greedy, score"):
        compare_runtimes(compiled, lite, TEXTS, SHAPE)
