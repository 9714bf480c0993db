"""The time loop of every recurrence, forward and backward: one loop for training, serving and the phone.

Sequences are (T, B, n) in this file: the time axis is the first.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import tensorflow as tf


class _Tracing(NamedTuple):
    """Options of the graph that is traced now."""

    gradients: bool = True  # use the gradients that are written out
    litert: bool = False  # use only operations that LiteRT has


_tracing = contextvars.ContextVar("zoo_tracing", default=_Tracing())  # noqa: B039


@contextlib.contextmanager
def inference_graph(*, litert: bool = False) -> Iterator[None]:
    """Trace recurrences without the gradients that are written out, for a graph that only answers.

    A gradient that is taken all the same is the one of automatic differentiation.

    Args:
        litert: trace loops for LiteRT, which has no TensorArray of rows whose shape is only known at run time: the
            rows of a sequence are gathered from, and scattered into, plain tensors.
    """
    before = _tracing.set(_Tracing(gradients=False, litert=litert))
    try:
        yield
    finally:
        _tracing.reset(before)


def for_litert() -> bool:
    """Tell whether the graph that is traced now is for LiteRT."""
    return _tracing.get().litert


class Recurrence(Protocol):
    """A loop over given tensors together with its gradient, as `with_gradient` runs it."""

    def forward(self, keep: bool) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Run the loop.

        Args:
            keep: record the tensors that `backward` needs; false where no gradient is taken.

        Returns:
            The outputs, and the sequences that the steps recorded.
        """

    def backward(self, recorded: list[tf.Tensor], *d_outputs: tf.Tensor) -> Sequence[Any]:
        """Compute the gradients of the tensors, nested like them, from the recorded sequences and `d_outputs`."""


def with_gradient(make: Callable[..., Recurrence], *tensors: Any, written_out: bool = True) -> list[tf.Tensor]:
    """Return the outputs of a recurrence, whose gradient is its `backward`.

    Args:
        make: makes the recurrence from the tensors.
        tensors: everything that needs a gradient, in lists or not.
        written_out: false to use automatic differentiation instead of `backward`.
    """
    if not (_tracing.get().gradients and written_out):
        return make(*tensors).forward(keep=False)[0]

    @tf.custom_gradient
    def run(*tensors):
        recurrence = make(*tensors)
        outputs, recorded = recurrence.forward(keep=True)
        return outputs, lambda *d_outputs: recurrence.backward(recorded, *d_outputs)

    return run(*tensors)


def scan(
    step: Callable,
    inputs: Sequence[tf.Tensor],
    states: Sequence[tf.Tensor],
    *,
    output_sizes: Sequence[int | tf.Tensor],
    kept_sizes: Sequence[int] = (),
    memory: Sequence[tf.Tensor] = (),
    mask: tf.Tensor | None = None,
    reverse: bool = False,
) -> tuple[list[tf.Tensor], list[tf.Tensor], list[tf.Tensor]]:
    """Run `step` over the time axis.

    Where the mask is false a step leaves the states unchanged and its outputs are zero: padding, on either side,
    changes nothing. They are zero in what is returned: a step sees no difference.

    Args:
        step: `(t, inputs at t, states, memory) -> (outputs, states, memory)`, each a list; `t` is the index on the
            time axis, in reverse too.
        inputs: sequences (T, B, n).
        states: tensors (B, ...), carried from step to step.
        output_sizes: the last dimension of each output (B, size) that is recorded. A step may return more outputs:
            those after the last size are not recorded.
        kept_sizes: the last dimension of each further output that is recorded as it is: where the mask is false, it is
            not zero.
        memory: tensors carried from step to step, also where the mask is false.
        mask: (T, B, 1), true where there is an input.
        reverse: run from the last step to the first.

    Returns:
        The recorded outputs (T, B, size) in the order of time, the last states and the last memory.
    """
    first, sizes = inputs[0], [*output_sizes, *kept_sizes]
    batch, steps = size(first, 1), tf.shape(first)[0]
    read = [_reader(sequence) for sequence in inputs]
    read_mask = None if mask is None else _reader(tf.cast(mask, tf.int32))

    def body(k, outputs, states, memory):
        t = steps - 1 - k if reverse else k
        new_outputs, new_states, memory = step(t, [read_row(t) for read_row in read], states, memory)
        if read_mask is not None:
            valid = read_mask(t) > 0  # (B, 1)
            new_states = [tf.where(valid, *pair) for pair in zip(new_states, states, strict=True)]
        outputs = [_write(rows, t, row) for rows, row in zip(outputs, new_outputs[: len(outputs)], strict=True)]
        return k + 1, outputs, list(new_states), list(memory)

    outputs = [_new_rows(steps, batch, width, first.dtype) for width in sizes]
    _, outputs, states, memory = tf.while_loop(
        lambda k, *_: k < steps,
        body,
        (tf.constant(0), outputs, list(states), list(memory)),
        maximum_iterations=steps,
        parallel_iterations=1,
    )
    outputs = [_finish(rows, first.shape[:2], width) for rows, width in zip(outputs, sizes, strict=True)]
    if mask is not None:  # here, at once: in the loop it would be two operations more for each output
        count = len(output_sizes)
        outputs[:count] = [tf.where(mask, rows, tf.zeros_like(rows)) for rows in outputs[:count]]
    return outputs, list(states), list(memory)


def size(tensor, axis):
    """Return the size of an axis: a number where it is known, else a scalar tensor."""
    known = tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known


def swap_batch_and_time(sequence):
    """Transpose (B, T, n) to (T, B, n), or back."""
    return tf.transpose(sequence, [1, 0, 2])


def time_first_mask(mask):
    """Transpose a mask (B, T) to (T, B, 1); None stays None."""
    return None if mask is None else tf.expand_dims(tf.transpose(mask), -1)


# The rows of a sequence are in a TensorArray where TensorFlow runs the loop: no row is copied when another is written.
# They are in a plain tensor where LiteRT runs it. No other file depends on the difference.


def _reader(rows):
    if for_litert():
        return lambda t: tf.gather(rows, t)
    return tf.TensorArray(rows.dtype, size=tf.shape(rows)[0]).unstack(rows).read


def _new_rows(steps, batch, width, dtype):
    if for_litert():
        return tf.zeros([steps, batch, width], dtype)
    return tf.TensorArray(dtype, size=steps)


def _write(rows, t, row):
    if for_litert():
        return tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))
    return rows.write(t, row)


def _finish(rows, steps_and_batch, width):
    sequence = rows if for_litert() else rows.stack()
    sequence.set_shape([*steps_and_batch, width if isinstance(width, int) else None])
    return sequence
