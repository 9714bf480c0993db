"""The time loop of every recurrence, forwards and backwards: one loop for training, serving and the phone.

Sequences have the time axis first here.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf


class _Tracing(NamedTuple):
    """How the loops that are built now are traced."""

    gradients: bool = True  # with the gradients that are written out
    litert: bool = False  # with operations that LiteRT has


_tracing = contextvars.ContextVar("zoo_tracing", default=_Tracing())  # noqa: B039


@contextlib.contextmanager
def inference_graph(*, litert: bool = False) -> Iterator[None]:
    """Trace recurrences without their hand-written gradients, for a graph that only answers.

    Args:
        litert: trace loops for LiteRT too, which has no TensorArray of rows whose shape is only known at run time:
            the rows of a sequence are gathered from, and scattered into, plain tensors.
    """
    before = _tracing.set(_Tracing(gradients=False, litert=litert))
    try:
        yield
    finally:
        _tracing.reset(before)


def for_litert() -> bool:
    """Tell whether the graph that is traced now is one for LiteRT."""
    return _tracing.get().litert


def with_gradient(forward: Callable, *tensors: Any, written_out: bool = True) -> list[tf.Tensor]:
    """Return what `forward(keep, *tensors)` gives, with the gradient that it brings along.

    Args:
        forward: returns a list of tensors, and the function from their gradients to those of `tensors`, which it may
            only call when it was told to keep what that needs.
        tensors: all that a gradient is wanted for, in lists or not.
        written_out: false to let TensorFlow find the gradient.
    """
    if not (_tracing.get().gradients and written_out):
        return forward(False, *tensors)[0]
    return tf.custom_gradient(lambda *given: forward(True, *given))(*tensors)


def scan(
    step: Callable,
    inputs: Sequence[tf.Tensor],
    states: Sequence[tf.Tensor],
    *,
    output_sizes: Sequence[int | tf.Tensor],
    memory: Sequence[tf.Tensor] = (),
    mask: tf.Tensor | None = None,
    reverse: bool = False,
) -> tuple[list[tf.Tensor], list[tf.Tensor], list[tf.Tensor]]:
    """Run `step` over the time axis.

    Where the mask is false a step leaves the states as they were and its outputs are zero, so
    padding, on either side, changes nothing.

    Args:
        step: `(t, inputs at t, states, memory) -> (outputs, states, memory)`, each a list; `t` counts
            along the time axis even in reverse.
        inputs: sequences (T, B, n).
        states: tensors (B, ...), carried from step to step.
        output_sizes: the last dimension of each output (B, size) of a step.
        memory: tensors carried from step to step without regard to the mask.
        mask: (T, B, 1), true where there is an input.
        reverse: begin at the last step.

    Returns:
        The outputs (T, B, size) in the order of time, the last states and the last memory.
    """
    first = inputs[0]
    batch, steps = size(first, 1), tf.shape(first)[0]
    read = [_reader(sequence) for sequence in inputs]
    here = None if mask is None else _reader(tf.cast(mask, tf.int32))

    def body(k, outputs, states, memory):
        t = steps - 1 - k if reverse else k
        new_outputs, new_states, memory = step(t, [row(t) for row in read], states, memory)
        if here is not None:
            valid = here(t) > 0  # (B, 1)
            new_states = [tf.where(valid, new, old) for new, old in zip(new_states, states, strict=True)]
            new_outputs = [tf.where(valid, row, tf.zeros_like(row)) for row in new_outputs]
        outputs = [_write(rows, t, row) for rows, row in zip(outputs, new_outputs, strict=True)]
        return k + 1, outputs, list(new_states), list(memory)

    _, outputs, states, memory = tf.while_loop(
        lambda k, *_: k < steps,
        body,
        (
            tf.constant(0),
            [_new_rows(steps, batch, size, first.dtype) for size in output_sizes],
            list(states),
            list(memory),
        ),
        maximum_iterations=steps,
        parallel_iterations=1,
    )
    outputs = [_finish(rows, first.shape[:2], size) for rows, size in zip(outputs, output_sizes, strict=True)]
    return outputs, list(states), list(memory)


def size(tensor, axis):
    """Return a dimension: the number where it is known, else the tensor that will hold it."""
    known = tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known


# Rows of a sequence. A TensorArray where TensorFlow runs the loop: no row is copied when another is written.
# Plain tensors where LiteRT does. Nothing else in the zoo knows the difference.


def _reader(rows):
    if for_litert():
        return lambda t: tf.gather(rows, t)
    return tf.TensorArray(rows.dtype, size=tf.shape(rows)[0]).unstack(rows).read


def _new_rows(steps, batch, size, dtype):
    if for_litert():
        return tf.zeros([steps, batch, size], dtype)
    return tf.TensorArray(dtype, size=steps)


def _write(rows, t, row):
    if for_litert():
        return tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))
    return rows.write(t, row)


def _finish(rows, steps_and_batch, size):
    sequence = rows if for_litert() else rows.stack()
    sequence.set_shape([*steps_and_batch, size if isinstance(size, int) else None])
    return sequence
