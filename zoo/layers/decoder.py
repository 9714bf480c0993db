"""The recurrent decoder with attention."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.errors import CallError
from zoo.layers.attention import Attention, ScoreName
from zoo.layers.base import StateDropout, as_mask
from zoo.layers.cell_layer import CellLayer
from zoo.layers.cells import CellName
from zoo.options import takes_options
from zoo.recurrence.attending import attend, attend_by_steps
from zoo.recurrence.attending_step import AttendingStep
from zoo.recurrence.products import affine
from zoo.recurrence.scan import for_litert


@keras.saving.register_keras_serializable(package="zoo")
class AttentionDecoder(CellLayer):
    """A recurrent decoder that attends to the encoder outputs before each step.

        alpha_i = softmax_i score(s_{t-1}, y_i)
        c_{t-1} = sum_i alpha_i y_i
        s_t = tanh(B [r_t; s_{t-1}; c_{t-1}] + b)

    r_t is `inputs` at t, y_i are `values`. B is `cell.kernel` (its parts for r_t and c_{t-1}, in this order) and
    `cell.recurrent_kernel` (its part for s_{t-1}); b is `cell.bias`. The context is computed from the state BEFORE the
    step. With `cell="gru"` or `"lstm"` this cell replaces tanh, and its input is [r_t; c_{t-1}].

    Args:
        units: the size of the state.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        attention: the score, "bahdanau", "dot" or "general", or an attention layer.
        return_state: also return the last states.
        return_weights: also return the attention weights of all steps.
        state_dropout: the dropout rate of the state before the products with it. The mask is the same at every step.

    Call arguments:
        inputs: r, (B, Ty, n), with at least one step.
        values: y, (B, Tx, d), with at least one value.
        initial_state: s_0, a list of (B, units): one tensor for tanh and gru, two for lstm; default: zeros. For tanh
            and gru also the tensor alone.
        mask: (B, Ty), false for padding of the inputs.
        values_mask: (B, Tx), false for padding of the values.

    Output shape: s (B, Ty, units). With `return_weights` or `return_state` a flat tuple,
    `outputs, weights, *states = layer(inputs, values)`: s, alpha (B, Ty, Tx) and the last states.

    Raises:
        CallError: an invalid argument, inputs without steps or no values.

    Source: Bahdanau, Cho, Bengio 2014, arXiv 1409.0473.
    """

    call_axes = {"inputs": ["B Ty n"], "values": ["B Tx d"]}
    by_steps = False  # run `step` over the time, with the gradient of automatic differentiation
    step_class: type[AttendingStep] = AttendingStep  # without `by_steps`: the step of the loop, and its gradient

    def __init_subclass__(cls, **kwargs):
        """Run a `step` that a subclass overrides, unless the subclass says that its loop does the same."""
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls) and "by_steps" not in vars(cls):
            cls.by_steps = True

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "tanh",
        attention: ScoreName | Attention = "bahdanau",
        return_state: Switch = False,
        return_weights: Switch = False,
        state_dropout: Share = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if self.by_steps and state_dropout:
            raise CallError(f"{type(self).__name__} has a `step` of its own, which has no state dropout.")
        self.cell = self.new_cell()
        self.units = units
        self.attention = self.new_attention(attention)
        self.return_state = return_state
        self.return_weights = return_weights
        self.state_dropout = StateDropout(state_dropout, dtype=self.dtype_policy)

    def build(self, inputs_shape, values_shape):
        """Create the weights of the cell and of the attention."""
        self.cell.build((None, inputs_shape[-1] + values_shape[-1]))
        if not self.attention.built:  # an attention layer from a config may be built already
            self.attention.build((None, self.units), values_shape)
        self.check_size_of(inputs_shape)
        self.built = True

    def call(self, inputs, values, initial_state=None, mask=None, values_mask=None, training=False, inputs_mask=None):
        """Return the states of all steps; see the class. Keras gives `inputs_mask` for `mask`."""
        mask, values_mask = as_mask(inputs_mask if mask is None else mask), as_mask(values_mask)
        initial_state = self.first_states(initial_state, values)
        if self.by_steps or for_litert():  # for LiteRT as in decoding: a .tflite stores each weight in one form
            outputs, states, weights = attend_by_steps(
                self, inputs, values, initial_state, mask=mask, values_mask=values_mask
            )
            return self.results(outputs, weights, states)
        kernel_r, kernel_c = self._split_kernel(inputs.shape[-1])
        outputs, states, weights = attend(
            self.cell,
            self.attention,
            affine(inputs, kernel_r, self.cast(self.cell.bias)),
            kernel_c,
            values,
            initial_state,
            step_class=self.step_class,
            step_weights=self.step_weights(),
            mask=mask,
            values_mask=values_mask,
            state_mask=self.state_dropout.mask(initial_state[0], training),
        )
        return self.results(outputs, weights, states)

    def start(self, cell_states, values):
        """Return the states before the first step, from those of the cell and the values."""
        return list(cell_states)

    def first_states(self, states, values):
        """Return the given initial states, or for None those that start from zeros.

        Raises:
            CallError: a wrong number of states.
        """
        if states is None:
            return self.start(self.cell.zero_state(tf.shape(values)[0]), values)
        states = list(states) if isinstance(states, list | tuple) else [states]
        if len(states) != self.returned_state_count():
            raise CallError(
                f"`initial_state` must be a list of {self.returned_state_count()} tensors for a layer "
                f"{type(self).__name__} with a {type(self.cell).__name__}. Received: {len(states)}."
            )
        return states

    def step_weights(self):
        """Return the weights that only this kind of step has, for a `step_class` with some."""
        return []

    def _split_kernel(self, input_size):
        """Return the parts of the kernel for r_t, used before the time loop, and for c_{t-1}, used in it."""
        kernel = self.cast(self.cell.kernel)
        return tf.split(kernel, [input_size, kernel.shape[0] - input_size])

    def step(self, inputs, states, values, keys=None, values_mask=None):
        """Do one step of decoding.

        Args:
            inputs: r_t, (B, n).
            states: the previous states.
            values: y, (B, Tx, d).
            keys: the result of `attention.precompute(values)`.
            values_mask: (B, Tx).

        Returns:
            The next states, the context c_{t-1} (B, d) and the weights alpha (B, Tx).
        """
        context, weights = self.attention(states[0], values, keys, values_mask=values_mask)
        _, states = self.cell(tf.concat([inputs, context], -1), states)
        return states, context, weights

    def compute_output_shape(self, inputs_shape, values_shape):
        """Return the shapes of the outputs of `call`."""
        outputs, weights = (*inputs_shape[:2], self.units), (*inputs_shape[:2], values_shape[1])
        return self.results(outputs, weights, [(inputs_shape[0], self.units)] * self.returned_state_count())

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "attention": keras.saving.serialize_keras_object(self.attention)}

    @classmethod
    def from_config(cls, config):
        """Return the layer with the config of `get_config`."""
        config = {**config, "attention": keras.saving.deserialize_keras_object(config["attention"])}
        return cls(**config)
