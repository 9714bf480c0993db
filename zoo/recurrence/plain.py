"""The recurrence of a cell alone. `d_x` is the gradient of x.

The recurrences of this folder have their gradients written out, which does two things that automatic differentiation
cannot: it computes the gradient of a matrix that every step uses in one product after the loop, and it computes
tanh(W_q s + W_k y) again instead of keeping it. No tensor of size Ty * Tx * units is kept: apart from the attention
weights, memory grows with Ty + Tx.

The public functions take and return sequences (B, T, n); the classes work on (T, B, n).
"""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.recurrence.cell_step import cell_derivatives, cell_gradient, drop, recurrent_weights_gradient
from zoo.recurrence.products import LoopMatrix
from zoo.recurrence.scan import scan, swap_batch_and_time, time_first_mask, with_gradient


def recur(cell, projected, states, *, mask=None, reverse=False, state_mask=None):
    """Run a cell over time.

        states_t = gates(projected_t, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell: a `Cell`.
        projected: the inputs, multiplied by the cell's `project`, (B, T, blocks * units).
        states: those before the first step, each (B, units).
        mask: (B, T), false where a step leaves the states unchanged.
        reverse: run from the last step to the first.
        state_mask: (B, units), a factor of h_{t-1} before the product with U; for dropout.

    Returns:
        The outputs (B, T, units), zero where the mask is false, and the last states.
    """
    make = partial(PlainRecurrence, cell=cell, mask=time_first_mask(mask), reverse=reverse, state_mask=state_mask)
    tensors = [swap_batch_and_time(projected), cell.recurrent_weights(), list(states)]
    outputs, *last = with_gradient(make, *tensors)
    return swap_batch_and_time(outputs), last


@dataclass(eq=False)
class PlainRecurrence:
    """The loop of `recur` and its gradient.

    Each step records its output, the states before it and the tensors that `gates` kept.

    Args:
        projected: the projected inputs, (T, B, blocks * units).
        recurrent_weights: [U] or [U, b_u].
        states, cell, reverse, state_mask: the arguments of `recur`.
        mask: (T, B, 1), or None.
    """

    projected: tf.Tensor
    recurrent_weights: list[tf.Tensor]
    states: list[tf.Tensor]
    _: KW_ONLY
    cell: Any
    mask: tf.Tensor | None
    reverse: bool
    state_mask: tf.Tensor | None

    def __post_init__(self):
        self.recurrent_kernel = LoopMatrix(self.recurrent_weights[0])

    def forward(self, keep):
        """Run the loop; see `Recurrence`."""
        recorded, last, _ = scan(
            self.step,
            [self.projected],
            self.states,
            output_sizes=[self.cell.units],
            kept_sizes=[self.cell.units] * (keep * (self.cell.state_count + self.cell.kept_count)),
            mask=self.mask,
            reverse=self.reverse,
        )
        return [recorded[0], *last], recorded

    def step(self, t, rows, states, memory):
        """Do one step, as `scan` calls it."""
        (projected,) = rows
        product = self.recurrent_kernel.times(drop(states[0], self.state_mask))
        product = self.cell.add_bias(product, self.recurrent_weights)
        after, kept = self.cell.gates(projected, product, states)
        return [after[0], *states, *kept], after, memory

    def backward(self, recorded, d_outputs, *d_last):
        """Compute the gradients of the projected inputs, the recurrent weights and the first states."""
        self.recurrent_kernel.before_gradient()
        (d_projected,), d_first, _ = scan(
            self.step_gradient,
            [d_outputs, *cell_derivatives(self.cell, recorded)],
            d_last,
            output_sizes=[self.projected.shape[-1]],
            mask=self.mask,
            reverse=not self.reverse,
        )
        d_weights = recurrent_weights_gradient(
            self.cell, self.recurrent_weights, d_projected, recorded[1:], self.state_mask
        )
        return d_projected, d_weights, d_first

    def step_gradient(self, t, rows, d_states, memory):
        """Compute the gradient of one step, as `scan` calls it."""
        d_output, *derivatives = rows
        d_projected, d_product, d_states = cell_gradient(self.cell, d_states, d_output, derivatives)
        d_h = self.recurrent_kernel.times_transposed(d_product)
        d_states[0] += drop(d_h, self.state_mask)
        return [d_projected], d_states, memory
