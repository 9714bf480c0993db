import numpy as np
import pytest

from tests.support.checks import assert_close, check_layer, normal, pad_time, randomise, weights_of
from tests.support.formulas import STATES, STEPS, attend
from zoo.errors import CallError
from zoo.layers import InputFeedingDecoder

B, TY, TX, N, UNITS = 3, 4, 5, 3, 4
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0]], bool)
VALUES_MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 1]], bool)
PAIRS = [("lstm", "general"), ("lstm", "bahdanau"), ("gru", "dot"), ("tanh", "general")]


def size_of(attention):
    return UNITS if attention == "dot" else 6


def made(cell="lstm", attention="general", **options):
    layer = InputFeedingDecoder(UNITS, cell=cell, attention=attention, return_weights=True, **options)
    layer.build((None, None, N), (None, None, size_of(attention)))
    return randomise(layer)


def example(attention="general"):
    return normal(B, TY, N), normal(B, TX, size_of(attention), seed=1)


def formula(layer, attention, r, y, initial):
    """Return the attentional vectors, the weights and the last states, one step of one row at a time."""
    w, a, combine = weights_of(layer.cell), weights_of(layer.attention), weights_of(layer.combine)
    cell = layer.options["cell"]
    outputs, weights, last = np.zeros((B, TY, UNITS)), np.zeros((B, TY, TX)), []
    for n in range(B):
        attended, *states = [state[n] for state in initial]
        for t in range(TY):
            if MASK[n, t]:
                states = STEPS[cell](w, np.concatenate([r[n, t], attended]), states)
                c, weights[n, t] = attend(attention, a, states[0], list(y[n]), VALUES_MASK[n])
                attended = np.tanh(combine["kernel"].T @ np.concatenate([c, states[0]]) + combine["bias"])
                outputs[n, t] = attended
        last.append([attended, *states])
    return outputs, weights, *(np.stack(column) for column in zip(*last, strict=True))


@pytest.mark.parametrize("options", [{}, {"cell": "gru", "attention": "dot", "return_weights": True}])
def test_layer(options):
    r, y = example(options.get("attention", "general"))
    check_layer(InputFeedingDecoder, {"units": UNITS, **options}, [r, y])


@pytest.mark.parametrize(("cell", "attention"), PAIRS)
def test_equation(cell, attention):
    layer, (r, y) = made(cell, attention, return_state=True), example(attention)
    zeros = [np.zeros((B, UNITS))] * (1 + STATES[cell])
    given = [normal(B, UNITS, seed=20 + i) for i in range(1 + STATES[cell])]
    for initial, states in ((None, zeros), (given, given)):
        actual = layer(r, y, initial_state=initial, mask=MASK, values_mask=VALUES_MASK)
        assert_close(actual, formula(layer, attention, r, y, states))


def test_the_context_comes_from_the_state_after_the_step():
    """Other inputs at step t change the weights from step t on."""
    layer, (r, y) = made(), example()
    _, weights = layer(r, y)
    other = r.copy()
    other[:, 1] += 1
    _, other_weights = layer(other, y)
    moved = np.abs(other_weights - weights).max(axis=(0, 2)) > 1e-4
    assert moved.tolist() == [False, True, True, True]


def test_padding_changes_nothing():
    layer, (r, y) = made(return_state=True), example()
    outputs, weights, *states = layer(r, y, mask=MASK, values_mask=VALUES_MASK)
    for widths in ((0, 3), (3, 0)):
        padded = [pad_time(one, *widths, value) for one, value in ((r, 3.0), (y, 3.0))]
        masks = {"mask": pad_time(MASK, *widths, False), "values_mask": pad_time(VALUES_MASK, *widths, False)}
        more, wide, *last = layer(*padded, **masks)
        assert_close(
            (more, wide, last), (pad_time(outputs, *widths), np.pad(weights, [(0, 0), widths, widths]), states)
        )


def test_steps_are_the_call():
    layer, (r, y) = made("gru"), example()
    states, rows = layer.first_states(None, y), []
    for t in range(TY):
        states, _, weights = layer.step(r[:, t], states, y)
        rows.append((states[0], weights))
    assert_close([np.stack(column, 1) for column in zip(*rows, strict=True)], layer(r, y))


def test_a_wrong_number_of_states():
    r, y = example()
    for count in (0, 1, 2, 4):
        with pytest.raises(CallError, match=f"list of 3 tensors for a layer InputFeedingDecoder .*Received: {count}"):
            made()(r, y, initial_state=[normal(B, UNITS)] * count)
