"""Recurrent layers: a cell and the loop."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.layers.base import Layer, StateDropout
from zoo.layers.cells import CellName, make_cell
from zoo.options import takes_options
from zoo.recurrence.plain import recur


@keras.saving.register_keras_serializable(package="zoo")
class Recurrent(Layer):
    """A recurrent layer over any of the cells; `TanhRNN` is the one of the lecture.

    Args:
        units: the size of the state.
        cell: "tanh", "gru" or "lstm".
        return_sequences: return every output, not the last.
        return_state: also return the last states.
        reverse: run from the last step to the first; outputs stay in the order of time.
        state_dropout: the share of the state dropped in training before the products with it, the same at each step.

    Call arguments:
        inputs: (B, T, n).
        mask: (B, T), false where there is only padding, which changes neither state nor result.
        initial_state: a list of (B, units), one for tanh and gru, two for lstm; default zeros.

    Output shape: (B, units), or (B, T, units) with `return_sequences` (zeros at padding); with
    `return_state` a tuple of that and the list of last states.

    Raises:
        CallError: a bad argument, or an `initial_state` of the wrong number of tensors.
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
        state_dropout: Share = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = make_cell(cell, units, dtype=self.dtype_policy, name="cell")
        self.units = units
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.reverse = reverse
        self.state_dropout = StateDropout(state_dropout, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, input_shape):
        """Create the weights of the cell."""
        self.cell.build(input_shape)
        self.built = True

    def call(self, inputs, mask=None, initial_state=None, training=False):
        """Run over the sequence; see the class."""
        initial_state = self.cell.first_states(initial_state, tf.shape(inputs)[0])
        outputs, states = recur(
            self.cell,
            self.cell.project(inputs),
            initial_state,
            mask=mask,
            reverse=self.reverse,
            state_mask=self.state_dropout.mask(initial_state[0], training),
        )
        result = outputs if self.return_sequences else states[0]
        return (result, states) if self.return_state else result

    def initial_state(self, batch_size, room: int = 0):
        """Return the states before the first step, zeros. `room` is for layers that remember; none here."""
        return self.cell.zero_state(batch_size)

    def step(self, inputs, states):
        """Do one step outside the loop.

        Args:
            inputs: (B, n).
            states: as `initial_state`.

        Returns:
            The output (B, units) and the states after the step.
        """
        states = self.cell(inputs, states)
        return states[0], states

    def compute_mask(self, inputs, mask=None):
        """Pass the mask on with whole sequences only."""
        outputs = mask if self.return_sequences else None
        return (outputs, [None] * self.cell.state_count) if self.return_state else outputs

    def compute_output_shape(self, input_shape):
        """Return the shapes of what `call` returns."""
        state = (input_shape[0], self.units)
        outputs = (*input_shape[:2], self.units) if self.return_sequences else state
        return (outputs, [state] * self.cell.state_count) if self.return_state else outputs


@keras.saving.register_keras_serializable(package="zoo")
class TanhRNN(Recurrent):
    """The recurrent network of the lecture.

        h_t = tanh(A [h_{t-1}; x_t] + b)

    A is `cell.recurrent_kernel` (its part for h_{t-1}) and `cell.kernel` (its part for x_t); b is `cell.bias`.
    Arguments, call arguments, shapes and errors as `Recurrent`, without `cell`.

    Source: Elman 1990, "Finding structure in time".
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(units, cell="tanh", **kwargs)

    def get_config(self):
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["cell"]
        return config
