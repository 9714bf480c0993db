"""The parts that all ways of decoding share: the length limit, the forbidden tokens and the output buffers."""

import math
from typing import Any

import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES, NEVER, PAD
from zoo.decoding.row_options import bounded
from zoo.recurrence.scan import for_litert


def answer_room(max_length: Any) -> tuple[Any, int]:
    """Return the limit on the length of an output, scalar or (B,), and the number of steps that the buffers hold.

    For a Python number the buffers hold that many steps; a tensor is at most 256, and the buffers hold 256.

    Raises:
        CallError: an invalid `max_length`.
    """
    high = math.inf if isinstance(max_length, int) else MAX_TARGET_PIECES
    limit = bounded("max_length", max_length, 1, high, tf.int32, per_row=True)
    return limit, limit if isinstance(limit, int) else MAX_TARGET_PIECES


def log_softmax(logits: tf.Tensor) -> tf.Tensor:
    """Return the log-probabilities (..., V) in float32."""
    return tf.nn.log_softmax(tf.cast(logits, tf.float32))


def forbidden(logits: tf.Tensor, start_id: int) -> tf.Tensor:
    """Return the mask (V,) to add to log-probabilities: `NEVER` for padding and start, which are never decoded."""
    return tf.reduce_sum(tf.one_hot([PAD, start_id], tf.shape(logits)[-1], on_value=NEVER), axis=0)


def write_row(buffer: tf.Tensor, t: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """Return a buffer (T, ...) with row `t` replaced."""
    return tf.tensor_scatter_nd_update(buffer, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))


def first_rows(buffer: tf.Tensor, length: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Return the first `length` rows of a buffer along an axis, at least one.

    With no step there is one row of padding, because LiteRT cannot return a tensor without elements. In a LiteRT graph
    with static shapes all rows are returned, so that the shape of the output is static too.
    """
    if for_litert() and buffer.shape.is_fully_defined():
        return buffer
    return tf.gather(buffer, tf.range(tf.maximum(length, 1)), axis=axis)
