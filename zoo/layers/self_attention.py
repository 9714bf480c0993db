"""The recurrent network that attends to its own earlier outputs."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.errors import CallError
from zoo.layers.attention import Attention, ScoreName
from zoo.layers.base import StateDropout, as_mask
from zoo.layers.cell_layer import CellLayer
from zoo.layers.cells import CellName
from zoo.options import takes_options
from zoo.recurrence.products import affine, times_weights
from zoo.recurrence.self_attending import empty_memory, remember, self_attend


@keras.saving.register_keras_serializable(package="zoo")
class SelfAttentionRNN(CellLayer):
    """A recurrent network that attends to its own earlier outputs before each step.

        alpha_i = softmax_i score(y_{t-1}, y_i),  i < t
        c_{t-1} = sum_{i<t} alpha_i y_i,  c_0 = 0
        y_t = tanh(B [x_t; y_{t-1}; c_{t-1}] + b)

    B is `cell.kernel` (its parts for x_t and c_{t-1}, in this order) and `cell.recurrent_kernel` (its part for
    y_{t-1}); b is `cell.bias`. With `cell="gru"` or `"lstm"` this cell replaces tanh, and its input is [x_t; c_{t-1}].

    Args:
        units: the size of the state.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        attention: the score, "bahdanau", "dot" or "general", or an attention layer.
        return_sequences: return the outputs of all steps instead of the last one.
        return_state: also return the last states, with which `step` continues.
        return_weights: also return the attention weights of all steps.
        reverse: run from the last step to the first, attending to later outputs.
        go_backwards: run on the reversed sequence, as in Keras: all results are in the order of that sequence.
        state_dropout: the dropout rate of the state before the products with it. The mask is the same at every step.

    Call arguments:
        inputs: x, (B, T, n), with at least one step.
        mask: (B, T), false for padding, which changes neither the states nor the result.
        initial_state: the initial states of the cell, a list of (B, units) or, for tanh and gru, a tensor; default:
            zeros.
        room: the number of further steps that the returned states must have room for.

    Output shape: (B, units), or (B, T, units) with `return_sequences` (zeros for padding). With `return_weights` or
    `return_state` a flat tuple, `outputs, weights, *states = layer(inputs)`: the output, the weights (B, T, T), which
    are strictly lower triangular (upper with `reverse`), and the last states. These are the states of the cell; the
    memory of earlier outputs and their keys, (B, T + room, ...); the mask of the memory, (B, T + room); and the number
    of steps.

    Raises:
        CallError: an invalid argument, or inputs without steps.

    Source: Cheng, Dong, Lapata 2016, arXiv 1601.06733 (LSTMN), here with a tanh cell by default.
    """

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "tanh",
        attention: ScoreName | Attention = "bahdanau",
        return_sequences: Switch = False,
        return_state: Switch = False,
        return_weights: Switch = False,
        reverse: Switch = False,
        go_backwards: Switch = False,
        state_dropout: Share = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = self.new_cell()
        self.units = units
        self.attention = self.new_attention(attention)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.return_weights = return_weights
        self.reverse = reverse
        self.go_backwards = go_backwards
        self.state_dropout = StateDropout(state_dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        """Create the weights of the cell and of the attention."""
        self.cell.build((None, input_shape[-1] + self.units))
        if not self.attention.built:  # an attention layer from a config may be built already
            self.attention.build((None, self.units), (None, None, self.units))
        self.check_size_of(input_shape)
        self.built = True

    def call(self, inputs, mask=None, initial_state=None, room=0, training=False, inputs_mask=None):
        """Return the outputs of the sequence; see the class. Keras gives `inputs_mask` if it gives no `mask`."""
        mask = as_mask(inputs_mask if mask is None else mask)
        initial_state = self.cell.first_states(initial_state, tf.shape(inputs)[0])
        kernel_x, kernel_c = self._split_kernel()
        outputs, states, weights = self_attend(
            self.cell,
            self.attention,
            affine(inputs, kernel_x, self.cast(self.cell.bias)),
            kernel_c,
            initial_state,
            mask=mask,
            reverse=self.runs_backwards,
            state_mask=self.state_dropout.mask(initial_state[0], training),
        )
        outputs, weights = self.in_order(outputs), self.in_order(weights, [1, 2])
        if self.return_state:
            mask = None if mask is None else self.in_order(mask)
            states = [*states, *self._memory(outputs, mask, room), tf.shape(inputs)[1]]
        return self.results(outputs if self.return_sequences else states[0], weights, states)

    def _memory(self, outputs, mask, room):
        """Return the outputs, their keys and their mask, each padded with `room` empty slots."""
        valid = tf.ones(tf.shape(outputs)[:2], tf.int32) if mask is None else tf.cast(mask, tf.int32)
        slots = [[0, 0], [0, room]]
        values = tf.pad(outputs, [*slots, [0, 0]])
        return values, self.attention.precompute(values), tf.pad(valid, slots) > 0  # LiteRT cannot pad booleans

    def _split_kernel(self):
        """Return the parts of the kernel for x_t, used before the time loop, and for c_{t-1}, used in it."""
        kernel = self.cast(self.cell.kernel)
        return tf.split(kernel, [kernel.shape[0] - self.units, self.units])

    def initial_state(self, batch_size, room: int = 0):
        """Return the initial states, with room for `room` steps."""
        valid = tf.zeros([batch_size, room], tf.bool)
        memory = empty_memory(batch_size, room, self.units, self.attention.key_weights(), self.compute_dtype)
        return [*self.cell.zero_state(batch_size), *memory, valid, tf.constant(0)]

    def step(self, inputs, states):
        """Do one step of decoding.

        Args:
            inputs: x_t, (B, n).
            states: the previous states, or the result of `initial_state` or of `call`.

        Returns:
            The output (B, units) and the next states.

        Raises:
            CallError: the states have no room for another step; in a graph that is not seen.
        """
        *cell_states, values, keys, valid, t = states
        steps, slots = tf.get_static_value(t), values.shape[1]
        if steps is not None and slots is not None and steps >= slots:
            raise CallError(f"The states have room for {slots} steps: call the layer with more `room`.")
        context, _ = self.attention(cell_states[0], values, keys, valid)
        output, cell_states = self.cell(tf.concat([inputs, context], -1), cell_states)
        memory = remember([values, keys], t, [output, times_weights(output, self.attention.key_weights())])
        valid = tf.logical_or(valid, tf.expand_dims(tf.equal(tf.range(tf.shape(values)[1]), t), 0))
        return output, [*cell_states, *memory, valid, t + 1]

    def returned_state_count(self):
        """Return the number of states that the layer returns: those of the cell and the memory."""
        return self.cell.state_count + 4

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs of `call` without room."""
        batch, steps, _ = input_shape
        state, values = (batch, self.units), (batch, steps, self.units)
        keys = (batch, steps, self.attention.key_size(self.units, self.units))
        states = [*[state] * self.cell.state_count, values, keys, (batch, steps), ()]
        return self.results(values if self.return_sequences else state, (batch, steps, steps), states)

    def compute_output_spec(self, *args, **kwargs):
        """Return the outputs of a symbolic call. Their dtypes differ, and `room` changes their shapes."""
        return keras.Operation.compute_output_spec(self, *args, **kwargs)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "attention": keras.saving.serialize_keras_object(self.attention)}

    @classmethod
    def from_config(cls, config):
        """Return the layer with the config of `get_config`."""
        config = {**config, "attention": keras.saving.deserialize_keras_object(config["attention"])}
        return cls(**config)
