"""Several queries at once, and the calls of the attention layers of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, assert_same_gradients, check_layer, gradients_of, normal, randomise
from tests.zoo.recurrence.cases import Distance
from zoo.errors import CallError
from zoo.layers import BahdanauAttention, LuongAttention
from zoo.layers.attention import SCORES, make_attention

B, TQ, TX, D = 3, 4, 6, 5
QUERIES, VALUES, KEYS = normal(B, TQ, D), normal(B, TX, D, seed=1), normal(B, TX, D, seed=2)
QUERY_MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)
VALUES_MASK = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 1, 0, 0, 1]], bool)


def made(kind, dtype="float32"):
    layer = Distance(dtype=dtype) if kind == "distance" else make_attention(kind, D, dtype=dtype)
    layer.build(QUERIES.shape, VALUES.shape)
    return randomise(layer)


def pair(kind):
    """Return a layer and the layer of Keras that computes the same."""
    if kind == "dot":
        return LuongAttention("dot"), keras.layers.Attention()
    layer, theirs = made("bahdanau"), keras.layers.AdditiveAttention()
    theirs.build([QUERIES.shape, VALUES.shape])
    layer.set_weights([np.eye(D), np.eye(D), normal(D, 1, seed=3)])
    theirs.set_weights([normal(D, seed=3)])
    return layer, theirs


@pytest.mark.parametrize(
    ("cls", "options"),
    [(BahdanauAttention, {"units": 5}), (LuongAttention, {"score": "general"}), (LuongAttention, {"score": "dot"})],
)
def test_layer(cls, options):
    check_layer(cls, options, [QUERIES, VALUES])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masks", [None, [None, VALUES_MASK], [QUERY_MASK, None], [QUERY_MASK, VALUES_MASK]])
@pytest.mark.parametrize("kind", ["bahdanau", "dot"])
def test_lists_are_as_in_keras(kind, masks, causal):
    layer, theirs = pair(kind)
    for inputs in ([QUERIES, VALUES], [QUERIES, VALUES, KEYS]):
        options = {"mask": masks, "use_causal_mask": causal}
        assert_close(layer(inputs, **options), theirs(inputs, **options))
        options["return_attention_scores"] = True
        assert_close(layer(inputs, **options), theirs(inputs, **options))


@pytest.mark.parametrize("kind", ["bahdanau", "dot"])
def test_a_functional_model_with_masks_of_embeddings_is_as_in_keras(kind, tmp_path):
    ids = [np.array([[1, 2, 0], [3, 0, 0]]), np.array([[1, 2, 3, 0], [4, 0, 0, 0]])]
    inputs = [keras.Input([None], dtype="int32") for _ in ids]
    embedding = keras.layers.Embedding(9, D, mask_zero=True)
    answers = []
    for layer in pair(kind):
        context, scores = layer([embedding(symbol) for symbol in inputs], return_attention_scores=True)
        assert context.shape == (None, None, D) and len(scores.shape) == 3
        model = keras.Model(inputs, [context, scores])
        answers.append(model(ids))
        np.testing.assert_array_equal(layer([embedding(one) for one in ids])._keras_mask, ids[0] != 0)
        model.save(tmp_path / "model.keras")
        assert_close(keras.saving.load_model(tmp_path / "model.keras")(ids), model(ids), 1e-6)
    assert_close(*answers)


@pytest.mark.parametrize("kind", [*SCORES, "distance"])
def test_several_queries_are_each_alone(kind):
    layer = made(kind)
    context, weights = layer(QUERIES, VALUES, values_mask=VALUES_MASK)
    for t in range(TQ):
        assert_close((context[:, t], weights[:, t]), layer(QUERIES[:, t], VALUES, values_mask=VALUES_MASK))
    keys = layer.precompute(tf.constant(VALUES))
    assert_close(layer(QUERIES, VALUES, keys=keys, values_mask=VALUES_MASK), (context, weights))
    assert_close(layer([QUERIES, VALUES], mask=[None, VALUES_MASK]), context)
    masked, same = layer(QUERIES, VALUES, values_mask=VALUES_MASK, query_mask=QUERY_MASK)
    assert_close((masked, same), (context * QUERY_MASK[..., None], weights))


@pytest.mark.parametrize("kind", SCORES)
def test_gradients_of_several_queries(kind):
    layer = made(kind, "float64")
    tensors = [tensor.astype("float64") for tensor in (QUERIES, VALUES)]

    def each(queries, values):
        results = [layer(queries[:, t], values, values_mask=VALUES_MASK) for t in range(TQ)]
        return [tf.stack(column, 1) for column in zip(*results, strict=True)]

    actual = gradients_of(lambda q, v: layer(q, v, values_mask=VALUES_MASK), tensors, layer, graph=True)
    assert_same_gradients(actual, gradients_of(each, tensors, layer))


def test_keys_may_have_another_size_than_values():
    layer = BahdanauAttention(4)
    context = layer([QUERIES, VALUES, normal(B, TX, 7)])
    assert context.shape == (B, TQ, D) and layer.key_kernel.shape == (7, 4)
    assert layer.compute_output_shape([(B, TQ, 3), (B, TX, D), (B, TX, 7)]) == (B, TQ, D)


@pytest.mark.parametrize("length", [None, 4])
def test_unknown_lengths(length):
    layer = made("bahdanau")
    specs = [tf.TensorSpec([None, length, D]), tf.TensorSpec([None, None, D])]
    graph = tf.function(lambda query, values: layer(query, values, use_causal_mask=True), input_signature=specs)
    assert_close(graph(QUERIES, VALUES), layer(QUERIES, VALUES, use_causal_mask=True))


def test_errors():
    layer = made("bahdanau")
    with pytest.raises(CallError, match=r"must have the axes \(B, q\) or \(B, Tq, q\). Received: shape \(1, 3, 4, 5\)"):
        layer(QUERIES[None], VALUES)
    for inputs in ([QUERIES], [QUERIES, VALUES, KEYS, KEYS], QUERIES):
        with pytest.raises(
            CallError, match=r"must be called with a query and values, or with a list \[query, values\]"
        ):
            layer(inputs)
    with pytest.raises(CallError, match="Received: a list of 2 with further values."):
        layer([QUERIES, VALUES], VALUES)
    with pytest.raises(CallError, match=r"`values` .* at least one step. Received: shape \(3, 0, 5\)"):
        layer([QUERIES, VALUES[:, :0]])
    for call in (
        lambda **given: layer(QUERIES[:, 0], VALUES, **given),
        lambda **given: layer([QUERIES[:, 0], VALUES], **given),
    ):
        with pytest.raises(CallError, match="`use_causal_mask` is for several queries"):
            call(use_causal_mask=True)
    with pytest.raises(CallError, match="`query_mask` is for several queries"):
        layer(QUERIES[:, 0], VALUES, query_mask=QUERY_MASK[:, 0])
    for values, message in ((VALUES[:, 0], r"the axes \(B, Tx, d\)"), (VALUES[:, :0], "at least one step")):
        with pytest.raises(CallError, match=message):
            layer(QUERIES, values)
