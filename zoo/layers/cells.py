"""Recurrent cells: one step each. The product with the inputs is apart, so that it can leave the time loop."""

import keras
import tensorflow as tf

from zoo.layers.checks import one_of, positive
from zoo.layers.layer import Layer


class Cell(Layer):
    """What the three cells share: weights for `gates` blocks of `units`.

    Args:
        units: the size of the state.

    A cell offers `project(inputs)`, the part of a step that needs no state, and
    `step(projected, states) -> states`; the first of its states is its output.

    Raises:
        CallError: `units` is not a positive integer.
    """

    gates = 1
    state_count = 1

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = positive("units", units)

    def build(self, input_shape):
        """Create the weights for inputs (..., n)."""
        width = self.gates * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], width), initializer="glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, width), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(width,), initializer=self._first_bias, name="bias")
        self.built = True

    def _first_bias(self, shape, dtype=None):
        return tf.zeros(shape, dtype)

    def project(self, inputs):
        """Return the product of the inputs (..., n) with `kernel`, plus the bias: (..., gates * units)."""
        return tf.matmul(inputs, self.cast(self.kernel)) + self.cast(self.bias)

    def step(self, projected, states):
        """Return the states (B, units) after one step, from the projected input and the states before it."""
        raise NotImplementedError

    def call(self, inputs, states):
        """Do one whole step: inputs (B, n) and states before it give the states after it."""
        return self.step(self.project(inputs), states)

    def zero_state(self, batch_size):
        """Return the states before the first step: zeros (B, units)."""
        return [tf.zeros([batch_size, self.units], self.compute_dtype) for _ in range(self.state_count)]

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="zoo")
class TanhCell(Cell):
    """One step of the plain recurrent network.

        h_t = tanh(A [h_{t-1}; x_t] + b)

    A is `recurrent_kernel` (its part for h_{t-1}) and `kernel` (its part for x_t); b is `bias`.

    Source: Elman 1990, "Finding structure in time".
    """

    def step(self, projected, states):
        """Return [h_t]."""
        (h,) = states
        return [tf.tanh(projected + tf.matmul(h, self.cast(self.recurrent_kernel)))]


@keras.saving.register_keras_serializable(package="zoo")
class GRUCell(Cell):
    """One step of a gated recurrent unit.

        z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)
        r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
        n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b_u))
        h_t = z * h_{t-1} + (1 - z) * n

    W is `kernel`, U `recurrent_kernel`, b `bias`, each with the blocks z, r, n; b_u is `recurrent_bias`.

    Source: Cho et al. 2014, arXiv 1406.1078, in the form whose recurrent product comes before
    the reset gate, as cuDNN and Keras (`reset_after=True`) have it.
    """

    gates = 3

    def build(self, input_shape):
        """Create the weights for inputs (..., n)."""
        super().build(input_shape)
        self.recurrent_bias = self.add_weight(shape=(self.units,), initializer="zeros", name="recurrent_bias")

    def step(self, projected, states):
        """Return [h_t]."""
        (h,) = states
        x_z, x_r, x_n = tf.split(projected, 3, axis=-1)
        u_z, u_r, u_n = tf.split(tf.matmul(h, self.cast(self.recurrent_kernel)), 3, axis=-1)
        z = tf.sigmoid(x_z + u_z)
        r = tf.sigmoid(x_r + u_r)
        n = tf.tanh(x_n + r * (u_n + self.cast(self.recurrent_bias)))
        return [z * h + (1 - z) * n]


@keras.saving.register_keras_serializable(package="zoo")
class LSTMCell(Cell):
    """One step of a long short-term memory.

        i, f, o = sigmoid(W x_t + U h_{t-1} + b), g = tanh(W_g x_t + U_g h_{t-1} + b_g)
        m_t = f * m_{t-1} + i * g
        h_t = o * tanh(m_t)

    W is `kernel`, U `recurrent_kernel`, b `bias`, each with the blocks i, f, g, o. The states are h and m.
    The bias of the forget gate starts at one.

    Source: Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000; bias of Jozefowicz et al. 2015.
    """

    gates = 4
    state_count = 2

    def _first_bias(self, shape, dtype=None):
        i, f, g, o = tf.split(tf.zeros(shape, dtype), 4)
        return tf.concat([i, f + 1, g, o], axis=0)

    def step(self, projected, states):
        """Return [h_t, m_t]."""
        h, m = states
        gates = projected + tf.matmul(h, self.cast(self.recurrent_kernel))
        i, f, g, o = tf.split(gates, 4, axis=-1)
        m = tf.sigmoid(f) * m + tf.sigmoid(i) * tf.tanh(g)
        return [tf.sigmoid(o) * tf.tanh(m), m]


CELLS: dict[str, type[Cell]] = {"tanh": TanhCell, "gru": GRUCell, "lstm": LSTMCell}


def make_cell(cell: str, units: int, **options) -> Cell:
    """Return the cell of that name: "tanh", "gru" or "lstm".

    Raises:
        CallError: there is none of that name.
    """
    return CELLS[one_of("cell", cell, CELLS)](units, **options)
