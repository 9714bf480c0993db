"""One step of a recurrence whose attention knows where it was, and its gradient. `d_x` is the gradient of x."""

from dataclasses import dataclass

import tensorflow as tf

from zoo.recurrence.attending_step import AttendingStep
from zoo.recurrence.products import LoopMatrix
from zoo.recurrence.scan import size


@dataclass(eq=False)
class LocationStep(AttendingStep):
    """One step of a cell with location-aware attention, and its gradient.

    It is an `AttendingStep` whose keys change with the weights before the step, which are the last of its states
    (B, Tx):

        keys_{t,i} = keys_i + sum_k alpha_{t-1, i + k - (K - 1) // 2} G_k,   k = 0 .. K - 1

    Args:
        window_kernel: G, (K, size of a key).
    """

    window_kernel: tf.Tensor

    def __post_init__(self):
        super().__post_init__()
        self.window_matrix = LoopMatrix.both_ways(self.window_kernel)

    def summed_weights(self):
        """Return the weights whose gradients are summed over the steps: those of the score, and G."""
        return [*super().summed_weights(), self.window_kernel]

    def output_sizes(self, slots, keep):
        """Return the sizes of the outputs of a step; see `AttendingStep`."""
        sizes = super().output_sizes(slots, keep)
        return {**sizes, "kept_sizes": [*sizes["kept_sizes"], *([slots] if keep else [])]}

    def forward(self, projected, states, values, keys, valid):
        """Do one step; see `AttendingStep`. The weights before it are the last of its outputs."""
        *states, last_alpha = states
        outputs, after = super().forward(projected, states, values, keys, valid, self._location(last_alpha))
        return [*outputs, last_alpha], [*after, outputs[1]]

    def _location(self, last_alpha):
        return windows(last_alpha, self.window_kernel.shape[0]), self.window_matrix

    def before_gradient(self, recorded):
        """Prepare `backward`; see `AttendingStep`."""
        *recorded, last_alpha = recorded
        return [last_alpha, *super().before_gradient(recorded)]

    def backward(self, rows, d_states, values, keys):
        """Compute the gradient of one step; see `AttendingStep`. That of G is the last of those of the weights."""
        d_output, d_alpha, last_alpha, *rows = rows
        *d_states, d_state_alpha = d_states
        rows = [d_output, d_alpha + d_state_alpha, *rows]
        d_rows, d_states, (*d_summed, d_windows, d_window_kernel) = super().backward(
            rows, d_states, values, keys, self._location(last_alpha)
        )
        return d_rows, [*d_states, windows_gradient(d_windows)], [*d_summed, d_window_kernel]

    def parameter_gradients(self, recorded, values, d_projected, d_queries, d_summed):
        """Compute the gradients of the parameters; see `AttendingStep`."""
        *d_summed, d_window_kernel = d_summed
        d_parameters = super().parameter_gradients(recorded[:-1], values, d_projected, d_queries, d_summed)
        return [*d_parameters, tf.cast(d_window_kernel, self.window_kernel.dtype)]


def windows(weights, width):
    """Return what a filter sees around each position of rows (B, T): (B, T, width), zeros beyond the ends."""
    identity = tf.expand_dims(tf.eye(width, dtype=weights.dtype), 1)
    return tf.nn.conv1d(tf.expand_dims(weights, -1), identity, 1, "SAME")  # on a CPU faster than a stack of slices


def windows_gradient(d_windows):
    """Return the gradient of the rows from that of their `windows`."""
    width, count = d_windows.shape[-1], size(d_windows, 1)
    first = (width - 1) // 2
    shifted = [tf.pad(column, [[0, 0], [k, width - 1 - k]]) for k, column in enumerate(tf.unstack(d_windows, axis=-1))]
    return tf.add_n(shifted)[:, first : first + count]
