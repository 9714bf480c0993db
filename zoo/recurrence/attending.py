"""The recurrence of a cell that attends to given values. `d_x` is the gradient of x."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.recurrence.attending_step import AttendingStep, accumulate, accumulators, parameters
from zoo.recurrence.scan import scan, size, swap_batch_and_time, time_first_mask, with_gradient


def attend(
    cell,
    attention,
    projected,
    context_kernel,
    values,
    states,
    *,
    step_class=AttendingStep,
    step_weights=(),
    mask=None,
    values_mask=None,
    state_mask=None,
):
    """Run a cell over time that attends to `values` before each step.

        alpha_i = softmax_i score(h_{t-1}, y_i),   c_{t-1} = sum_i alpha_i y_i
        states_t = gates(projected_t + K_c c_{t-1}, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell: a `Cell`.
        attention: an `Attention`.
        projected: the part of the cell's product that needs no context, (B, Ty, blocks * units).
        context_kernel: K_c, (d, blocks * units).
        values: y, (B, Tx, d).
        states: those before the first step: of the cell, each (B, units), and more if the kind of step has more.
        step_class: the kind of step, `AttendingStep` or a subclass.
        step_weights: those that only this kind has.
        mask: (B, Ty), false where a step leaves the states unchanged.
        values_mask: (B, Tx), false where a value is padding.
        state_mask: (B, units), a factor of h_{t-1} before the product with U and the score; for dropout.

    Returns:
        The outputs (B, Ty, units), the last states and the weights alpha (B, Ty, Tx); outputs and weights are zero
        where the mask is false.
    """
    make = partial(
        AttendingRecurrence,
        step_class=step_class,
        cell=cell,
        attention=attention,
        mask=time_first_mask(mask),
        values_mask=values_mask,
        state_mask=state_mask,
    )
    tensors = [swap_batch_and_time(projected), values, attention.precompute(values)]
    tensors += [[*parameters(cell, attention, context_kernel), *step_weights], list(states)]
    outputs, alphas, *last = with_gradient(make, *tensors, written_out=attention.has_gradient)
    return swap_batch_and_time(outputs), last, swap_batch_and_time(alphas)


def attend_by_steps(layer, inputs, values, states, *, mask=None, values_mask=None):
    """Run a decoder over time by its `step` alone; a gradient of it is that of automatic differentiation.

    Args:
        layer: a layer with `units`, `attention` and `step`, as an `AttentionDecoder`.
        inputs: r, (B, Ty, n).
        values: y, (B, Tx, d).
        states: those before the first step, the first of them (B, units) the output.
        mask, values_mask: as in `attend`.

    Returns:
        The outputs, the last states and the weights, as `attend` does.
    """
    keys = layer.attention.precompute(values)

    def step(t, rows, states, memory):
        states, _, weights = layer.step(rows[0], states, values, keys, values_mask)
        return [states[0], weights], states, memory

    (outputs, weights), last, _ = scan(
        step,
        [swap_batch_and_time(inputs)],
        states,
        output_sizes=[layer.units, size(values, 1)],
        mask=time_first_mask(mask),
    )
    return swap_batch_and_time(outputs), last, swap_batch_and_time(weights)


@dataclass(eq=False)
class AttendingRecurrence:
    """The loop of `attend` and its gradient.

    Each step records the outputs of `AttendingStep.forward`.

    Args:
        projected: (Ty, B, blocks * units).
        values, keys: y, (B, Tx, d), and its keys (B, Tx, ...).
        parameters: the weights of the step.
        states, step_class, cell, attention, values_mask, state_mask: the arguments of `attend`.
        mask: (Ty, B, 1), or None.
    """

    projected: tf.Tensor
    values: tf.Tensor
    keys: tf.Tensor
    parameters: list
    states: list[tf.Tensor]
    _: KW_ONLY
    step_class: type[AttendingStep]
    cell: Any
    attention: Any
    mask: tf.Tensor | None
    values_mask: tf.Tensor | None
    state_mask: tf.Tensor | None

    def __post_init__(self):
        self.attending_step = self.step_class(self.cell, self.attention, self.state_mask, *self.parameters)

    def forward(self, keep):
        """Run the loop; see `Recurrence`."""
        sizes = self.attending_step.output_sizes(size(self.values, 1), keep)
        recorded, last, _ = scan(self.step, [self.projected], self.states, **sizes, mask=self.mask)
        outputs, alphas = recorded[:2]
        return [outputs, alphas, *last], recorded

    def step(self, t, rows, states, memory):
        """Do one step, as `scan` calls it."""
        (projected,) = rows
        outputs, after = self.attending_step.forward(projected, states, self.values, self.keys, self.values_mask)
        return outputs, after, memory

    def backward(self, recorded, d_outputs, d_alphas, *d_last):
        """Compute the gradients of the projected inputs, values, keys, parameters and first states."""
        rows = self.attending_step.before_gradient(recorded)
        (d_projected, d_queries, d_contexts), d_first, (d_keys, *d_summed) = scan(
            self.step_gradient,
            [d_outputs, d_alphas, *rows],
            d_last,
            output_sizes=[self.projected.shape[-1], *self.attending_step.query_sizes, self.values.shape[-1]],
            memory=accumulators([self.keys, *self.attending_step.summed_weights()]),
            mask=self.mask,
            reverse=True,
        )
        d_values = tf.einsum("tbs,tbd->bsd", recorded[1], d_contexts)  # alpha times d_context, summed over the steps
        d_parameters = self.attending_step.parameter_gradients(recorded, self.values, d_projected, d_queries, d_summed)
        return d_projected, d_values, tf.cast(d_keys, self.keys.dtype), d_parameters, d_first

    def step_gradient(self, t, rows, d_states, memory):
        """Compute the gradient of one step, as `scan` calls it; those of the keys and the score add up in `memory`."""
        d_rows, d_states, d_memory = self.attending_step.backward(rows, d_states, self.values, self.keys)
        return d_rows, d_states, accumulate(memory, d_memory)
