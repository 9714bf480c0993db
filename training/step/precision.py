"""The precision of the computation, and compilation, as suits the device."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import keras
import tensorflow as tf

from zoo.fitting.precision import fastest_precision
from zoo.training.settings import Settings


def for_device(settings: Settings, units: int) -> Settings:
    """Return the settings with values for `precision` and `jit` where they are None.

    On a GPU these are mixed precision and XLA. On a CPU they are the precision that is faster there, and no XLA, which
    brings no speed on any processor that was measured (docs/performance.md). A deterministic run, which has the same
    bits on every CPU, takes float32.

    Args:
        settings: the settings of the training.
        units: the units of the model.
    """
    gpu = bool(tf.config.list_physical_devices("GPU"))
    precision = settings.precision
    if precision is None:
        precision = "float32" if settings.deterministic and not gpu else fastest_precision(units)
    return replace(settings, precision=precision, jit=gpu if settings.jit is None else settings.jit)


@contextlib.contextmanager
def precision_policy(precision: str | None) -> Iterator[None]:
    """Build the models inside the block with a precision; None changes nothing."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
