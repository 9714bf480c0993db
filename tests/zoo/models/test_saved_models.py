"""Models that were saved by the first version of their classes load, and answer as they did."""

import numpy as np
import pytest

import zoo
from tests.support.paths import SUPPORT

FILES = sorted((SUPPORT / "saved_models").glob("*.keras"))
SOURCE = np.array([[4, 5, 6, 7, 2], [8, 9, 2, 0, 0]], "int32")
TARGET = np.array([[1, 5, 6, 7], [1, 12, 4, 0]], "int32")


def test_there_are_some():
    assert len(FILES) == 5


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_answers_as_it_did(file):
    model = zoo.load_model(file)
    inputs = {"source": SOURCE, "target": TARGET} if model.task == "translation" else SOURCE
    np.testing.assert_allclose(model(inputs), np.load(file.with_suffix(".npy")), rtol=1e-5, atol=1e-6)
