"""What every way of decoding shares: the first step, what may be answered, and rows written into a buffer."""

import math
from typing import Any

import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES, NEVER, PAD, START
from zoo.decoding.row_options import bounded
from zoo.recurrence.scan import for_litert


def answer_room(max_length: Any) -> tuple[Any, int]:
    """Return the bound on the length of an answer, or of each row's, and how many steps the buffers hold.

    A Python number has a buffer of its size; a tensor is at most 128, the size of the buffer then.

    Raises:
        CallError: a bad `max_length`.
    """
    number = isinstance(max_length, int)
    limit = bounded("max_length", max_length, 1, math.inf if number else MAX_TARGET_PIECES, tf.int32, a_row=True)
    return limit, limit if isinstance(limit, int) else MAX_TARGET_PIECES


def log_softmax(logits: tf.Tensor) -> tf.Tensor:
    """Return the log-probabilities (..., V) in float32."""
    return tf.nn.log_softmax(tf.cast(logits, tf.float32))


def never_answered(logits: tf.Tensor) -> tf.Tensor:
    """Return what to add to log-probabilities, (V,): `NEVER` for padding and start."""
    return tf.reduce_sum(tf.one_hot([PAD, START], tf.shape(logits)[-1], on_value=NEVER), axis=0)


def put(rows: tf.Tensor, t: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """Return the rows (T, ...) with one replaced."""
    return tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))


def first(rows: tf.Tensor, length: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Return the first rows along an axis; all, where LiteRT is to know the shape of the answer beforehand.

    One at least, of padding when there is none: LiteRT cannot be asked for a tensor without elements.
    """
    if for_litert() and rows.shape.is_fully_defined():
        return rows
    return tf.gather(rows, tf.range(tf.maximum(length, 1)), axis=axis)
