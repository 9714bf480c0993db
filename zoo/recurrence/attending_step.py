"""One step of a recurrence that attends, and its gradient. `d_x` is the gradient of x."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.recurrence.products import outer


@dataclass
class AttendingStep:
    """One step of a cell that attends, and the way back through it; shared by the two recurrences that attend.

    The product of h_{t-1} with U and that with the query's matrix are one. The matrices are transposed before the loop,
    once, since a product of few rows with a transposed matrix is the faster one.
    """

    cell: Any
    attention: Any
    state_mask: tf.Tensor | None
    context_kernel: tf.Tensor
    weights: list
    query_weights: list
    score_weights: list

    def __post_init__(self):
        self.joint = tf.concat([self.weights[0], *self.query_weights], 1)
        self.turned = tf.transpose(self.joint), tf.transpose(self.context_kernel)
        self.query_sizes = [one.shape[-1] for one in self.query_weights] or [self.cell.units]

    def sizes(self, slots):
        """Return the sizes of what `forward` returns: h, alpha, and what `backward` needs."""
        kept = [self.cell.units] * (self.cell.state_count + self.cell.kept_count)
        return [self.cell.units, slots, *self.query_sizes, *kept]

    def forward(self, projected, states, values, keys, valid):
        """Return the states after the step, and h, alpha, the query, the states before, what the gates keep."""
        turned, turned_context_kernel = self.turned
        h = masked(states[0], self.state_mask)
        joint = tf.matmul(h, turned, transpose_b=True)
        width = self.weights[0].shape[-1]
        product, query = tf.split(joint, [width, *self.query_sizes], -1) if self.query_weights else (joint, h)
        context, alpha = self.attention.attend(query, values, keys, self.score_weights, valid)
        projected += tf.matmul(context, turned_context_kernel, transpose_b=True)
        after, kept = self.cell.gates(projected, self.cell.add_bias(product, self.weights), states)
        return after, [after[0], alpha, query, *states, *kept]

    def backward(self, rows, d_states, values, keys):
        """Go back through one step.

        Args:
            rows: the gradients of h and alpha, and what `forward` returned.
            d_states: the gradients of the states after the step.
            values, keys: as `forward` had them.

        Returns:
            The gradients of the projected input, the query and the context; of the states before; of the keys and
            of each weight of the score.
        """
        d_output, d_alpha, output, alpha, query, *rows = rows
        d_projected, d_product, d_states = cell_gradient(self.cell, d_states, [d_output, output, *rows])
        d_context = tf.matmul(d_projected, self.context_kernel, transpose_b=True)
        d_alpha += tf.squeeze(tf.matmul(values, tf.expand_dims(d_context, -1)), -1)
        d_scores = _softmax_gradient(d_alpha, alpha)
        d_query, d_keys, d_weights = self.attention.score_gradient(d_scores, query, keys, self.score_weights)
        if self.query_weights:
            d_h = tf.matmul(tf.concat([d_product, d_query], -1), self.joint, transpose_b=True)
        else:
            d_h = tf.matmul(d_product, self.joint, transpose_b=True) + d_query
        d_states[0] += masked(d_h, self.state_mask)
        return [d_projected, d_query, d_context], d_states, [d_keys, *d_weights]

    def gradients(self, kept, alphas, values, d_projected, d_queries, d_score_weights):
        """Return the gradients of the parameters, in their order, from the sequences of what `backward` returned."""
        _, *kept = kept  # the queries
        contexts = tf.einsum("tbs,bsd->tbd", alphas, values)
        return [
            outer(contexts, d_projected),
            weights_gradient(self.cell, self.weights, kept, d_projected, self.state_mask),
            [outer(masked(kept[0], self.state_mask), d_queries) for _ in self.query_weights],
            [tf.cast(d, one.dtype) for d, one in zip(d_score_weights, self.score_weights, strict=True)],
        ]


def _softmax_gradient(d_alpha, alpha):
    """Return the gradient of the scores, whose sum is zero: in float32 or wider, since it is a small difference.

    Weights of less than that do not sum to one, but for this they have to.
    """
    if alpha.dtype.size >= 4:
        return alpha * (d_alpha - tf.reduce_sum(alpha * d_alpha, -1, keepdims=True))
    wide = tf.cast(alpha, tf.float32)
    wide = tf.math.divide_no_nan(wide, tf.reduce_sum(wide, -1, keepdims=True))
    return tf.cast(_softmax_gradient(tf.cast(d_alpha, tf.float32), wide), alpha.dtype)


def cell_gradient(cell, d_states, rows):
    """Return the gradients of a cell's projected input, product and states before.

    `rows` are the gradient of h, h, the states before and what the gates kept.
    """
    d_output, output, *rows = rows
    before, kept = rows[: cell.state_count], rows[cell.state_count :]
    d_projected, d_states = cell.gates_gradient([d_states[0] + d_output, *d_states[1:]], output, before, kept)
    return d_projected, cell.product_gradient(d_projected, kept), d_states


def weights_gradient(cell, weights, kept, d_projected, state_mask):
    """Return the gradients of U and b_u; the sequences `kept` are the states before and what the gates kept."""
    d_product = cell.product_gradient(d_projected, kept[cell.state_count :])
    return [outer(masked(kept[0], state_mask), d_product), *(tf.reduce_sum(d_product, [0, 1]) for _ in weights[1:])]


def masked(h, state_mask):
    """Return the states with what is dropped set to zero."""
    return h if state_mask is None else h * state_mask
