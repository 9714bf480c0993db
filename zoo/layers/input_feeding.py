"""The recurrent decoder that attends after each step and reads what it attended to in the next one."""

import keras
import tensorflow as tf

from zoo.checks import Size, Switch
from zoo.layers.attention import Attention, ScoreName
from zoo.layers.cells import CellName
from zoo.layers.decoder import AttentionDecoder
from zoo.layers.dense import TanhDense
from zoo.options import takes_options


@keras.saving.register_keras_serializable(package="zoo")
class InputFeedingDecoder(AttentionDecoder):
    """A recurrent decoder that attends to the encoder outputs after each step, with input feeding.

        s_t = cell([r_t; a_{t-1}], s_{t-1}),   a_0 = 0
        alpha_i = softmax_i score(s_t, y_i),   c_t = sum_i alpha_i y_i
        a_t = tanh(W [c_t; s_t] + b)

    r_t is `inputs` at t, y_i are `values`. a, the attentional vector, is the output and a part of the next input. W is
    `combine.kernel`, b is `combine.bias`. Where `AttentionDecoder` attends with the state BEFORE the step, this layer
    attends with the state AFTER it. The gradient is that of automatic differentiation: with the additive score a
    training step keeps numbers for each pair of an input and a value.

    Args:
        units: the size of the state and of the attentional vector.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        attention: the score, "bahdanau", "dot" or "general", or an attention layer.
        return_state: also return the last states.
        return_weights: also return the attention weights of all steps.

    Call arguments:
        inputs: r, (B, Ty, n), with at least one step.
        values: y, (B, Tx, d), with at least one value.
        initial_state: a_0 and the initial states of the cell, a list of (B, units); default: zeros.
        mask: (B, Ty), false for padding of the inputs.
        values_mask: (B, Tx), false for padding of the values.

    Output shape: a (B, Ty, units). With `return_weights` or `return_state` a flat tuple,
    `outputs, weights, *states = layer(inputs, values)`: a, alpha (B, Ty, Tx) and the last states: a, then those of the
    cell.

    Raises:
        CallError: an invalid argument, inputs without steps or no values.

    Source: Luong, Pham, Manning 2015, arXiv 1508.04025, equation 5 and section 3.3.
    """

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "lstm",
        attention: ScoreName | Attention = "general",
        return_state: Switch = False,
        return_weights: Switch = False,
        **kwargs,
    ):
        returned = {"return_state": return_state, "return_weights": return_weights}
        super().__init__(units, cell=cell, attention=attention, state_dropout=0.0, **returned, **kwargs)
        self.combine = TanhDense(units, dtype=self.dtype_policy, trainable=self.trainable, name="combine")

    def build(self, inputs_shape, values_shape):
        """Create the weights of the cell, of the attention and of W."""
        self.cell.build((None, inputs_shape[-1] + self.units))
        if not self.attention.built:  # an attention layer from a config may be built already
            self.attention.build((None, self.units), values_shape)
        self.combine.build((None, values_shape[-1] + self.units))
        self.check_size_of(inputs_shape)
        self.built = True

    def start(self, cell_states, values):
        """Return the states before the first step: zeros for the attentional vector, and those of the cell."""
        return [tf.zeros_like(cell_states[0]), *cell_states]

    def step(self, inputs, states, values, keys=None, values_mask=None):
        """Do one step of decoding.

        Args:
            inputs: r_t, (B, n).
            states: a_{t-1} and the previous states of the cell.
            values: y, (B, Tx, d).
            keys: the result of `attention.precompute(values)`.
            values_mask: (B, Tx).

        Returns:
            The next states, a_t first, the context c_t (B, d) and the weights alpha (B, Tx).
        """
        attended, *cell_states = states
        output, cell_states = self.cell(tf.concat([inputs, attended], -1), cell_states)
        context, weights = self.attention(output, values, keys, values_mask=values_mask)
        return [self.combine(tf.concat([context, output], -1)), *cell_states], context, weights

    def returned_state_count(self):
        """Return the number of states: the attentional vector and those of the cell."""
        return 1 + self.cell.state_count
