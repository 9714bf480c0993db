"""The options of decoding: Python numbers, or scalar tensors that are inputs of an exported graph."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.errors import CallError
from zoo.scan import for_litert


def bounded(name: str, value: Any, low: float, high: float, dtype: tf.DType) -> Any:
    """Return an option that is a number from `low` to `high`.

    Args:
        name: of the option, for the message.
        value: a Python number, or a scalar tensor.
        low, high: the bounds; a high of infinity is none.
        dtype: tf.int32 for whole numbers, or tf.float32.

    Returns:
        A Python number when the value is known now, else a tensor. A tensor out of bounds makes the graph fail with the
        same message; LiteRT, whose graphs cannot say why they fail, takes the nearest bound.

    Raises:
        CallError: the value is known now, and is no such number.
    """
    known = tf.get_static_value(value) if tf.is_tensor(value) else value
    if known is not None:
        return _checked(name, known, low, high, dtype)
    value = tf.cast(value, dtype)
    if for_litert():
        value = tf.where(value >= low, value, tf.cast(low, dtype))  # not tf.maximum, which keeps NaN
        return value if math.isinf(high) else tf.minimum(value, tf.cast(high, dtype))
    inside = value >= tf.cast(low, dtype)
    inside = inside if math.isinf(high) else tf.logical_and(inside, value <= tf.cast(high, dtype))
    with tf.control_dependencies([tf.debugging.Assert(inside, [_message(name, low, high, dtype), value])]):
        return tf.identity(value)


def _checked(name, value, low, high, dtype):
    value = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    kinds = (int,) if dtype.is_integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high or math.isinf(value):
        raise CallError(f"{_message(name, low, high, dtype)} {name}={value!r}.")
    return value if dtype.is_integer else float(value)


def _message(name, low, high, dtype):
    kind = "a whole number" if dtype.is_integer else "a number"
    bounds = f"of at least {low}" if math.isinf(high) else f"from {low} to {high}"
    return f"`{name}` must be {kind} {bounds}. Received:"
