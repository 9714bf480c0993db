import keras
import numpy as np
import pytest

from tests.support.checks import (
    assert_close,
    assert_same_gradients,
    check_layer,
    gradients_of,
    normal,
    randomise,
    weights_of,
)
from zoo.errors import CallError
from zoo.layers import Maxout, TanhDense


def made(n=5, dtype="float32"):
    layer = TanhDense(4, dtype=dtype)
    layer.build((None, n))
    return randomise(layer)


@pytest.mark.parametrize("layer", [TanhDense, Maxout])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5)])
def test_layer(shape, layer):
    check_layer(layer, {"units": 4}, [normal(*shape)])


def test_equation():
    layer, x = made(), normal(2, 3, 5)
    w = weights_of(layer)
    W, b = w["kernel"].T, w["bias"]
    expected = np.stack([[np.tanh(W @ column + b) for column in row] for row in x.astype("float64")])
    assert_close(layer(x), expected)


def test_equation_of_maxout():
    layer, x = Maxout(4), normal(2, 3, 5)
    layer.build(x.shape)
    w = weights_of(randomise(layer))
    first, second = (np.dot(x, w["kernel"][:, half]) + w["bias"][half] for half in (slice(4), slice(4, 8)))
    assert_close(layer(x), np.where(first > second, first, second))


def test_gradients():
    layer, x = made(dtype="float64"), normal(3, 5, dtype="float64")
    actual = gradients_of(layer, [x], layer, graph=True)
    W, b = weights_of(layer)["kernel"], weights_of(layer)["bias"]
    before = normal(3, 4, dtype="float64") * (1 - np.tanh(x @ W + b) ** 2)  # as `gradients_of` weighs
    assert_same_gradients(actual, [before @ W.T, x.T @ before, before.sum(0)])


def test_a_mask_passes_through():
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    embedded = keras.layers.Embedding(4, 5, mask_zero=True)(ids)
    np.testing.assert_array_equal(made()(embedded)._keras_mask, ids != 0)


@pytest.mark.parametrize("units", [0, -1, 1.5, "4", None, True])
def test_bad_units(units):
    with pytest.raises(CallError, match=f"`units` must be a positive integer. Received: units={units!r}"):
        TanhDense(units)
