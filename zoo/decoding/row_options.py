"""Decoding options: one value for all rows or one per row, as Python numbers or as input tensors of a graph."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.errors import CallError


def bounded(name: str, value: Any, low: float, high: float, dtype: tf.DType, *, per_row: bool = False) -> Any:
    """Return an option whose value is between `low` and `high`.

    Args:
        name: the name of the option, for the error message.
        value: a Python number or a scalar tensor; or a list or a tensor with one value per row.
        low, high: the bounds; `math.inf` for no upper bound.
        dtype: tf.int32 for whole numbers, or tf.float32.
        per_row: allow one value per row.

    Returns:
        A Python number for a single value that is known statically, else a tensor. An input tensor of a graph is
        clipped to the bounds: a batch may hold rows of several callers, and an error for one row would fail them all.

    Raises:
        CallError: the value is known statically, and is out of bounds or not a number.
    """
    known = tf.get_static_value(value) if tf.is_tensor(value) else value
    if known is None:
        value = tf.cast(value, dtype)
        value = tf.where(value >= low, value, tf.cast(low, dtype))  # tf.maximum would keep NaN
        return value if math.isinf(high) else tf.minimum(value, tf.cast(high, dtype))
    if np.ndim(known) != 1 or not per_row:
        return _checked(name, known, low, high, dtype)
    return tf.constant([_checked(name, number, low, high, dtype) for number in known], dtype, shape=[len(known)])


def _checked(name, value, low, high, dtype):
    value = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    kinds = (int,) if dtype.is_integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= min(high, dtype.max):
        kind = "a whole number" if dtype.is_integer else "a number"
        bounds = f"of at least {low}" if math.isinf(high) else f"from {low} to {high}"
        raise CallError(f"`{name}` must be {kind} {bounds}. Received: {name}={value!r}.")
    return value if dtype.is_integer else float(value)


def is_per_row(option: Any) -> bool:
    """Return true for an option with one value per row."""
    return tf.is_tensor(option) and option.shape.rank == 1


def broadcast_to_rows(option: Any, batch: Any) -> Any:
    """Broadcast an option (B,) or (1,) to (B,); return any other option unchanged.

    Raises:
        CallError: the number of values is not the number of rows, when both are known statically.
    """
    if not is_per_row(option):
        return option
    if isinstance(batch, int) and option.shape[0] not in (None, 1, batch):
        raise CallError(f"An option with one value per row must have {batch} values. Received: {option.shape[0]}.")
    return tf.broadcast_to(option, [batch])


def column(option: Any) -> Any:
    """Return an option (B,) as (B, 1), to broadcast against (B, V); return any other option unchanged."""
    return tf.expand_dims(option, 1) if is_per_row(option) else option


def largest(option: Any, least: int) -> Any:
    """Return the largest value of an option over the rows; `least` for a batch without rows."""
    return tf.maximum(tf.reduce_max(option), least) if is_per_row(option) else option
