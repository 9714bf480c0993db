"""Recurrent cells, one step each. The product with the inputs is separate, so that it can leave the time loop."""

from typing import Annotated

import keras
import tensorflow as tf

from zoo.checks import OneOf, Size, one_of
from zoo.errors import CallError
from zoo.layers.base import Layer
from zoo.options import takes_options
from zoo.recurrence.products import affine


class Cell(Layer):
    """The base of the recurrent cells: weights for `blocks` gates of `units`.

    A step consists of two products and the gates:

        projected = W x_t + b            (`project`; needs no state, so it can leave the time loop)
        product = U h_{t-1} + b_u        (`product`)
        states = gates(projected, product, previous states)

    The first state is the output. Of `gates`, `derivatives` gives all that does not depend on a gradient, for all steps
    at once; `gates_gradient` only multiplies with it, in the time loop. `derivatives` needs the `kept_count` tensors
    that `gates` returns beside the states. A cell is also a cell of Keras: `keras.layers.RNN(cell)` runs it.

    Args:
        units: the size of the state.

    Call arguments:
        inputs: (B, n).
        states: the previous states, a list of (B, units): one tensor for tanh and gru, two for lstm.

    Returns:
        The output (B, units) and the list of the next states.

    Raises:
        CallError: an invalid argument.
    """

    roles = {"kernel": "glorot_uniform", "recurrent": "orthogonal", "bias": "zeros"}
    call_axes = {"inputs": ["B n"]}
    blocks = 1
    state_count = 1
    kept_count = 0

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = units if self.state_count == 1 else [units] * self.state_count

    def build(self, input_shape):
        """Create the weights for inputs (..., n)."""
        width = self.blocks * self.units
        self.kernel = self.add_role_weight("kernel", (input_shape[-1], width), "kernel")
        self.recurrent_kernel = self.add_role_weight("recurrent", (self.units, width), "recurrent_kernel")
        self.bias = self.add_role_weight("bias", (width,), "bias")
        self.built = True

    def project(self, inputs):
        """Return W x + b for inputs (..., n): (..., blocks * units)."""
        return affine(inputs, self.cast(self.kernel), self.cast(self.bias))

    def recurrent_weights(self):
        """Return [U] or [U, b_u]: (units, blocks * units) and (blocks * units)."""
        return [self.cast(self.recurrent_kernel)]

    def product(self, h, weights):
        """Return U h + b_u, (B, blocks * units), for the weights of `recurrent_weights`."""
        return self.add_bias(tf.matmul(h, weights[0]), weights)

    def add_bias(self, product, weights):
        """Return the product plus b_u, if the cell has b_u."""
        return tf.nn.bias_add(product, weights[1]) if weights[1:] else product

    def gates(self, projected, product, states):
        """Return the next states (B, units), and the `kept_count` tensors (B, units) that the gradient needs."""
        raise NotImplementedError

    def derivatives(self, output, states, kept):
        """Return the tensors that `gates_gradient` multiplies the gradients of the next states with.

        Args:
            output: the first of the next states, (..., units).
            states: the previous states.
            kept: the tensors that `gates` returned for the gradient.
        """
        raise NotImplementedError

    def gates_gradient(self, d_states, derivatives):
        """Return the gradients of the inputs of `gates`.

        Args:
            d_states: the gradients of the next states, (B, units).
            derivatives: what `derivatives` returned, for this step.

        Returns:
            The gradients of `projected`, of `product`, and of the previous states without the part through `product`.
        """
        raise NotImplementedError

    def product_gradient(self, d_projected, kept):
        """Return the gradient of `product` from that of `projected`, (..., width); equal when `gates` adds the two."""
        return d_projected

    def step(self, projected, states):
        """Return the next states (B, units) from the projected inputs and the previous states."""
        return self.gates(projected, self.product(states[0], self.recurrent_weights()), states)[0]

    def call(self, inputs, states, training=False):
        """Return the output and the next states; see the class."""
        states = self.step(self.project(inputs), states)
        return states[0], states

    def compute_output_shape(self, inputs_shape, states_shape=None):
        """Return the shapes of the output and of the next states."""
        state = (inputs_shape[0], self.units)
        return state, [state] * self.state_count

    def first_states(self, states, batch_size):
        """Return the given initial states, or zeros for None. A cell with one state also takes a tensor.

        Raises:
            CallError: a wrong number of states.
        """
        if states is None:
            return self.zero_state(batch_size)
        if not isinstance(states, list | tuple):
            states = [states]
        if len(states) != self.state_count:
            raise CallError(
                f"`initial_state` must be a list of {self.state_count} tensors for a {type(self).__name__}. "
                f"Received: {len(states)}."
            )
        return list(states)

    def zero_state(self, batch_size):
        """Return the default initial states, zeros (B, units)."""
        return [tf.zeros([batch_size, self.units], self.compute_dtype) for _ in range(self.state_count)]

    def get_initial_state(self, batch_size=None):
        """Return the default initial states, as the cells of Keras do."""
        return self.zero_state(batch_size)


@keras.saving.register_keras_serializable(package="zoo")
class TanhCell(Cell):
    """One step of the plain recurrent network.

        h_t = tanh(A [h_{t-1}; x_t] + b)

    A is `recurrent_kernel` (its part for h_{t-1}) and `kernel` (its part for x_t); b is `bias`.

    Source: Elman 1990, "Finding structure in time".
    """

    def gates(self, projected, product, states):
        """Return [h_t]. The gradient needs no other tensor, since tanh' = 1 - h_t^2."""
        return [tf.tanh(projected + product)], []

    def derivatives(self, output, states, kept):
        """Return [tanh']."""
        return [1 - output * output]

    def gates_gradient(self, d_states, derivatives):
        """Return the gradients; see `Cell.gates_gradient`."""
        d_projected = d_states[0] * derivatives[0]
        return d_projected, d_projected, [tf.zeros_like(d_projected)]


@keras.saving.register_keras_serializable(package="zoo")
class GRUCell(Cell):
    """One step of a gated recurrent unit (GRU).

        z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)
        r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
        n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b_u))
        h_t = z * h_{t-1} + (1 - z) * n

    W is `kernel`, U is `recurrent_kernel`, b is `bias`, each with the blocks z, r, n; b_u is `recurrent_bias`.

    Source: Cho et al. 2014, arXiv 1406.1078, in the variant with the reset gate after the recurrent product, as in
    cuDNN and Keras (`reset_after=True`).
    """

    blocks = 3
    kept_count = 4

    def build(self, input_shape):
        """Create the weights for inputs (..., n)."""
        super().build(input_shape)
        self.recurrent_bias = self.add_role_weight("bias", (self.units,), "recurrent_bias")

    def recurrent_weights(self):
        """Return [U, b_u], with zeros in b_u for z and r."""
        return [self.cast(self.recurrent_kernel), tf.pad(self.cast(self.recurrent_bias), [[2 * self.units, 0]])]

    def gates(self, projected, product, states):
        """Return [h_t] and [z, r, n, U_n h_{t-1} + b_u]."""
        (h,) = states
        x_z, x_r, x_n = tf.split(projected, 3, axis=-1)
        u_z, u_r, u_n = tf.split(product, 3, axis=-1)
        z = tf.sigmoid(x_z + u_z)
        r = tf.sigmoid(x_r + u_r)
        n = tf.tanh(x_n + r * u_n)
        return [z * h + (1 - z) * n], [z, r, n, u_n]

    def derivatives(self, output, states, kept):
        """Return the derivatives of h_t by the sums in z, r and n, by U_n h_{t-1} + b_u, and by h_{t-1} alone."""
        (h,), (z, r, n, u_n) = states, kept
        by_n = (1 - z) * (1 - n * n)
        return [(h - n) * z * (1 - z), by_n * u_n * r * (1 - r), by_n, by_n * r, z]

    def gates_gradient(self, d_states, derivatives):
        """Return the gradients; see `Cell.gates_gradient`."""
        (d_h,) = d_states
        d_z, d_r, d_n, d_u_n, d_before = (d_h * derivative for derivative in derivatives)
        return tf.concat([d_z, d_r, d_n], -1), tf.concat([d_z, d_r, d_u_n], -1), [d_before]

    def product_gradient(self, d_projected, kept):
        """Return the gradient of the product. Its part for n passes through the reset gate."""
        d_z, d_r, d_n = tf.split(d_projected, 3, axis=-1)
        return tf.concat([d_z, d_r, d_n * kept[1]], -1)


@keras.saving.register_keras_serializable(package="zoo")
class LSTMCell(Cell):
    """One step of a long short-term memory (LSTM).

        i, f, o = sigmoid(W x_t + U h_{t-1} + b), g = tanh(W_g x_t + U_g h_{t-1} + b_g)
        m_t = f * m_{t-1} + i * g
        h_t = o * tanh(m_t)

    W is `kernel`, U is `recurrent_kernel`, b is `bias`, each with the blocks i, f, g, o. The states are h and m.
    The initial bias of the forget gate is one, for each `bias_initializer`: as in Keras (`unit_forget_bias=True`).

    Source: Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000; bias of Jozefowicz et al. 2015.
    """

    blocks = 4
    state_count = 2
    kept_count = 5

    def initializer_of(self, role):
        """Return the initializer of the weights of a role."""
        return self._initial_bias if role == "bias" else super().initializer_of(role)

    def _initial_bias(self, shape, dtype=None):
        initializer = keras.initializers.get(self.bias_initializer or "glorot_uniform")
        i, f, g, o = tf.split(initializer(shape, dtype=dtype), 4)
        return tf.concat([i, tf.ones_like(f), g, o], axis=0)

    def gates(self, projected, product, states):
        """Return [h_t, m_t] and [i, f, g, o, tanh(m_t)]."""
        i, f, g, o = tf.split(projected + product, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        m = f * states[1] + i * g
        tanh_m = tf.tanh(m)
        return [o * tanh_m, m], [i, f, g, o, tanh_m]

    def derivatives(self, output, states, kept):
        """Return the derivatives of m_t by the sums in i, f and g, and by m_{t-1}; of h_t by that in o, and by m_t."""
        (_, m), (i, f, g, o, tanh_m) = states, kept
        of_m = [g * i * (1 - i), m * f * (1 - f), i * (1 - g * g), f]
        return [*of_m, tanh_m * o * (1 - o), o * (1 - tanh_m * tanh_m)]

    def gates_gradient(self, d_states, derivatives):
        """Return the gradients; see `Cell.gates_gradient`."""
        (d_h, d_m), (*of_m, by_o, by_m) = d_states, derivatives
        d_m = d_m + d_h * by_m
        d_i, d_f, d_g, d_before = (d_m * derivative for derivative in of_m)
        d_projected = tf.concat([d_i, d_f, d_g, d_h * by_o], -1)
        return d_projected, d_projected, [tf.zeros_like(d_h), d_before]


CELLS: dict[str, type[Cell]] = {"tanh": TanhCell, "gru": GRUCell, "lstm": LSTMCell}

CellName = Annotated[str, OneOf(tuple(CELLS))]


def make_cell(cell: str, units: int, **options) -> Cell:
    """Return a new cell, "tanh", "gru" or "lstm".

    Raises:
        CallError: an unknown name.
    """
    return CELLS[one_of("cell", cell, CELLS)](units, **options)
