import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from tests.support.checks import (
    assert_close,
    assert_same_gradients,
    check_layer,
    gradients_of,
    normal,
    plain,
    randomise,
    weights_of,
)
from tests.support.formulas import attend
from zoo.errors import CallError
from zoo.layers import BahdanauAttention, LuongAttention
from zoo.layers.attention import SCORES, make_attention, masked_softmax

B, TX, D = 3, 6, 4
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0]],
    "left": [[0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1]],
    "holes": [[1, 0, 1, 1, 0, 1], [0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]],
}


def mask_of(name):
    return None if MASKS[name] is None else np.array(MASKS[name], bool)


def made(kind, query_size=D, dtype="float32"):
    layer = make_attention(kind, 5, dtype=dtype)
    layer.build((None, query_size), (None, None, D))
    return randomise(layer)


@pytest.mark.parametrize(
    ("cls", "options", "query_size"),
    [
        (BahdanauAttention, {"units": 5}, 3),
        (LuongAttention, {"score": "general"}, 3),
        (LuongAttention, {"score": "dot"}, D),
    ],
)
def test_layer(cls, options, query_size):
    check_layer(cls, options, [normal(B, query_size), normal(B, TX, D, seed=1)])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", SCORES)
def test_equation(kind, mask):
    query_size = D if kind == "dot" else 3
    layer, mask = made(kind, query_size), mask_of(mask)
    query, values = normal(B, query_size), normal(B, TX, D, seed=1)
    there = np.ones((B, TX), bool) if mask is None else mask
    rows = [attend(kind, weights_of(layer), query[n], list(values[n]), there[n]) for n in range(B)]
    context, alpha = (np.stack(column) for column in zip(*rows, strict=True))
    assert_close(layer(query, values, values_mask=mask), (context, alpha))
    keys = layer.precompute(tf.constant(values))
    assert_close(layer(query, values, keys=keys, values_mask=mask), (context, alpha))


@pytest.mark.parametrize("kind", SCORES)
def test_weights_are_a_distribution_over_what_is_there(kind):
    layer, mask = made(kind), mask_of("holes")
    context, alpha = (one.numpy() for one in layer(normal(B, D), normal(B, TX, D, seed=1), values_mask=mask))
    assert (alpha[~mask] == 0).all() and (alpha[mask] > 0).all()
    np.testing.assert_allclose(alpha.sum(1), [1, 1, 0], atol=1e-6)
    assert (context[2] == 0).all()  # no value at all: no context, not NaN


@pytest.mark.parametrize("kind", SCORES)
def test_gradients(kind):
    layer, mask = made(kind, dtype="float64"), mask_of("holes")
    tensors = [normal(B, D, dtype="float64"), normal(B, TX, D, seed=1, dtype="float64")]

    def formula(query, values):
        rows = [
            attend(kind, plain(layer), query[n], [values[n, i] for i in range(TX)], mask[n], xp=tnp) for n in range(B)
        ]
        return [tf.stack(column) for column in zip(*rows, strict=True)]

    actual = gradients_of(lambda query, values: layer(query, values, values_mask=mask), tensors, layer, graph=True)
    assert_same_gradients(actual, gradients_of(formula, tensors, layer))


@pytest.mark.parametrize("extra", [1, 7, 50])
@pytest.mark.parametrize("kind", SCORES)
def test_padding_changes_nothing(kind, extra):
    layer, mask = made(kind), mask_of("right")
    query, values = normal(B, D), normal(B, TX, D, seed=1)
    context, alpha = layer(query, values, values_mask=mask)
    for widths in ((0, extra), (extra, 0)):
        noise = np.pad(values, [(0, 0), widths, (0, 0)], constant_values=3.0)
        padded = layer(query, noise, values_mask=np.pad(mask, [(0, 0), widths]))
        assert_close(padded, (context, np.pad(alpha, [(0, 0), widths])), 1e-6)


def test_the_mask_of_embeddings_is_used():
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    values, layer = keras.layers.Embedding(4, D, mask_zero=True)(ids), made("bahdanau")
    assert (layer(normal(2, D), values)[1].numpy()[ids == 0] == 0).all()


def test_softmax_of_large_scores_and_of_few_bits():
    mask = np.array([[True, True, False]])
    np.testing.assert_allclose(masked_softmax(tf.constant([[1e4, -1e4, 2e4]]), mask), [[1, 0, 0]])
    halves = masked_softmax(tf.constant([[3, 3, 60_000]], "float16"), mask)
    assert halves.dtype == "float16"
    np.testing.assert_allclose(halves, [[0.5, 0.5, 0]])


def test_gradient_of_a_row_with_nothing_in_it_is_zero():
    scores = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = masked_softmax(scores, tf.constant([[False, False]]))
    assert (tape.gradient(weights, scores).numpy() == 0).all()


def test_dot_needs_one_size():
    with pytest.raises(CallError, match="needs a query and values of the same size.*query of size 3, values of size 4"):
        LuongAttention("dot").build((None, 3), (None, None, 4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_attention("bahdanu", 3), "Received: 'bahdanu'. Did you mean \"bahdanau\"?"),
        (lambda: make_attention(None, 3), '`attention` must be one of "bahdanau", "dot", "general". Received: None.'),
        (lambda: LuongAttention("concat"), '`score` must be one of "dot", "general". Received: \'concat\'.'),
        (lambda: BahdanauAttention(-1), "`units` must be a positive integer. Received: units=-1."),
    ],
)
def test_errors(make, message):
    with pytest.raises(CallError) as caught:
        make()
    assert message in str(caught.value)
