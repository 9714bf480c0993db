"""What is faster on this processor, each measured once a process in a few tens of milliseconds."""

import functools
import statistics
import time
from collections.abc import Callable

import tensorflow as tf

ROWS = 64  # those of a batch, as in a time loop
GAIN = 1.25  # times faster than the usual choice; where the two are about equal, every process takes the usual one
BFLOAT16_UNITS = 256  # with fewer units a training step is mostly other work, which bfloat16 makes slower


@functools.cache
def faster_form() -> str:
    """Return the form of a loop's products that is faster, "plain" or "transposed"; see `LoopMatrix`.

    On a GPU they are equal.
    """
    if tf.config.list_physical_devices("GPU"):
        return "plain"
    with tf.init_scope():  # eagerly, also while a graph is traced
        rows, matrix = tf.ones([ROWS, 256]), tf.ones([256, 1024])
        turned = tf.transpose(matrix)
        plain, transposed = _median_seconds(
            lambda: tf.matmul(rows, matrix), lambda: tf.matmul(rows, turned, transpose_b=True)
        )
    return "transposed" if GAIN * transposed < plain else "plain"


@functools.cache
def bfloat16_pays(units: int) -> bool:
    """Tell whether a CPU trains a model of so many units faster with products in bfloat16 than in float32."""
    if units < BFLOAT16_UNITS:
        return False
    with tf.init_scope():
        rows, matrix = tf.ones([ROWS, units]), tf.ones([units, 4 * units])
        short = tf.cast(rows, tf.bfloat16), tf.cast(matrix, tf.bfloat16)
        float32, bfloat16 = _median_seconds(lambda: tf.matmul(rows, matrix), lambda: tf.matmul(*short))
    return GAIN * bfloat16 < float32


def _median_seconds(*functions: Callable[[], tf.Tensor]) -> list[float]:
    """Return the median time of each function, called in turns."""
    seconds: list[list[float]] = [[] for _ in functions]
    for _ in range(15):
        for function, times in zip(functions, seconds, strict=True):
            began = time.perf_counter()
            function().numpy()
            times.append(time.perf_counter() - began)
    return [statistics.median(times[3:]) for times in seconds]  # the first ones warm up
