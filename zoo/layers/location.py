"""The recurrent decoder whose attention knows where it was before."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.layers.attention import Attention, ScoreName
from zoo.layers.cells import CellName
from zoo.layers.decoder import AttentionDecoder
from zoo.options import takes_options
from zoo.recurrence.location_step import LocationStep
from zoo.recurrence.scan import size


@keras.saving.register_keras_serializable(package="zoo")
class LocationDecoder(AttentionDecoder):
    """A recurrent decoder with location-aware attention, which depends on its previous weights too.

        f_t = F * alpha_{t-1},   alpha_0 = 0
        alpha_{t,i} = softmax_i v^T tanh(W_q s_{t-1} + W_k y_i + U f_{t,i})
        c_t = sum_i alpha_{t,i} y_i,   s_t = cell([r_t; c_t], s_{t-1})

    r_t is `inputs` at t, y_i are `values`. f_{t,i} is what the filters F (`filter_kernel`) see of the previous weights
    around i; U is `location_kernel`. So the attention can go on from where it was, which the content alone does not
    tell where a text repeats itself. With the scores "general" and "dot", U f_{t,i} is added to the key of y_i, the
    factor of s_{t-1}.

    Args:
        units: the size of the state.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        attention: the score, "bahdanau", "dot" or "general", or an attention layer.
        filters: the number of filters.
        filter_width: the number of positions that a filter sees; an odd number has i in its middle.
        return_state: also return the last states.
        return_weights: also return the attention weights of all steps.
        state_dropout: the dropout rate of the state before the products with it. The mask is the same at every step.

    Call arguments:
        inputs: r, (B, Ty, n), with at least one step.
        values: y, (B, Tx, d), with at least one value.
        initial_state: the initial states of the cell, each (B, units), and alpha_0 (B, Tx), a list; default: zeros.
        mask: (B, Ty), false for padding of the inputs.
        values_mask: (B, Tx), false for padding of the values.

    Output shape: s (B, Ty, units). With `return_weights` or `return_state` a flat tuple,
    `outputs, weights, *states = layer(inputs, values)`: s, alpha (B, Ty, Tx) and the last states: those of the cell,
    then alpha.

    Raises:
        CallError: an invalid argument, inputs without steps or no values.

    Source: Chorowski et al. 2015, "Attention-based models for speech recognition", arXiv 1506.07503, equations 8 and 9.
    """

    by_steps = False  # `step` is for decoding; the loop makes the same step faster
    step_class = LocationStep

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "tanh",
        attention: ScoreName | Attention = "bahdanau",
        filters: Size = 8,
        filter_width: Size = 7,
        return_state: Switch = False,
        return_weights: Switch = False,
        state_dropout: Share = 0.0,
        **kwargs,
    ):
        returned = {"return_state": return_state, "return_weights": return_weights}
        super().__init__(units, cell=cell, attention=attention, state_dropout=state_dropout, **returned, **kwargs)
        self.filters = filters
        self.filter_width = filter_width

    def build(self, inputs_shape, values_shape):
        """Create the weights of the cell and of the attention, F and U."""
        super().build(inputs_shape, values_shape)
        key_size = self.attention.key_size(self.units, values_shape[-1])
        filters = (self.filter_width, 1, self.filters)
        self.filter_kernel = self.add_weight(shape=filters, initializer="glorot_uniform", name="filter_kernel")
        location = (self.filters, key_size)
        self.location_kernel = self.add_weight(shape=location, initializer="glorot_uniform", name="location_kernel")

    def start(self, cell_states, values):
        """Return the states before the first step: those of the cell, and zeros for the weights."""
        return [*cell_states, tf.zeros([tf.shape(values)[0], size(values, 1)], self.compute_dtype)]

    def returned_state_count(self):
        """Return the number of states: those of the cell and the weights."""
        return self.cell.state_count + 1

    def step_weights(self):
        """Return F U, (filter_width, size of a key), which the loop multiplies the previous weights with."""
        return [tf.matmul(self.cast(self.filter_kernel)[:, 0], self.cast(self.location_kernel))]

    def step(self, inputs, states, values, keys=None, values_mask=None):
        """Do one step of decoding.

        Args:
            inputs: r_t, (B, n).
            states: the previous states of the cell, and alpha_{t-1} (B, Tx).
            values: y, (B, Tx, d).
            keys: the result of `attention.precompute(values)`.
            values_mask: (B, Tx).

        Returns:
            The next states, the context c_t (B, d) and the weights alpha_t (B, Tx).
        """
        *cell_states, weights = states
        keys = self.attention.precompute(values) if keys is None else keys
        seen = tf.nn.conv1d(tf.expand_dims(weights, -1), self.cast(self.filter_kernel), 1, "SAME")  # (B, Tx, filters)
        location = (seen, self.cast(self.location_kernel))
        context, weights = self.attention(cell_states[0], values, keys, values_mask=values_mask, location=location)
        _, cell_states = self.cell(tf.concat([inputs, context], -1), cell_states)
        return [*cell_states, weights], context, weights

    def compute_output_shape(self, inputs_shape, values_shape):
        """Return the shapes of the outputs of `call`."""
        batch, steps, _ = inputs_shape
        states = [*[(batch, self.units)] * self.cell.state_count, (batch, values_shape[1])]
        return self.results((batch, steps, self.units), (batch, steps, values_shape[1]), states)
