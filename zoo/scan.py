"""The time loop that every recurrent layer of the zoo runs in: one loop for training, serving and the phone."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

_litert = False


@contextlib.contextmanager
def litert_graph() -> Iterator[None]:
    """Trace loops for LiteRT, which has no TensorArray of rows whose shape is only known at run time.

    Inside the block the rows of a sequence are gathered from, and scattered into, plain tensors.
    """
    global _litert
    before, _litert = _litert, True
    try:
        yield
    finally:
        _litert = before


def scan(
    step: Callable,
    inputs: tf.Tensor,
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
        step: `(t, inputs at t (B, n), states, memory) -> (outputs, states, memory)`, each but the
            inputs a list; `t` counts along the time axis even in reverse.
        inputs: (B, T, n).
        states: tensors (B, ...), carried from step to step.
        output_sizes: the last dimension of each output (B, size) of a step.
        memory: tensors carried from step to step without regard to the mask.
        mask: (B, T), true where there is an input.
        reverse: begin at the last step.

    Returns:
        The outputs (B, T, size) in the order of time, the last states and the last memory.
    """
    batch, steps = _size(inputs, 0), tf.shape(inputs)[1]
    read_inputs = _reader(_swap_time(inputs))
    here = None if mask is None else _reader(_swap_time(tf.cast(tf.expand_dims(mask, -1), inputs.dtype)))

    def body(k, outputs, states, memory):
        t = steps - 1 - k if reverse else k
        new_outputs, new_states, memory = step(t, read_inputs(t), states, memory)
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
            [_new_rows(steps, batch, size, inputs.dtype) for size in output_sizes],
            list(states),
            list(memory),
        ),
        maximum_iterations=steps,
    )
    outputs = [_finish(rows, inputs.shape[:2], size) for rows, size in zip(outputs, output_sizes, strict=True)]
    return outputs, list(states), list(memory)


def _size(tensor, axis):
    """Return a dimension: the number where it is known, else the tensor that will hold it."""
    known = tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known


def _swap_time(tensor):
    return tf.transpose(tensor, [1, 0, 2])


# Rows of a sequence. A TensorArray where TensorFlow runs the loop: its gradient costs one row a step.
# Plain tensors where LiteRT does. Nothing else in the zoo knows the difference.


def _reader(rows):
    if _litert:
        return lambda t: tf.gather(rows, t)
    return tf.TensorArray(rows.dtype, size=tf.shape(rows)[0]).unstack(rows).read


def _new_rows(steps, batch, size, dtype):
    if _litert:
        return tf.zeros([steps, batch, size], dtype)
    return tf.TensorArray(dtype, size=steps)


def _write(rows, t, row):
    if _litert:
        return tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))
    return rows.write(t, row)


def _finish(rows, batch_and_steps, size):
    sequence = _swap_time(rows if _litert else rows.stack())
    sequence.set_shape([*batch_and_steps, size if isinstance(size, int) else None])
    return sequence
