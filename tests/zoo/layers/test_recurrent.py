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
from tests.support.formulas import recurrent
from zoo.errors import CallError
from zoo.layers import AttentionDecoder, Recurrent, SelfAttentionRNN, TanhRNN
from zoo.layers.cells import CELLS

B, T, N, UNITS = 3, 5, 3, 4
WHOLE = {"return_sequences": True, "return_state": True}
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1]],
}


def mask_of(name):
    return None if MASKS[name] is None else np.array(MASKS[name], bool)


def made(cell="tanh", dtype="float32", **options):
    layer = Recurrent(UNITS, cell=cell, dtype=dtype, **options)
    layer.build((None, None, N))
    return randomise(layer)


def first_states(cell, dtype="float32"):
    return [normal(B, UNITS, seed=20 + i, dtype=dtype) for i in range(CELLS[cell].state_count)]


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (TanhRNN, {}),
        (TanhRNN, {"return_sequences": True, "reverse": True}),
        (Recurrent, {"cell": "gru", **WHOLE}),
        (Recurrent, {"cell": "lstm", "return_state": True}),
    ],
)
def test_layer(cls, options):
    check_layer(cls, {"units": UNITS, **options}, [normal(B, T, N)])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_equation(cell, mask, reverse):
    layer, x, mask = made(cell, reverse=reverse, **WHOLE), normal(B, T, N), mask_of(mask)
    w = weights_of(layer.cell)
    assert_close(layer(x, mask=mask), recurrent(cell, w, x, mask, reverse=reverse))
    initial = first_states(cell)
    expected = recurrent(cell, w, x, mask, initial, reverse)
    assert_close(layer(x, mask=mask, initial_state=initial), expected)


def test_tanh_rnn_is_the_plain_network():
    x = normal(B, T, N)
    layer = TanhRNN(UNITS, return_sequences=True)
    layer.build(x.shape)
    randomise(layer)
    assert_close(layer(x), recurrent("tanh", weights_of(layer.cell), x)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_returned(cell):
    x, mask = normal(B, T, N), mask_of("right")
    outputs, *states = made(cell, **WHOLE)(x, mask=mask)
    assert (outputs.numpy()[~mask] == 0).all()
    assert_close(made(cell)(x, mask=mask), states[0])
    assert_close(made(cell, return_state=True)(x, mask=mask), (states[0], states))
    assert_close(made(cell, return_sequences=True)(x, mask=mask), outputs)


def test_gru_and_lstm_as_keras():
    x, mask = normal(B, T, N), mask_of("right")
    for cell, theirs in (
        ("gru", keras.layers.GRU(UNITS, return_sequences=True, reset_after=True)),
        ("lstm", keras.layers.LSTM(UNITS, return_sequences=True)),
    ):
        layer = made(cell, return_sequences=True)
        theirs.build(x.shape)
        w = weights_of(layer.cell, "float32")
        bias = w["bias"]
        if cell == "gru":
            bias = np.stack([bias, np.concatenate([np.zeros(2 * UNITS), w["recurrent_bias"]])])
        theirs.set_weights([w["kernel"], w["recurrent_kernel"], bias])
        np.testing.assert_allclose(layer(x, mask=mask)[mask], theirs(x, mask=mask)[mask], atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients(cell, reverse):
    layer, mask = made(cell, "float64", reverse=reverse, **WHOLE), mask_of("holes")
    tensors = [normal(B, T, N, dtype="float64"), *first_states(cell, "float64")]

    def loop(x, *initial):
        return layer(x, mask=mask, initial_state=list(initial))

    def formula(x, *initial):
        return recurrent(cell, plain(layer.cell), x, mask, initial, reverse, tnp)

    assert_same_gradients(gradients_of(loop, tensors, layer, graph=True), gradients_of(formula, tensors, layer))


@pytest.mark.parametrize("extra", [1, 7, 50])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(cell, reverse, extra):
    layer, x, mask = made(cell, reverse=reverse, **WHOLE), normal(B, T, N), mask_of("right")
    outputs, *states = layer(x, mask=mask)
    for widths in ((0, extra), (extra, 0)):
        padded = layer(pad_time(x, *widths, 3.0), mask=pad_time(mask, *widths, False))
        assert_close(padded, (pad_time(outputs, *widths), states), 1e-6)


def test_reverse_is_forward_on_the_mirrored_sequence():
    x, mask = normal(B, T, N), mask_of("holes")
    outputs, *states = made(reverse=True, **WHOLE)(x, mask=mask)
    mirrored, *same = made(**WHOLE)(x[:, ::-1], mask=mask[:, ::-1])
    assert_close((outputs, states), (mirrored.numpy()[:, ::-1], same))


@pytest.mark.parametrize("cell", CELLS)
def test_steps_outside_the_loop(cell):
    layer, x = made(cell, **WHOLE), normal(B, T, N)
    outputs, *last = layer(x)
    states = layer.initial_state(B, room=9)
    for t in range(T):
        output, states = layer.step(x[:, t], states)
        assert_close(output, outputs[:, t])
    assert_close(states, last)


@pytest.mark.parametrize("cell", CELLS)
def test_going_on_from_the_last_states(cell):
    layer, x = made(cell, **WHOLE), normal(B, T, N)
    outputs, *last = layer(x)
    first, *states = layer(x[:, :2])
    second, *states = layer(x[:, 2:], initial_state=states)
    assert_close((np.concatenate([first, second], 1), states), (outputs, last))


def test_the_mask_of_embeddings_is_used():
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    outputs, *states = made(**WHOLE)(embedded)
    expected = recurrent("tanh", weights_of(made().cell), embedded.numpy(), ids != 0)
    assert_close((outputs, states), expected)
    np.testing.assert_array_equal(outputs._keras_mask, ids != 0)
    assert getattr(states[0], "_keras_mask", None) is None
    assert getattr(made()(embedded), "_keras_mask", None) is None


@pytest.mark.parametrize(("cell", "given", "needed"), [("tanh", 2, 1), ("gru", 0, 1), ("lstm", 1, 2)])
def test_wrong_number_of_states(cell, given, needed):
    x, states = normal(B, T, N), [tf.zeros([B, UNITS])] * given
    calls = [
        lambda: made(cell)(x, initial_state=states),
        lambda: SelfAttentionRNN(UNITS, cell=cell)(x, initial_state=states),
        lambda: AttentionDecoder(UNITS, cell=cell)(x, x, initial_state=states),
    ]
    for call in calls:
        with pytest.raises(CallError, match=f"must be a list of {needed} tensors for a .*Cell. Received: {given}."):
            call()


def test_bad_arguments():
    with pytest.raises(CallError, match="`units` must be a positive integer. Received: units=0."):
        TanhRNN(0)
    with pytest.raises(CallError, match='`cell` must be one of .* Did you mean "lstm"'):
        Recurrent(3, cell="lst")
