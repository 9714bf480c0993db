"""The gradients of one step of a cell and of its recurrent weights, for every recurrence. `d_x` is the gradient of x.

A recurrence records the output of each step, the states before it and the tensors that the cell's `gates` kept, in
this order.
"""

import tensorflow as tf

from zoo.recurrence.products import outer


def cell_derivatives(cell, recorded):
    """Return the derivatives of all steps of a cell, before the loop of the gradient, which passes them on one by one.

    Args:
        cell: a `Cell`.
        recorded: the outputs, the states before the steps and the tensors that `gates` kept, each (T, B, units).
    """
    output, *recorded = recorded
    return cell.derivatives(output, recorded[: cell.state_count], recorded[cell.state_count :])


def cell_gradient(cell, d_states, d_output, derivatives):
    """Compute the gradient of one step of a cell.

    Args:
        cell: a `Cell`.
        d_states: the gradients of the states after the step.
        d_output: the gradient of the step's output, which is the first of these states.
        derivatives: those of this step, see `cell_derivatives`.

    Returns:
        The gradients of the projected input, of the product U h_{t-1} + b_u, and of the states before the step; the
        last without the part that comes through the product.
    """
    return cell.gates_gradient([d_states[0] + d_output, *d_states[1:]], derivatives)


def recurrent_weights_gradient(cell, weights, d_projected, before_and_kept, state_mask):
    """Compute the gradients of U and b_u, each in one product or sum over all steps.

    Args:
        cell: a `Cell`.
        weights: its `recurrent_weights()`.
        d_projected: the gradients of the projected inputs, (T, B, blocks * units).
        before_and_kept: the states before each step and the tensors that `gates` kept, each (T, B, units).
        state_mask: the dropout mask of the states (B, units), or None.
    """
    d_product = cell.product_gradient(d_projected, before_and_kept[cell.state_count :])
    d_kernel = outer(drop(before_and_kept[0], state_mask), d_product)
    return [d_kernel, *(tf.reduce_sum(d_product, [0, 1]) for _ in weights[1:])]


def drop(states, state_mask):
    """Multiply states with their dropout mask, if there is one."""
    return states if state_mask is None else states * state_mask
