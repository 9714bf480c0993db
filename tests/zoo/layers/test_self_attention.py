import keras
import numpy as np
import pytest
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
from tests.support.formulas import self_attention
from zoo.errors import CallError
from zoo.layers import BahdanauAttention, SelfAttentionRNN
from zoo.layers.cells import CELLS

B, T, N, UNITS = 3, 5, 3, 4
WHOLE = {"return_sequences": True, "return_state": True, "return_weights": True}
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1]],
}
PAIRS = [("tanh", "bahdanau"), ("tanh", "dot"), ("tanh", "general"), ("gru", "bahdanau"), ("lstm", "bahdanau")]


def mask_of(name):
    return None if MASKS[name] is None else np.array(MASKS[name], bool)


def made(cell="tanh", attention="bahdanau", dtype="float32", **options):
    layer = SelfAttentionRNN(UNITS, cell=cell, attention=attention, dtype=dtype, **options)
    layer.build((None, None, N))
    return randomise(layer)


def first_states(cell, dtype="float32"):
    return [normal(B, UNITS, seed=20 + i, dtype=dtype) for i in range(CELLS[cell].state_count)]


def formula(layer, x, mask=None, initial=None, **options):
    w, a = weights_of(layer.cell), weights_of(layer.attention)
    kind = {"BahdanauAttention": "bahdanau"}.get(type(layer.attention).__name__) or layer.attention.score_name
    return self_attention(layer.options["cell"], kind, w, a, x, mask, initial, layer.reverse, **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cell": "gru", "attention": "general", "return_sequences": True, "reverse": True},
        {"cell": "lstm", "attention": "dot", **WHOLE},
    ],
)
def test_layer(options):
    check_layer(SelfAttentionRNN, {"units": UNITS, **options}, [normal(B, T, N)])


def test_layer_with_an_attention_layer():
    options = {"units": UNITS, "attention": BahdanauAttention(7)}
    layer = check_layer(SelfAttentionRNN, options, [normal(B, T, N)], policies=())
    assert SelfAttentionRNN.from_config(layer.get_config()).attention.units == 7


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_equation(cell, attention, mask, reverse):
    layer, x, mask = made(cell, attention, reverse=reverse, **WHOLE), normal(B, T, N), mask_of(mask)
    for initial in (None, first_states(cell)):
        outputs, weights, *states = layer(x, mask=mask, initial_state=initial)
        expected = formula(layer, x, mask, initial)
        assert_close((outputs, states[: layer.cell.state_count], weights), expected)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_weights_are_of_earlier_outputs_only(mask, reverse):
    mask = mask_of(mask)
    _, weights, *_ = made(reverse=reverse, **WHOLE)(normal(B, T, N), mask=mask)
    valid = np.ones((B, T), bool) if mask is None else mask
    earlier = np.triu(np.ones((T, T), bool), 1) if reverse else np.tril(np.ones((T, T), bool), -1)
    seen = earlier[None] & valid[:, None, :] & valid[:, :, None]
    weights = weights.numpy()
    assert (weights[~seen] == 0).all() and (weights[seen] > 0).all()
    np.testing.assert_allclose(weights.sum(-1), seen.any(-1), atol=1e-6)


@pytest.mark.parametrize(("reverse", "first", "second"), [(False, 0, 1), (True, -1, -2)])
def test_first_contexts(reverse, first, second):
    """The first context is zero, whatever the initial state; the second is the first output."""
    layer, x, initial = made(reverse=reverse, **WHOLE), normal(B, T, N), first_states("tanh")
    outputs, weights, *_ = layer(x, initial_state=initial)
    w = weights_of(layer.cell)
    no_context = np.tanh(x[:, first] @ w["kernel"][:N] + initial[0] @ w["recurrent_kernel"] + w["bias"])
    assert_close(outputs[:, first], no_context)
    assert (weights.numpy()[:, first] == 0).all()
    y = outputs.numpy()[:, first]
    one_context = np.tanh(x[:, second] @ w["kernel"][:N] + y @ (w["recurrent_kernel"] + w["kernel"][N:]) + w["bias"])
    assert_close(outputs[:, second], one_context)


@pytest.mark.parametrize("cell", CELLS)
def test_the_context_comes_from_the_state_before_the_step(cell):
    """Other inputs at step t change the state of step t, but the weights only from step t + 1 on."""
    layer, x = made(cell, **WHOLE), normal(B, T, N)
    outputs, weights, *_ = layer(x)
    other = x.copy()
    other[:, 2] += 1
    other_outputs, other_weights, *_ = layer(other)
    assert (np.abs(other_outputs - outputs).max(axis=(0, 2)) > 1e-4).tolist() == [False, False, True, True, True]
    assert (np.abs(other_weights - weights).max(axis=(0, 2)) > 1e-4).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("cell", "attention", "reverse"), [(*pair, i % 2 == 1) for i, pair in enumerate([*PAIRS, PAIRS[0]])]
)
def test_gradients(cell, attention, reverse):
    options = {"reverse": reverse, "return_sequences": True, "return_weights": True}
    layer, mask = made(cell, attention, "float64", **options), mask_of("holes")
    tensors = [normal(B, T, N, dtype="float64"), *first_states(cell, "float64")]

    def loop(x, *initial):
        return layer(x, mask=mask, initial_state=list(initial))

    def equation(x, *initial):
        w, a = plain(layer.cell), plain(layer.attention)
        outputs, _, weights = self_attention(cell, attention, w, a, x, mask, initial, reverse, tnp)
        return outputs, weights

    assert_same_gradients(gradients_of(loop, tensors, layer, graph=True), gradients_of(equation, tensors, layer))


@pytest.mark.parametrize("extra", [1, 7, 50])
@pytest.mark.parametrize(("cell", "reverse"), [("tanh", False), ("gru", True), ("lstm", False)])
def test_padding_changes_nothing(cell, reverse, extra):
    layer, x, mask = made(cell, reverse=reverse, **WHOLE), normal(B, T, N), mask_of("right")
    count = layer.cell.state_count
    outputs, weights, *states = layer(x, mask=mask)
    for widths in ((0, extra), (extra, 0)):
        padded, padded_weights, *padded_states = layer(pad_time(x, *widths, 3.0), mask=pad_time(mask, *widths, False))
        assert_close((padded, padded_states[:count]), (pad_time(outputs, *widths), states[:count]), 1e-6)
        assert_close(padded_weights, np.pad(weights, [(0, 0), widths, widths]), 1e-6)


@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_steps_outside_the_loop(cell, attention):
    layer, x = made(cell, attention, **WHOLE), normal(B, T, N)
    outputs, _, *last = layer(x)
    states = layer.initial_state(B, room=T)
    for t in range(T):
        output, states = layer.step(x[:, t], states)
        assert_close(output, outputs[:, t])
    assert_close(states, last)


@pytest.mark.parametrize(("cell", "mask"), [("tanh", "right"), ("gru", "left"), ("lstm", "holes")])
def test_going_on_by_steps_after_a_loop(cell, mask):
    """After a prompt with padding, steps go on as if there had been no padding."""
    layer, x, more, mask = made(cell, **WHOLE), normal(B, T, N), normal(B, 3, N, seed=1), mask_of(mask)
    _, _, *states = layer(x, mask=mask, room=3)
    outputs = []
    for t in range(3):
        output, states = layer.step(more[:, t], states)
        outputs.append(output)
    for n in range(B):
        alone = np.concatenate([x[n][mask[n]], more[n]])[None]
        expected, *_ = layer(alone)
        assert_close(np.stack(outputs, 1)[n], expected[0, -3:])


def test_what_is_returned():
    x, mask = normal(B, T, N), mask_of("holes")
    outputs, weights, *states = made(**WHOLE)(x, mask=mask, room=2)
    assert (outputs.numpy()[~mask] == 0).all()
    assert_close(made()(x, mask=mask), states[0])
    assert_close(made(return_weights=True)(x, mask=mask), (states[0], weights))
    assert_close(made(return_sequences=True)(x, mask=mask), outputs)
    h, values, _, valid, done = states
    assert values.shape == (B, T + 2, UNITS) and done == T
    np.testing.assert_array_equal(valid, pad_time(mask, 0, 2, False))
    np.testing.assert_allclose(values.numpy()[valid], outputs.numpy()[mask], atol=1e-6)


def test_the_mask_of_embeddings_is_used():
    ids = np.array([[1, 2, 0, 3], [3, 0, 0, 0]])
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    layer = made(**WHOLE)
    outputs, weights, *states = layer(embedded)
    assert_close((outputs, states[:1], weights), formula(layer, embedded.numpy(), ids != 0))
    np.testing.assert_array_equal(outputs._keras_mask, ids != 0)
    assert all(getattr(one, "_keras_mask", None) is None for one in [weights, *states])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 2.0}, "`units` must be a positive integer. Received: units=2.0."),
        ({"units": 3, "cell": "gruu"}, 'Did you mean "gru"?'),
        ({"units": 3, "attention": "dott"}, 'Did you mean "dot"?'),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(CallError) as caught:
        SelfAttentionRNN(**options)
    assert message in str(caught.value)
