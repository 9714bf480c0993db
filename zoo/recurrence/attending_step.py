"""One step of a recurrence that attends, and its gradient. `d_x` is the gradient of x."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.recurrence.cell_step import cell_derivatives, cell_gradient, drop, recurrent_weights_gradient
from zoo.recurrence.products import LoopMatrix, outer, wide


@dataclass(eq=False)
class AttendingStep:
    """One step of a cell that attends, and its gradient; shared by the two recurrences that attend.

        alpha_i = softmax_i score(h_{t-1}, y_i),   c_{t-1} = sum_i alpha_i y_i
        states_t = gates(projected_t + K_c c_{t-1}, U h_{t-1} + b_u, states_{t-1})

    U and the matrix of the query, side by side, are `joint_kernel`: one product of h_{t-1} gives both.

    Args:
        cell: a `Cell`.
        attention: an `Attention`.
        state_mask: the dropout mask of h_{t-1} (B, units), or None.
        context_kernel: K_c, (d, blocks * units).
        recurrent_weights: [U] or [U, b_u].
        query_weights, score_weights: those of the attention.
    """

    cell: Any
    attention: Any
    state_mask: tf.Tensor | None
    context_kernel: tf.Tensor
    recurrent_weights: list[tf.Tensor]
    query_weights: list[tf.Tensor]
    score_weights: list[tf.Tensor]

    def __post_init__(self):
        self.joint_kernel = LoopMatrix(tf.concat([self.recurrent_weights[0], *self.query_weights], 1))
        self.context_matrix = LoopMatrix(self.context_kernel)
        self.query_sizes = [kernel.shape[-1] for kernel in self.query_weights] or [self.cell.units]

    def summed_weights(self):
        """Return the weights whose gradients are summed over the steps: those of the score."""
        return self.score_weights

    def output_sizes(self, slots, keep):
        """Return the sizes of the outputs of a step that attends to `slots` values, as the arguments of `scan`.

        With `keep` the tensors that the gradient needs are recorded too.
        """
        kept = [*self.query_sizes, *[self.cell.units] * (self.cell.state_count + self.cell.kept_count)]
        return {"output_sizes": [self.cell.units, slots], "kept_sizes": kept if keep else []}

    def forward(self, projected, states, values, keys, valid, location=None):
        """Do one step.

        Args:
            projected: the projected input, (B, blocks * units).
            states: those before the step, each (B, units).
            values, keys: y, (B, Tx, d), and its keys (B, Tx, ...).
            valid: (B, Tx), false where a value gets no weight; or None.
            location: an argument of the attention's `attend`, or None.

        Returns:
            The outputs of the step: h, alpha, the query, the states before the step and the tensors that the gates
            kept. Then the states after the step.
        """
        h = drop(states[0], self.state_mask)
        joint = self.joint_kernel.times(h)
        product, query = self._split(joint) if self.query_weights else (joint, h)
        given = {} if location is None else {"location": location}
        context, alpha = self.attention.attend(query, values, keys, self.score_weights, valid, **given)
        projected += self.context_matrix.times(context)
        after, kept = self.cell.gates(projected, self.cell.add_bias(product, self.recurrent_weights), states)
        return [after[0], alpha, query, *states, *kept], after

    def _split(self, joint):
        return tf.split(joint, [self.recurrent_weights[0].shape[-1], *self.query_sizes], -1)

    def before_gradient(self, recorded):
        """Prepare `backward`; call it outside the loop.

        Args:
            recorded: the outputs of `forward` at all steps, time first.

        Returns:
            The sequences whose rows `backward` takes after the gradients of h and alpha.
        """
        self.joint_kernel.before_gradient()
        self.context_matrix.before_gradient()
        output, alpha, query, *before_and_kept = recorded
        return [_exact_weights(alpha), query, *cell_derivatives(self.cell, [output, *before_and_kept])]

    def backward(self, rows, d_states, values, keys, location=None):
        """Compute the gradient of one step.

        Args:
            rows: the gradients of h and alpha, then the rows of what `before_gradient` returned.
            d_states: the gradients of the states after the step.
            values, keys, location: the arguments of `forward`.

        Returns:
            The gradients of the projected input, the query and the context; of the states before the step; of the
            keys and of each weight of the score; with a location also of its two tensors.
        """
        d_output, d_alpha, alpha, query, *derivatives = rows
        d_projected, d_product, d_states = cell_gradient(self.cell, d_states, d_output, derivatives)
        d_context = self.context_matrix.times_transposed(d_projected)
        d_alpha += tf.squeeze(tf.matmul(values, tf.expand_dims(d_context, -1)), -1)
        d_scores = _softmax_gradient(d_alpha, alpha)
        given = [d_scores, query, keys, self.score_weights]
        if location is None:
            d_query, d_keys, d_weights, *d_location = self.attention.score_gradient(*given)
        else:
            d_query, d_keys, d_weights, *d_location = self.attention.score_at_gradient(*given, *location)
        if self.query_weights:
            d_h = self.joint_kernel.times_transposed(tf.concat([d_product, d_query], -1))
        else:
            d_h = self.joint_kernel.times_transposed(d_product) + d_query
        d_states[0] += drop(d_h, self.state_mask)
        return [d_projected, d_query, d_context], d_states, [d_keys, *d_weights, *d_location]

    def parameter_gradients(self, recorded, values, d_projected, d_queries, d_summed):
        """Compute the gradients of `parameters`, in their order.

        Args:
            recorded: the outputs of `forward` at all steps, time first.
            values: y, (B, Tx, d).
            d_projected, d_queries: their gradients at all steps, time first.
            d_summed: the gradients of the `summed_weights`.
        """
        _, alphas, _, *before_and_kept = recorded
        contexts = tf.einsum("tbs,bsd->tbd", alphas, values)
        h = drop(before_and_kept[0], self.state_mask)
        return [
            outer(contexts, d_projected),
            recurrent_weights_gradient(
                self.cell, self.recurrent_weights, d_projected, before_and_kept, self.state_mask
            ),
            [outer(h, d_queries) for _ in self.query_weights],
            [tf.cast(d, weight.dtype) for d, weight in zip(d_summed, self.score_weights, strict=True)],
        ]


def parameters(cell, attention, context_kernel):
    """Return the weights of an `AttendingStep`, in the order of its arguments."""
    return [context_kernel, cell.recurrent_weights(), attention.query_weights(), attention.score_weights()]


def accumulators(tensors):
    """Return zeros shaped like the tensors, to sum gradients over the steps: in float32 or wider."""
    return [tf.zeros_like(wide(tensor)) for tensor in tensors]


def accumulate(sums, terms):
    """Add to each sum its term, in the dtype of the sum."""
    return [total + tf.cast(term, total.dtype) for total, term in zip(sums, terms, strict=True)]


def _exact_weights(alpha):
    """Return attention weights in float32 or wider; those of a narrower dtype are normalised again.

    They do not sum to one exactly, which the small difference in `_softmax_gradient` needs.
    """
    if alpha.dtype.size >= 4:
        return alpha
    alpha = wide(alpha)
    return tf.math.divide_no_nan(alpha, tf.reduce_sum(alpha, -1, keepdims=True))


def _softmax_gradient(d_alpha, alpha):
    """Compute the gradient of the scores, whose sum is zero: in float32 or wider, as a small difference."""
    d_alpha = wide(d_alpha)
    return alpha * (d_alpha - tf.reduce_sum(alpha * d_alpha, -1, keepdims=True))
