import keras
import numpy as np
import pytest

from tests.support.checks import assert_close, check_layer, normal, randomise, weights_of
from tests.support.formulas import STEPS
from zoo.errors import CallError
from zoo.layers import GRUCell, LSTMCell, TanhCell
from zoo.layers.cells import CELLS, make_cell

UNITS = 4


def made(cell, n=3):
    layer = make_cell(cell, UNITS)
    layer.build((None, n))
    return randomise(layer)


def states_for(layer, batch=2):
    return [normal(batch, UNITS, seed=10 + i) for i in range(layer.state_count)]


@pytest.mark.parametrize(("cls", "count"), [(TanhCell, 1), (GRUCell, 1), (LSTMCell, 2)])
def test_layer(cls, count):
    check_layer(cls, {"units": UNITS}, [normal(2, 3), [normal(2, UNITS, seed=i) for i in range(count)]])


@pytest.mark.parametrize("cell", CELLS)
def test_equation(cell):
    layer, x = made(cell), normal(2, 3)
    states = states_for(layer)
    w = weights_of(layer)
    rows = [STEPS[cell](w, x[n], [state[n] for state in states]) for n in range(2)]
    output, after = layer(x, states)
    assert_close(after, [np.stack(column) for column in zip(*rows, strict=True)])
    assert_close(output, after[0])


@pytest.mark.parametrize("cell", CELLS)
def test_projecting_first_is_the_same_step(cell):
    layer, x = made(cell), normal(2, 7, 3)
    states = states_for(layer)
    projected = layer.project(x)
    assert projected.shape == (2, 7, layer.blocks * UNITS)
    assert_close(layer.step(projected[:, 5], states), layer(x[:, 5], states)[1])


def test_gru_as_keras():
    layer, x = made("gru"), normal(2, 3)
    theirs = keras.layers.GRUCell(UNITS, reset_after=True)
    theirs.build((None, 3))
    w = weights_of(layer, "float32")
    recurrent_bias = np.concatenate([np.zeros(2 * UNITS), w["recurrent_bias"]])
    theirs.set_weights([w["kernel"], w["recurrent_kernel"], np.stack([w["bias"], recurrent_bias])])
    (state,) = states_for(layer)
    assert_close(layer(x, [state])[0], theirs(x, [state])[0])


def test_lstm_as_keras():
    layer, x = made("lstm"), normal(2, 3)
    theirs = keras.layers.LSTMCell(UNITS)
    theirs.build((None, 3))
    w = weights_of(layer, "float32")
    theirs.set_weights([w["kernel"], w["recurrent_kernel"], w["bias"]])
    states = states_for(layer)
    assert_close(layer(x, states), theirs(x, states))


@pytest.mark.parametrize("cell", CELLS)
def test_first_weights(cell):
    layer = make_cell(cell, UNITS)
    layer.build((None, 3))
    w = weights_of(layer)
    assert w["kernel"].shape == (3, layer.blocks * UNITS) and w["kernel"].std() > 0.1
    assert_close(w["recurrent_kernel"] @ w["recurrent_kernel"].T, np.eye(UNITS))  # orthogonal rows
    expected = np.zeros(layer.blocks * UNITS)
    if cell == "lstm":
        expected[UNITS : 2 * UNITS] = 1
    assert_close(w["bias"], expected)


@pytest.mark.parametrize("cell", CELLS)
def test_zero_state(cell):
    states = make_cell(cell, UNITS, dtype="float64").zero_state(3)
    assert len(states) == (2 if cell == "lstm" else 1)
    assert all(state.shape == (3, UNITS) and state.dtype == "float64" and not state.numpy().any() for state in states)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("grru", '`cell` must be one of "tanh", "gru", "lstm". Received: \'grru\'. Did you mean "gru"?'),
        ("rnn", "Received: 'rnn'."),
        (None, "Received: None."),
    ],
)
def test_unknown_cell(cell, message):
    with pytest.raises(CallError) as caught:
        make_cell(cell, UNITS)
    assert message in str(caught.value)


def test_bad_units():
    with pytest.raises(CallError, match="Received: units=0"):
        make_cell("lstm", 0)
