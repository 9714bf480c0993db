"""The recurrence of a cell that attends to its own earlier outputs. `d_x` is the gradient of x."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.recurrence.attending_step import AttendingStep, accumulate, accumulators, parameters
from zoo.recurrence.products import LoopMatrix, outer, times_weights, wide
from zoo.recurrence.scan import scan, size, swap_batch_and_time, time_first_mask, with_gradient


def self_attend(cell, attention, projected, context_kernel, states, *, mask=None, reverse=False, state_mask=None):
    """Run a cell over time that attends to its own earlier outputs before each step.

        alpha_i = softmax_i score(h_{t-1}, h_i), i < t,   c_{t-1} = sum_{i<t} alpha_i h_i
        states_t = gates(projected_t + K_c c_{t-1}, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell: a `Cell`.
        attention: an `Attention`.
        projected: the part of the cell's product that needs no context, (B, T, blocks * units).
        context_kernel: K_c, (units, blocks * units).
        states: those before the first step, each (B, units).
        mask: (B, T), false where a step leaves the states unchanged and no later step attends to it.
        reverse: run from the last step to the first, and attend to later outputs.
        state_mask: (B, units), a factor of h_{t-1} before the product with U and the score; for dropout.

    Returns:
        The outputs (B, T, units), the last states and the weights alpha (B, T, T); outputs and weights are zero
        where the mask is false.
    """
    make = partial(
        SelfAttendingRecurrence,
        cell=cell,
        attention=attention,
        mask=time_first_mask(mask),
        valid=True if mask is None else mask,
        reverse=reverse,
        state_mask=state_mask,
    )
    tensors = [swap_batch_and_time(projected), attention.key_weights()]
    tensors += [parameters(cell, attention, context_kernel), list(states)]
    outputs, alphas, *last = with_gradient(make, *tensors, written_out=attention.has_gradient)
    return swap_batch_and_time(outputs), last, swap_batch_and_time(alphas)


def empty_memory(batch, slots, units, key_weights, dtype):
    """Return a memory without outputs yet: zeros (B, slots, units), and their keys (B, slots, size of a key)."""
    values = tf.zeros([batch, slots, units], dtype)
    return [values, times_weights(values, key_weights)]


def remember(memory, t, rows):
    """Write a row (B, n) into slot t of each tensor (B, slots, n) of the memory."""
    here = tf.reshape(tf.equal(tf.range(tf.shape(memory[0])[1]), t), [1, -1, 1])
    return [
        tf.where(here, tf.expand_dims(tf.cast(row, slots.dtype), 1), slots)
        for row, slots in zip(rows, memory, strict=True)
    ]


@dataclass(eq=False)
class SelfAttendingRecurrence:
    """The loop of `self_attend` and its gradient.

    The memory of the forward loop holds the outputs so far and their keys; see `remember`. Each step records the
    outputs of `AttendingStep.forward`.

    Args:
        projected: (T, B, blocks * units).
        key_weights: the matrix, in a list, that makes keys of outputs; an empty list where the outputs are the keys.
        parameters: the weights of the `AttendingStep`.
        states, cell, attention, reverse, state_mask: the arguments of `self_attend`.
        mask: (T, B, 1), or None.
        valid: (B, T), false where no step attends to the output; or True.
    """

    projected: tf.Tensor
    key_weights: list[tf.Tensor]
    parameters: list
    states: list[tf.Tensor]
    _: KW_ONLY
    cell: Any
    attention: Any
    mask: tf.Tensor | None
    valid: tf.Tensor | bool
    reverse: bool
    state_mask: tf.Tensor | None

    def __post_init__(self):
        self.attending_step = AttendingStep(self.cell, self.attention, self.state_mask, *self.parameters)
        self.slots = size(self.projected, 0)
        self.slot_numbers = tf.expand_dims(tf.range(self.slots), 0)

    def forward(self, keep):
        """Run the loop; see `Recurrence`."""
        batch, dtype = size(self.projected, 1), self.projected.dtype
        recorded, last, _ = scan(
            self.step,
            [self.projected],
            self.states,
            **self.attending_step.output_sizes(self.slots, keep),
            memory=empty_memory(batch, self.slots, self.cell.units, self.key_weights, dtype),
            mask=self.mask,
            reverse=self.reverse,
        )
        outputs, alphas = recorded[:2]
        return [outputs, alphas, *last], recorded

    def step(self, t, rows, states, memory):
        """Do one step, as `scan` calls it."""
        (projected,), (values, keys) = rows, memory
        earlier = self.slot_numbers > t if self.reverse else self.slot_numbers < t
        outputs, after = self.attending_step.forward(
            projected, states, values, keys, tf.logical_and(self.valid, earlier)
        )
        return outputs, after, remember(memory, t, [after[0], times_weights(after[0], self.key_weights)])

    def backward(self, recorded, d_outputs, d_alphas, *d_last):
        """Compute the gradients of the projected inputs, the matrix of the keys, the parameters and the first states.

        The memory of this loop sums the gradients of the values, the keys and the score's weights.
        """
        rows = self.attending_step.before_gradient(recorded)
        if self.key_weights:
            self.key_matrix = LoopMatrix(self.key_weights[0])
            self.key_matrix.before_gradient()
        values = swap_batch_and_time(recorded[0])
        keys = times_weights(values, self.key_weights)
        (d_projected, d_queries), d_first, (_, d_keys, *d_summed) = scan(
            partial(self.step_gradient, values, keys),
            [d_outputs, d_alphas, *rows],
            d_last,
            output_sizes=[self.projected.shape[-1], *self.attending_step.query_sizes],
            memory=accumulators([values, keys, *self.attending_step.summed_weights()]),
            mask=self.mask,
            reverse=not self.reverse,
        )
        d_key_weights = [outer(values, tf.cast(d_keys, values.dtype)) for _ in self.key_weights]
        d_parameters = self.attending_step.parameter_gradients(recorded, values, d_projected, d_queries, d_summed)
        return d_projected, d_key_weights, d_parameters, d_first

    def step_gradient(self, values, keys, t, rows, d_states, memory):
        """Compute the gradient of one step; all steps that attend to its output have added theirs to the memory."""
        d_output, d_alpha, alpha, *rest = rows
        d_value, d_key = (tf.cast(tf.gather(total, t, axis=1), d_output.dtype) for total in memory[:2])
        if self.key_weights:
            d_key = self.key_matrix.times_transposed(d_key)
        rows = [d_output + (d_value + d_key), d_alpha, alpha, *rest]
        (d_projected, d_query, d_context), d_states, d_memory = self.attending_step.backward(
            rows, d_states, values, keys
        )
        d_values = tf.expand_dims(alpha, -1) * tf.expand_dims(wide(d_context), 1)
        return [d_projected, d_query], d_states, accumulate(memory, [d_values, *d_memory])
