import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, check_layer, normal, pad_time, randomise, weights_of
from tests.support.formulas import STATES, STEPS, attend, windows
from zoo.errors import CallError
from zoo.layers import LocationDecoder

B, TY, TX, N, UNITS = 3, 4, 6, 3, 4
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0]], bool)
VALUES_MASK = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 1, 1]], bool)
CASES = [("tanh", "bahdanau", 3), ("gru", "general", 4), ("lstm", "bahdanau", 2), ("tanh", "dot", 1)]


def size_of(attention):
    return UNITS if attention == "dot" else 5


def made(cell="tanh", attention="bahdanau", **options):
    sizes = {"filters": 2, "filter_width": 3}
    layer = LocationDecoder(UNITS, cell=cell, attention=attention, return_weights=True, **{**sizes, **options})
    layer.build((None, None, N), (None, None, size_of(attention)))
    return randomise(layer)


def example(attention="bahdanau"):
    return normal(B, TY, N), normal(B, TX, size_of(attention), seed=1)


def formula(layer, kind, r, y, initial):
    """Return the states, the weights and the last states, one step of one row at a time."""
    w, a = weights_of(layer.cell), weights_of(layer.attention)
    own = {name: weight for name, weight in weights_of(layer).items() if name.startswith(("filter", "location"))}
    F, U = own["filter_kernel"][:, 0], own["location_kernel"]
    outputs, weights, last = np.zeros((B, TY, UNITS)), np.zeros((B, TY, TX)), []
    for n in range(B):
        *states, alpha = [state[n] for state in initial]
        for t in range(TY):
            if MASK[n, t]:
                locations = [U.T @ (F.T @ around) for around in windows(alpha, len(F))]
                c, alpha = attend(kind, a, states[0], list(y[n]), VALUES_MASK[n], locations)
                states = STEPS[layer.options["cell"]](w, r[n, t], states, c)
                outputs[n, t], weights[n, t] = states[0], alpha
        last.append([*states, alpha])
    return outputs, weights, *(np.stack(column) for column in zip(*last, strict=True))


@pytest.mark.parametrize("options", [{}, {"cell": "gru", "attention": "dot", "filters": 3, "return_weights": True}])
def test_layer(options):
    r, y = example(options.get("attention", "bahdanau"))
    check_layer(LocationDecoder, {"units": UNITS, **options}, [r, y])


@pytest.mark.parametrize(("cell", "attention", "width"), CASES)
def test_equation(cell, attention, width):
    layer, (r, y) = made(cell, attention, return_state=True, filter_width=width), example(attention)
    zeros = [*[np.zeros((B, UNITS))] * STATES[cell], np.zeros((B, TX))]
    alpha = np.abs(normal(B, TX, seed=3)) * VALUES_MASK
    given = [*(normal(B, UNITS, seed=20 + i) for i in range(STATES[cell])), alpha.astype("float32")]
    for initial, states in ((None, zeros), (given, given)):
        actual = layer(r, y, initial_state=initial, mask=MASK, values_mask=VALUES_MASK)
        assert_close(actual, formula(layer, attention, r, y, states))


def test_equal_values_are_told_apart_by_where_the_attention_was():
    """With values that are all the same, the weights are equal without the location, and move with it."""
    layer, r, y = made(), normal(B, TY, N), np.ones((B, TX, size_of("bahdanau")), "float32")
    start = [np.zeros((B, UNITS), "float32"), np.eye(TX, dtype="float32")[[1] * B]]
    _, weights = layer(r, y, initial_state=start)
    assert np.ptp(weights.numpy()[:, 0], axis=-1).min() > 1e-3
    layer.location_kernel.assign(0 * layer.location_kernel)
    _, weights = layer(r, y, initial_state=start)
    np.testing.assert_allclose(weights, np.full((B, TY, TX), 1 / TX), atol=1e-6)


def test_padding_changes_nothing():
    layer, (r, y) = made(return_state=True), example()
    outputs, weights, state, alpha = layer(r, y, mask=MASK, values_mask=VALUES_MASK)
    for widths in ((0, 3), (3, 0)):
        padded = [pad_time(one, *widths, 3.0) for one in (r, y)]
        masks = {"mask": pad_time(MASK, *widths, False), "values_mask": pad_time(VALUES_MASK, *widths, False)}
        expected = (pad_time(outputs, *widths), np.pad(weights, [(0, 0), widths, widths]), state)
        assert_close(layer(*padded, **masks), (*expected, pad_time(alpha, *widths)))


def test_steps_are_the_call():
    layer, (r, y) = made("lstm"), example()
    states, rows = layer.first_states(None, y), []
    for t in range(TY):
        states, _, weights = layer.step(r[:, t], states, y)
        rows.append((states[0], weights))
    assert_close([np.stack(column, 1) for column in zip(*rows, strict=True)], layer(r, y))


def test_a_step_of_ones_own_is_what_the_loop_runs():
    class Forgetful(LocationDecoder):
        """Does not know where it was."""

        def step(self, inputs, states, *given, **options):
            return super().step(inputs, [*states[:-1], tf.zeros_like(states[-1])], *given, **options)

    layer, (r, y) = Forgetful(UNITS, return_weights=True), example()
    layer(r, y)
    randomise(layer)
    plain = made(filters=8, filter_width=7)
    plain.set_weights(layer.get_weights())
    assert np.abs(layer(r, y)[0] - plain(r, y)[0]).max() > 1e-3
    plain.location_kernel.assign(0 * plain.location_kernel)
    assert_close(layer(r, y), plain(r, y))


def test_a_step_of_ones_own_has_no_state_dropout():
    class Own(LocationDecoder):
        def step(self, *given, **options):
            return super().step(*given, **options)

    with pytest.raises(CallError, match="Own has a `step` of its own, which has no state dropout"):
        Own(UNITS, state_dropout=0.5)


def test_errors():
    r, y = example()
    for states in (normal(B, UNITS), [normal(B, UNITS)], [normal(B, UNITS)] * 3):
        with pytest.raises(
            CallError, match="list of 2 tensors for a layer LocationDecoder with a TanhCell. Received: "
        ):
            made()(r, y, initial_state=states)
    with pytest.raises(CallError, match="`filters` must be a positive integer. Received: filters=0"):
        made(filters=0)
