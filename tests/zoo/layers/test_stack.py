import keras
import numpy as np
import pytest

from tests.support.checks import assert_close, check_layer, normal, pad_time, randomise, weights_of
from tests.support.formulas import recurrent, self_attention
from zoo.errors import CallError
from zoo.layers import RecurrentStack

B, T, N, UNITS = 3, 5, 3, 4
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]], bool)


def made(**options):
    stack = RecurrentStack(UNITS, **options)
    stack.build((None, None, N))
    return randomise(stack)


def run_formula(layer, x):
    """Return the outputs and the last cell states of one layer of a stack, from the equation."""
    cell, w = layer.options["cell"], weights_of(layer.cell)
    if hasattr(layer, "attention"):
        a = weights_of(layer.attention)
        return self_attention(cell, "bahdanau", w, a, x, MASK, reverse=layer.reverse)[:2]
    return recurrent(cell, w, x, MASK, reverse=layer.reverse)


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "layers": 2, "bidirectional": True, "dropout": 0.5},
        {"self_attention": True, "attention": "general"},
    ],
)
def test_layer(options):
    check_layer(RecurrentStack, {"units": UNITS, **options}, [normal(B, T, N)])


def test_the_mask_of_embeddings_is_used_and_passed_on():
    ids = np.array([[1, 2, 3, 0, 0], [3, 0, 0, 0, 0]])
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    stack = made(self_attention=True, bidirectional=True)
    outputs, _, _ = stack(embedded)
    assert_close(outputs, stack(embedded, mask=ids != 0)[0])
    np.testing.assert_array_equal(outputs._keras_mask, ids != 0)


@pytest.mark.parametrize("self_attention", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_equation(cell, bidirectional, self_attention):
    stack = made(cell=cell, layers=2, bidirectional=bidirectional, self_attention=self_attention)
    x = normal(B, T, N)
    outputs, states, weights = stack(x, mask=MASK)
    expected = x
    for i in range(2):
        layers = [stack.forward[i], *stack.backward[i : i + 1]]
        results, last = zip(*[run_formula(layer, expected) for layer in layers], strict=True)
        expected = np.concatenate(results, -1)
    assert_close(outputs, expected)
    assert stack.width == expected.shape[-1] == UNITS * (1 + bidirectional)
    assert_close(stack.last_states(states), [np.concatenate(state, -1) for state in zip(*last, strict=True)])
    assert (weights is not None) == self_attention
    if self_attention:
        assert weights.shape == (B, T, T) and (np.triu(weights) == 0).all()


@pytest.mark.parametrize("self_attention", [False, True])
def test_directions_and_layers_do_not_share_weights(self_attention):
    stack = made(layers=2, bidirectional=True, self_attention=self_attention)
    assert len(stack.weights) == len({weight.path for weight in stack.weights}) == 4 * (6 if self_attention else 3)
    assert [layer.reverse for layer in stack.forward + stack.backward] == [False, False, True, True]


@pytest.mark.parametrize(("extra", "self_attention"), [(1, True), (7, True), (50, False)])
def test_padding_changes_nothing(self_attention, extra):
    stack = made(cell="lstm", layers=2, bidirectional=True, self_attention=self_attention)
    x = normal(B, T, N)
    outputs, states, _ = stack(x, mask=MASK)
    for widths in ((0, extra), (extra, 0)):
        padded, padded_states, _ = stack(pad_time(x, *widths, 3.0), mask=pad_time(MASK, *widths, False))
        assert_close(padded, pad_time(outputs, *widths), 1e-6)
        assert_close(stack.last_states(padded_states), stack.last_states(states), 1e-6)


@pytest.mark.parametrize("self_attention", [False, True])
@pytest.mark.parametrize("cell", ["tanh", "lstm"])
def test_steps_outside_the_loop(cell, self_attention):
    stack, x = made(cell=cell, layers=2, self_attention=self_attention), normal(B, T, N)
    outputs, last, _ = stack(x)
    states = stack.initial_state(B, room=T)
    for t in range(T):
        output, states = stack.step(x[:, t], states)
        assert_close(output, outputs[:, t])
    assert_close(states, last)


@pytest.mark.parametrize("self_attention", [False, True])
def test_going_on_by_steps_after_a_loop(self_attention):
    stack, x, more = made(layers=2, self_attention=self_attention), normal(B, T, N), normal(B, 2, N, seed=1)
    _, states, _ = stack(x, mask=MASK, **({"room": 2}))
    for t in range(2):
        output, states = stack.step(more[:, t], states)
    for n in range(B):
        alone, _, _ = stack(np.concatenate([x[n][MASK[n]], more[n]])[None])
        assert_close(output[n], alone[0, -1])


def test_dropout_in_training_only():
    stack, x = made(layers=2, dropout=0.5), normal(B, T, N)
    without = made(layers=2)
    assert_close(stack(x)[0], without(x)[0])
    assert_close(stack(x, training=False)[0], without(x)[0])
    assert np.abs(stack(x, training=True)[0] - without(x)[0]).max() > 0.01
    assert_close(without(x, training=True)[0], without(x)[0])


def test_no_steps_in_both_directions():
    stack = made(bidirectional=True)
    with pytest.raises(CallError, match="bidirectional stack cannot go step by step"):
        stack.step(normal(B, N), stack.initial_state(B))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "`layers` must be a positive integer. Received: layers=0."),
        ({"dropout": 1.0}, "`dropout` must be a number from 0 up to 1. Received: dropout=1.0."),
        ({"dropout": "0.1"}, "Received: dropout='0.1'."),
        ({"cell": "lsmt"}, 'Did you mean "lstm"?'),
        ({"self_attention": True, "attention": "bahdano"}, 'Did you mean "bahdanau"?'),
        ({"bidirectional": "no"}, "`bidirectional` must be true or false. Received: bidirectional='no'."),
        ({"self_attention": 1}, "`self_attention` must be true or false. Received: self_attention=1."),
        ({"units": None}, "`units` must be a positive integer. Received: units=None."),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(CallError) as caught:
        RecurrentStack(**{"units": UNITS, **options})
    assert message in str(caught.value)
