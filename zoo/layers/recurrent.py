"""Recurrent layers: a cell in a time loop."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.layers.base import StateDropout, as_mask
from zoo.layers.cell_layer import CellLayer
from zoo.layers.cells import CellName
from zoo.options import takes_options
from zoo.recurrence.plain import recur


@keras.saving.register_keras_serializable(package="zoo")
class Recurrent(CellLayer):
    """A recurrent layer with any cell; `TanhRNN` is the layer with the tanh cell.

    Args:
        units: the size of the state.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        return_sequences: return the outputs of all steps instead of the last one.
        return_state: also return the last states.
        reverse: run from the last step to the first. The outputs stay in time order.
        go_backwards: run on the reversed sequence, as in Keras: the outputs are in the order of that sequence.
        state_dropout: the dropout rate of the state before the products with it. The mask is the same at every step.

    Call arguments:
        inputs: (B, T, n), with at least one step.
        mask: (B, T), false for padding, which changes neither the states nor the result.
        initial_state: a list of (B, units): one tensor for tanh and gru, two for lstm; default: zeros. For tanh and gru
            also the tensor alone.

    Output shape: (B, units), or (B, T, units) with `return_sequences` (zeros for padding). With `return_state` a flat
    tuple of the output and the last states: `outputs, *states = layer(inputs)`.

    Raises:
        CallError: an invalid argument, inputs without steps, or an `initial_state` with a wrong number of tensors.
    """

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "tanh",
        return_sequences: Switch = False,
        return_state: Switch = False,
        reverse: Switch = False,
        go_backwards: Switch = False,
        state_dropout: Share = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = self.new_cell()
        self.units = units
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.reverse = reverse
        self.go_backwards = go_backwards
        self.state_dropout = StateDropout(state_dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        """Create the weights of the cell."""
        self.cell.build((input_shape[0], input_shape[-1]))
        self.check_size_of(input_shape)
        self.built = True

    def call(self, inputs, mask=None, initial_state=None, training=False, inputs_mask=None):
        """Return the outputs of the sequence; see the class. Keras gives `inputs_mask` if it gives no `mask`."""
        mask = as_mask(inputs_mask if mask is None else mask)
        initial_state = self.cell.first_states(initial_state, tf.shape(inputs)[0])
        outputs, states = recur(
            self.cell,
            self.cell.project(inputs),
            initial_state,
            mask=mask,
            reverse=self.runs_backwards,
            state_mask=self.state_dropout.mask(initial_state[0], training),
        )
        return self.results(self.in_order(outputs) if self.return_sequences else states[0], None, states)

    def initial_state(self, batch_size, room: int = 0):
        """Return the default initial states, zeros. `room` is for layers with a memory; this layer has none."""
        return self.cell.zero_state(batch_size)

    def step(self, inputs, states):
        """Do one step of decoding.

        Args:
            inputs: (B, n).
            states: the previous states, or the result of `initial_state`.

        Returns:
            The output (B, units) and the next states.
        """
        return self.cell(inputs, states)

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs of `call`."""
        state = (input_shape[0], self.units)
        outputs = (*input_shape[:2], self.units) if self.return_sequences else state
        return self.results(outputs, None, [state] * self.cell.state_count)


@keras.saving.register_keras_serializable(package="zoo")
class TanhRNN(Recurrent):
    """The recurrent layer with the tanh cell.

        h_t = tanh(A [h_{t-1}; x_t] + b)

    A is `cell.recurrent_kernel` (its part for h_{t-1}) and `cell.kernel` (its part for x_t); b is `cell.bias`.
    Arguments, call arguments, shapes and errors: as in `Recurrent`, without `cell`.

    Source: Elman 1990, "Finding structure in time".
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(units, cell="tanh", **kwargs)

    def get_config(self):
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["cell"]
        return config
