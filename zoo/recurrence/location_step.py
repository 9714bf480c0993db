"""One step of a recurrence whose attention knows where it was, and its gradient. `d_x` is the gradient of x."""

from dataclasses import dataclass

import tensorflow as tf

from zoo.recurrence.attending_step import AttendingStep
from zoo.recurrence.scan import size


@dataclass(eq=False)
class LocationStep(AttendingStep):
    """One step of a cell with location-aware attention, and its gradient.

    It is an `AttendingStep` whose keys change with the weights before the step:

        keys_{t,i} = keys_i + sum_k alpha_{t-1, i + k - (K - 1) // 2} G_k,   k = 0 .. K - 1

    The weights alpha_{t-1} (B, Tx) are the last of its states.

    Args:
        location_kernel: G, (K, size of a key).
    """

    location_kernel: tf.Tensor

    def summed_weights(self):
        """Return the weights whose gradients are summed over the steps."""
        return [*super().summed_weights(), self.location_kernel]

    def output_sizes(self, slots, keep):
        """Return the sizes of the outputs of a step; see `AttendingStep`."""
        sizes = super().output_sizes(slots, keep)
        return {**sizes, "kept_sizes": [*sizes["kept_sizes"], *([slots] if keep else [])]}

    def score(self, query, keys):
        """Return the scores of a query; `keys` are the keys and what the filters see of the weights before."""
        keys, seen = keys
        return self.attention.score_at(query, keys, self.score_weights, seen, self.location_kernel)

    def score_gradient(self, d_scores, query, keys):
        """Return the gradients as `AttendingStep` does, then that of what the filters see."""
        keys, seen = keys
        given = [query, keys, self.score_weights, seen, self.location_kernel]
        d_query, d_keys, d_weights, d_seen, d_kernel = self.attention.score_at_gradient(d_scores, *given)
        return d_query, [d_keys, *d_weights, d_kernel, d_seen]

    def forward(self, projected, states, values, keys, valid):
        """Do one step; see `AttendingStep`. The weights before the step are the last of its outputs."""
        *states, before = states
        outputs, after = super().forward(projected, states, values, (keys, self._seen(before)), valid)
        return [*outputs, before], [*after, outputs[1]]

    def _seen(self, weights):
        return windows(weights, self.location_kernel.shape[0])

    def before_gradient(self, recorded):
        """Prepare `backward`; see `AttendingStep`."""
        *recorded, before = recorded
        return [before, *super().before_gradient(recorded)]

    def backward(self, rows, d_states, values, keys):
        """Compute the gradient of one step; see `AttendingStep`."""
        d_output, d_alpha, before, *rows = rows
        *d_states, d_after = d_states
        rows = [d_output, d_alpha + d_after, *rows]
        d_rows, d_states, (*d_summed, d_seen) = super().backward(rows, d_states, values, (keys, self._seen(before)))
        return d_rows, [*d_states, windows_gradient(d_seen)], d_summed

    def parameter_gradients(self, recorded, values, d_projected, d_queries, d_summed):
        """Compute the gradients of the parameters; see `AttendingStep`."""
        *d_summed, d_location_kernel = d_summed
        d_parameters = super().parameter_gradients(recorded[:-1], values, d_projected, d_queries, d_summed)
        return [*d_parameters, tf.cast(d_location_kernel, self.location_kernel.dtype)]


def windows(weights, width):
    """Return what a filter sees around each position of rows (B, T): (B, T, width), zeros beyond the ends."""
    each_position = tf.expand_dims(tf.eye(width, dtype=weights.dtype), 1)  # a convolution copies faster than slices do
    return tf.nn.conv1d(tf.expand_dims(weights, -1), each_position, 1, "SAME")


def windows_gradient(d_windows):
    """Return the gradient of the rows from that of their `windows`."""
    width, count = d_windows.shape[-1], size(d_windows, 1)
    before = (width - 1) // 2
    parts = enumerate(tf.unstack(d_windows, axis=-1))
    d_padded = tf.add_n([tf.pad(part, [[0, 0], [k, width - 1 - k]]) for k, part in parts])
    return d_padded[:, before : before + count]
