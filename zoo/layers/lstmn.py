"""The long short-term memory that keeps all its outputs and cells, and attends to them."""

import keras
import tensorflow as tf

from zoo.checks import Size, Switch
from zoo.errors import CallError
from zoo.layers.base import as_mask
from zoo.layers.cell_layer import CellLayer
from zoo.options import takes_options
from zoo.recurrence.products import times_weights
from zoo.recurrence.scan import scan, size, swap_batch_and_time, time_first_mask
from zoo.recurrence.self_attending import remember


@keras.saving.register_keras_serializable(package="zoo")
class LSTMN(CellLayer):
    """The long short-term memory-network: an LSTM that steps from a weighted sum of all earlier states.

        alpha_i = softmax_i v^T tanh(W_k h_i + W_q [x_t; h'_{t-1}]),  i < t
        h'_t = sum_{i<t} alpha_i h_i,   m'_t = sum_{i<t} alpha_i m_i,   both zero at the first step
        h_t, m_t = lstm(x_t, h'_t, m'_t)

    W_k, W_q and v are those of `attention`, a `BahdanauAttention`; lstm is `cell`, an `LSTMCell`. Where
    `SelfAttentionRNN` adds the context to the input of a step, this layer puts it in the place of the previous state.

    Its gradient is that of automatic differentiation, so a training step keeps numbers for every pair of steps: memory
    grows with B T^2 units.

    Args:
        units: the size of the state.
        return_sequences: return the outputs of all steps instead of the last one.
        return_state: also return the last states.
        return_weights: also return the attention weights of all steps.
        reverse: run from the last step to the first, attending to later outputs.
        go_backwards: run on the reversed sequence, as in Keras: all results are in the order of that sequence.

    Call arguments:
        inputs: x, (B, T, n), with at least one step.
        mask: (B, T), false for padding, which changes neither the states nor the result.
        initial_state: None, for `keras.layers.Bidirectional`.
        room: for layers that go on step by step; not used.

    Output shape: (B, units), or (B, T, units) with `return_sequences` (zeros for padding). With `return_weights` or
    `return_state` a flat tuple, `outputs, weights, h, m = layer(inputs)`: the output, the weights (B, T, T), which are
    strictly lower triangular (upper with `reverse`), and h and m after the last step.

    Raises:
        CallError: an invalid argument, inputs without steps, or an `initial_state`.

    Source: Cheng, Dong, Lapata 2016, arXiv 1601.06733, section 3.1.
    """

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        return_sequences: Switch = False,
        return_state: Switch = False,
        return_weights: Switch = False,
        reverse: Switch = False,
        go_backwards: Switch = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = self.new_cell("lstm")
        self.units = units
        self.attention = self.new_attention("bahdanau")
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.return_weights = return_weights
        self.reverse = reverse
        self.go_backwards = go_backwards

    def build(self, input_shape):
        """Create the weights of the cell and of the attention."""
        self.cell.build(input_shape)
        self.attention.build((None, input_shape[-1] + self.units), (None, None, self.units))
        self.check_size_of(input_shape)
        self.built = True

    def call(self, inputs, mask=None, initial_state=None, room=0, training=False):
        """Return the outputs of the sequence; see the class."""
        if initial_state is not None:
            raise CallError("An LSTMN begins from zeros: it has no `initial_state`.")
        mask = as_mask(mask)
        batch_size, slots = tf.shape(inputs)[0], size(inputs, 1)
        zero = self.cell.zero_state(batch_size)[0]
        numbers, key_weights = tf.expand_dims(tf.range(slots), 0), self.attention.key_weights()

        def step(t, rows, states, memory):
            (x, projected), (_, _, summary), (tape, keys) = rows, states, memory
            earlier = numbers > t if self.runs_backwards else numbers < t
            valid = earlier if mask is None else tf.logical_and(mask, earlier)
            before, weights = self.attention(tf.concat([x, summary], -1), tape, keys, valid)
            summary, m = tf.split(before, 2, -1)
            h, m = self.cell.step(projected, [summary, m])
            memory = remember(memory, t, [tf.concat([h, m], -1), times_weights(h, key_weights)])
            return [h, weights], [h, m, summary], memory

        tape = tf.zeros([batch_size, slots, 2 * self.units], self.compute_dtype)
        (outputs, weights), (h, m, _), _ = scan(
            step,
            [swap_batch_and_time(inputs), swap_batch_and_time(self.cell.project(inputs))],
            [zero, zero, zero],
            output_sizes=[self.units, slots],
            memory=[tape, times_weights(tape[..., : self.units], key_weights)],
            mask=time_first_mask(mask),
            reverse=self.runs_backwards,
        )
        outputs, weights = self.in_order(swap_batch_and_time(outputs)), swap_batch_and_time(weights)
        return self.results(outputs if self.return_sequences else h, self.in_order(weights, [1, 2]), [h, m])

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs of `call`."""
        batch, steps, _ = input_shape
        state, outputs = (batch, self.units), (batch, steps, self.units)
        return self.results(outputs if self.return_sequences else state, (batch, steps, steps), [state, state])
