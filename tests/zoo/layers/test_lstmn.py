import numpy as np
import pytest

from tests.support.checks import assert_close, check_layer, gradients_of, normal, pad_time, randomise, weights_of
from tests.support.formulas import attend, lstm_step
from tests.zoo.layers.test_self_attention import MASKS, UNITS, WHOLE, B, N, T, mask_of
from zoo.errors import CallError
from zoo.layers import LSTMN


def made(dtype="float32", **options):
    layer = LSTMN(UNITS, dtype=dtype, **options)
    layer.build((None, None, N))
    return randomise(layer)


def formula(layer, x, mask):
    """Return the outputs, the weights, and h and m after the last step, one step of one row at a time."""
    w, a = weights_of(layer.cell), weights_of(layer.attention)
    outputs, weights, last = np.zeros((B, T, UNITS)), np.zeros((B, T, T)), np.zeros((2, B, UNITS))
    for n in range(B):
        there = np.zeros(T, bool)
        h, m = np.zeros((T, UNITS)), np.zeros((T, UNITS))
        summary = np.zeros(UNITS)
        for t in range(T - 1, -1, -1) if layer.reverse else range(T):
            if mask is None or mask[n, t]:
                query = np.concatenate([x[n, t], summary])
                summary, weights[n, t] = attend("bahdanau", a, query, h, there)
                h[t], m[t] = lstm_step(w, x[n, t], [summary, weights[n, t] @ m])
                there[t], outputs[n, t], last[:, n] = True, h[t], (h[t], m[t])
    return outputs, weights, *last


@pytest.mark.parametrize("options", [{}, {"reverse": True, **WHOLE}, {"go_backwards": True, "return_weights": True}])
def test_layer(options):
    check_layer(LSTMN, {"units": UNITS, **options}, [normal(B, T, N)])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_equation(mask, reverse):
    layer, x, mask = made(reverse=reverse, **WHOLE), normal(B, T, N), mask_of(mask)
    assert_close(layer(x, mask=mask), formula(layer, x, mask))


def test_weights_are_of_earlier_outputs_and_sum_to_one():
    outputs, weights, _, _ = made(**WHOLE)(normal(B, T, N))
    assert outputs.shape == (B, T, UNITS) and not np.triu(weights).any()
    np.testing.assert_allclose(weights.numpy()[:, 1:].sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("extra", [1, 7])
@pytest.mark.parametrize("reverse", [False, True])
def test_padding_changes_nothing(reverse, extra):
    layer, x, mask = made(reverse=reverse, **WHOLE), normal(B, T, N), mask_of("right")
    outputs, weights, *states = layer(x, mask=mask)
    for widths in ((0, extra), (extra, 0)):
        more = layer(pad_time(x, *widths, 3.0), mask=pad_time(mask, *widths, False))
        square = np.pad(weights, [(0, 0), widths, widths])
        assert_close(more, (pad_time(outputs, *widths), square, *states), 1e-6)


def test_going_backwards_is_the_layer_on_the_reversed_sequence():
    x, mask = normal(B, T, N), mask_of("holes")
    forwards, backwards = made(**WHOLE), made(go_backwards=True, **WHOLE)
    assert_close(backwards(x, mask=mask), forwards(x[:, ::-1], mask=mask[:, ::-1]))


def test_gradients():
    """Of the inputs and of every weight, against differences of the loss."""
    layer, x, mask = made("float64", **WHOLE), normal(B, T, N, dtype="float64"), mask_of("holes")
    d_x, *d_weights = gradients_of(lambda x: layer(x, mask=mask), [x], layer, graph=True)

    def loss():
        results = [np.asarray(one) for one in layer(x, mask=mask)]
        return sum((one * normal(*one.shape, seed=i, dtype="float64")).sum() for i, one in enumerate(results))

    for weight, gradient in zip(layer.trainable_variables, d_weights, strict=True):
        whole = weight.numpy()
        direction = normal(*whole.shape, seed=9, dtype="float64")
        sides = []
        for sign in (1, -1):
            weight.assign(whole + sign * 1e-6 * direction)
            sides.append(loss())
        weight.assign(whole)
        expected = (sides[0] - sides[1]) / 2e-6
        assert (
            abs(expected) > 1e-4 and abs((gradient.numpy() * direction).sum() - expected) < 1e-6 * abs(expected) + 1e-8
        )
    assert np.abs(d_x.numpy()[mask]).min() > 0 and not d_x.numpy()[~mask].any()


def test_bad_units():
    with pytest.raises(CallError, match="`units` must be a positive integer. Received: units=0"):
        LSTMN(0)
