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
    pad_time,
    plain,
    randomise,
    weights_of,
)
from tests.support.formulas import decoder
from zoo.errors import CallError
from zoo.layers import AttentionDecoder, BahdanauAttention
from zoo.layers.attention import SCORES
from zoo.layers.cells import CELLS
from zoo.recurrence.scan import inference_graph

B, TY, TX, N, UNITS = 3, 4, 5, 3, 4
MASKS = {
    "none": (None, None),
    "right": ([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]),
    "left": ([[0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]], [[0, 0, 0, 0, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 1]]),
    "holes": ([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1]], [[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1]]),
}
PAIRS = [("tanh", "bahdanau"), ("tanh", "dot"), ("tanh", "general"), ("gru", "bahdanau"), ("lstm", "bahdanau")]


def masks_of(name):
    return [None if mask is None else np.array(mask, bool) for mask in MASKS[name]]


def size_of(attention):
    return UNITS if attention == "dot" else 6


def made(cell="tanh", attention="bahdanau", dtype="float32"):
    layer = AttentionDecoder(UNITS, cell=cell, attention=attention, return_weights=True, dtype=dtype)
    layer.build((None, None, N), (None, None, size_of(attention)))
    return randomise(layer)


def example(attention="bahdanau", cell="tanh", dtype="float32"):
    """Return r, y and the first states."""
    initial = [normal(B, UNITS, seed=20 + i, dtype=dtype) for i in range(CELLS[cell].state_count)]
    return normal(B, TY, N, dtype=dtype), normal(B, TX, size_of(attention), seed=1, dtype=dtype), initial


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cell": "gru", "attention": "general", "return_weights": True},
        {"cell": "lstm", "attention": "dot", "return_weights": True},
    ],
)
def test_layer(options):
    r, y, _ = example(options.get("attention", "bahdanau"))
    check_layer(AttentionDecoder, {"units": UNITS, **options}, [r, y])


def test_layer_with_an_attention_layer():
    r, y, _ = example()
    layer = check_layer(AttentionDecoder, {"units": UNITS, "attention": BahdanauAttention(7)}, [r, y], policies=())
    assert AttentionDecoder.from_config(layer.get_config()).attention.units == 7


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_equation(cell, attention, masks):
    layer, (r, y, initial), (mask, values_mask) = made(cell, attention), example(attention, cell), masks_of(masks)
    w, a = weights_of(layer.cell), weights_of(layer.attention)
    expected = decoder(cell, attention, w, a, r, y, None, mask, values_mask)
    assert_close(layer(r, y, mask=mask, values_mask=values_mask), expected)
    expected = decoder(cell, attention, w, a, r, y, initial, mask, values_mask)
    assert_close(layer(r, y, initial_state=initial, mask=mask, values_mask=values_mask), expected)


def test_weights_are_returned_on_request_only():
    r, y, _ = example()
    layer = AttentionDecoder(UNITS)
    layer.build(r.shape, y.shape)
    randomise(layer)
    assert_close(layer(r, y), made()(r, y)[0])


@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_gradients(cell, attention):
    layer, (mask, values_mask) = made(cell, attention, "float64"), masks_of("holes")
    r, y, initial = example(attention, cell, "float64")

    def loop(r, y, *initial):
        return layer(r, y, initial_state=list(initial), mask=mask, values_mask=values_mask)

    def formula(r, y, *initial):
        w, a = plain(layer.cell), plain(layer.attention)
        return decoder(cell, attention, w, a, r, y, initial, mask, values_mask, xp=tnp)

    tensors = [r, y, *initial]
    assert_same_gradients(gradients_of(loop, tensors, layer, graph=True), gradients_of(formula, tensors, layer))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", SCORES)
def test_the_context_comes_from_the_state_before_the_step(cell, attention):
    """Other inputs at step t change the state of step t, but the weights only from step t + 1 on."""
    layer, (r, y, initial) = made(cell, attention), example(attention, cell)
    states, weights = layer(r, y, initial_state=initial)
    t = 1
    other = r.copy()
    other[:, t] += 1
    other_states, other_weights = layer(other, y, initial_state=initial)
    moved = np.abs(other_weights - weights).max(axis=(0, 2)) > 1e-4
    assert moved.tolist() == [False, False, True, True]
    assert (np.abs(other_states - states).max(axis=(0, 2)) > 1e-4).tolist() == [False, True, True, True]


def test_the_first_context_comes_from_the_initial_state():
    layer, (r, y, initial) = made(), example()
    _, weights = layer(r, y, initial_state=initial)
    context, alpha = layer.attention(initial[0], y)
    assert_close(weights[:, 0], alpha)
    after, step_context, step_alpha = layer.step(r[:, 0], initial, y)
    assert_close((step_context, step_alpha), (context, alpha))
    w = weights_of(layer.cell)
    expected = np.tanh(
        r[:, 0] @ w["kernel"][:N] + initial[0] @ w["recurrent_kernel"] + context @ w["kernel"][N:] + w["bias"]
    )
    assert_close(after, [expected])


@pytest.mark.parametrize("extra", [1, 7, 50])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(cell, extra):
    layer, (r, y, initial), (mask, values_mask) = made(cell), example(cell=cell), masks_of("right")
    states, weights = layer(r, y, initial_state=initial, mask=mask, values_mask=values_mask)
    for widths in ((0, extra), (extra, 0)):
        padded_states, padded_weights = layer(
            pad_time(r, *widths, 3.0),
            pad_time(y, *widths, 3.0),
            initial_state=initial,
            mask=pad_time(mask, *widths, False),
            values_mask=pad_time(values_mask, *widths, False),
        )
        assert_close(padded_states, pad_time(states, *widths), 1e-6)
        assert_close(padded_weights, np.pad(weights, [(0, 0), widths, widths]), 1e-6)


@pytest.mark.parametrize("given_keys", [False, True])
@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_steps_outside_the_loop(cell, attention, given_keys):
    layer, (r, y, states), (_, values_mask) = made(cell, attention), example(attention, cell), masks_of("holes")
    outputs, weights = layer(r, y, initial_state=states, values_mask=values_mask)
    keys = layer.attention.precompute(tf.constant(y)) if given_keys else None
    for t in range(TY):
        states, context, alpha = layer.step(r[:, t], states, y, keys, values_mask)
        assert_close((states[0], alpha), (outputs[:, t], weights[:, t]))
        assert_close(context, np.einsum("bi,bid->bd", alpha, y))


def test_the_mask_of_embeddings_is_used_for_the_values():
    ids = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1]])
    values = keras.layers.Embedding(4, 6, mask_zero=True)(ids)
    _, weights = made()(example()[0], values)
    assert (weights.numpy().transpose(0, 2, 1)[ids == 0] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": -1}, "`units` must be a positive integer. Received: units=-1."),
        ({"units": 3, "cell": "elman"}, "`cell` must be one of"),
        ({"units": 3, "attention": "generl"}, 'Did you mean "general"?'),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(CallError) as caught:
        AttentionDecoder(**options)
    assert message in str(caught.value)


def test_dot_needs_values_of_the_size_of_the_state():
    with pytest.raises(CallError, match="query of size 4, values of size 6"):
        AttentionDecoder(UNITS, attention="dot").build((None, None, N), (None, None, 6))


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_the_steps_of_a_litert_graph_are_those_of_the_loop(cell, attention, masks, monkeypatch):
    layer = made(cell, attention)
    inputs, values, initial = example(attention, cell)
    mask, values_mask = masks_of(masks)
    options = {"initial_state": initial, "mask": mask, "values_mask": values_mask}
    expected = layer(inputs, values, **options)
    shapes = [
        tf.TensorSpec([None, None, tensor.shape[-1]], tensor.dtype) for tensor in map(tf.constant, (inputs, values))
    ]
    monkeypatch.setattr("zoo.layers.decoder.attend", None)
    with inference_graph(litert=True):
        graph = tf.function(lambda inputs, values: layer(inputs, values, **options)).get_concrete_function(*shapes)
    for tensor, other in zip(graph(tf.constant(inputs), tf.constant(values)), expected, strict=True):
        assert_close(tensor, other)
