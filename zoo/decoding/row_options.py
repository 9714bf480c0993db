"""The options of decoding: one for all rows or one a row; Python numbers, or tensors that are inputs of a graph."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.errors import CallError


def bounded(name: str, value: Any, low: float, high: float, dtype: tf.DType, *, a_row: bool = False) -> Any:
    """Return an option that is a number from `low` to `high`, or such a number for each row where it may be that.

    Args:
        name: of the option, for the message.
        value: a Python number or a scalar tensor; or a list or a tensor of one number a row.
        low, high: the bounds; a high of infinity is none.
        dtype: tf.int32 for whole numbers, or tf.float32.
        a_row: whether it may be one number a row.

    Returns:
        A Python number when the value is one number and known now, else a tensor. A tensor that is not known now, the
        input of a graph, takes the nearest bound: the rows of a batch may come from several callers, and an error for
        one would be an error for all.

    Raises:
        CallError: the value is known now, and is out of bounds or no number.
    """
    known = tf.get_static_value(value) if tf.is_tensor(value) else value
    if known is None:
        value = tf.cast(value, dtype)
        value = tf.where(value >= low, value, tf.cast(low, dtype))  # not tf.maximum, which keeps NaN
        return value if math.isinf(high) else tf.minimum(value, tf.cast(high, dtype))
    if np.ndim(known) != 1 or not a_row:
        return _checked(name, known, low, high, dtype)
    return tf.constant([_checked(name, one, low, high, dtype) for one in known], dtype, shape=[len(known)])


def _checked(name, value, low, high, dtype):
    value = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    kinds = (int,) if dtype.is_integer else (int, float)
    most = min(high, dtype.max)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= most:
        kind = "a whole number" if dtype.is_integer else "a number"
        bounds = f"of at least {low}" if math.isinf(high) else f"from {low} to {high}"
        raise CallError(f"`{name}` must be {kind} {bounds}. Received: {name}={value!r}.")
    return value if dtype.is_integer else float(value)


def is_by_row(option: Any) -> bool:
    """Tell whether an option has a number for each row."""
    return tf.is_tensor(option) and option.shape.rank == 1


def by_row(option: Any, batch: Any) -> Any:
    """Return an option of one number a row as (B,), whether it came so or as (1,) for all; another as it is.

    Raises:
        CallError: there are more numbers or fewer than rows, as far as both are known now.
    """
    if not is_by_row(option):
        return option
    if isinstance(batch, int) and option.shape[0] not in (None, 1, batch):
        raise CallError(f"An option with a number for each row must have {batch}. Received: {option.shape[0]} numbers.")
    return tf.broadcast_to(option, [batch])


def column(option: Any) -> Any:
    """Return an option of one number a row as (B, 1), to go with (B, V); another as it is."""
    return tf.expand_dims(option, 1) if is_by_row(option) else option


def largest(option: Any, least: int) -> Any:
    """Return the largest number that an option has for a row, `least` where there is no row."""
    return tf.maximum(tf.reduce_max(option), least) if is_by_row(option) else option
