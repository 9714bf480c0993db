"""The base of the layers that run a cell over time."""

import keras
import tensorflow as tf

from zoo.errors import CallError
from zoo.layers.attention import Attention, make_attention
from zoo.layers.base import Layer
from zoo.layers.cells import Cell, make_cell


class CellLayer(Layer):
    """A layer that runs a cell over time, with what every RNN layer of Keras has.

    The options of the weights are those of the cell.

    Attributes:
        cell: the `Cell`; a subclass sets it to the result of `new_cell`.
        reverse, go_backwards, return_sequences, return_state, return_weights: the options of the subclass, if it has
            them.
        stateful, states: always false and None, for `keras.layers.Bidirectional`; pass states as `initial_state`.
    """

    roles = Cell.roles
    call_axes = {"inputs": ["B T n"]}
    cell: Cell
    reverse = False
    go_backwards = False
    return_sequences = True
    return_state = False
    return_weights = False
    stateful = False
    states = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.supports_masking = True

    def new_cell(self, cell: str | None = None) -> Cell:
        """Return a new cell, by default that of the options."""
        options = {**self.weight_options, "dtype": self.dtype_policy, "trainable": self.trainable, "name": "cell"}
        return make_cell(cell or self.options["cell"], self.options["units"], **options)

    def new_attention(self, attention: str | Attention) -> Attention:
        """Return the attention layer for a score, or a given one, as a part of this layer."""
        if isinstance(attention, Attention) and attention.compute_dtype != self.compute_dtype:
            raise CallError(
                f'The attention of the layer "{self.name}" computes in {attention.compute_dtype}, the layer in '
                f"{self.compute_dtype}: give both the same `dtype`."
            )
        made = make_attention(attention, self.options["units"], dtype=self.dtype_policy, name="attention")
        if not self.trainable:
            made.trainable = False
        return made

    def check_size_of(self, input_shape):
        """Let Keras check that further inputs have as many features as those that the layer was built with."""
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={-1: input_shape[-1]})

    @property
    def runs_backwards(self) -> bool:
        """True if the loop runs from the last step to the first: for one of `reverse` and `go_backwards`, not both."""
        return self.reverse != self.go_backwards

    def in_order(self, sequence, axes=(1,)):
        """Return a sequence (B, T, ...) in the order of the outputs: reversed with `go_backwards`."""
        return tf.reverse(sequence, axes) if self.go_backwards else sequence

    def results(self, outputs, weights, states):
        """Return the output alone, or a flat tuple of the output and what else was asked for: weights, then states."""
        results = [outputs, *([weights] if self.return_weights else []), *(states if self.return_state else [])]
        return tuple(results) if len(results) > 1 else outputs

    def compute_mask(self, inputs, mask=None):
        """Return the mask for the outputs of all steps; None for everything else."""
        mask = mask if self.return_sequences else None
        if mask is not None and self.go_backwards:
            mask = keras.ops.flip(mask, axis=1)
        return self.results(mask, None, [None] * self.returned_state_count())

    def returned_state_count(self) -> int:
        """Return the number of states that the layer returns."""
        return self.cell.state_count

    def get_initial_state(self, batch_size):
        """Return the default initial states, as the RNN layers of Keras do."""
        return self.cell.zero_state(batch_size)
