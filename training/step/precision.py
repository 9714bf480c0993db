"""The precision of the computation, as suits the device."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import keras
import tensorflow as tf

from zoo.fitting.precision import fastest_precision
from zoo.log import logger
from zoo.recurrence.speed import bfloat16_pays
from zoo.training.settings import Settings


def for_device(settings: Settings, units: int) -> Settings:
    """Return the settings with a value for `precision` where it is None.

    On a GPU it is mixed precision. On a CPU it is float32: bfloat16 costs a little of the score (docs/results.md), so
    where it is faster it is only recommended (`recommend_faster`).

    Args:
        settings: the settings of the training.
        units: the units of the model.
    """
    if settings.precision is not None:
        return settings
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return replace(settings, precision=fastest_precision(units) if gpu else "float32")


def recommend_faster(settings: Settings, units: int) -> None:
    """Say that another precision is faster, if it is on this processor; for settings in which none is asked for."""
    free_to_choose = settings.precision is None and not settings.deterministic
    if free_to_choose and not tf.config.list_physical_devices("GPU") and bfloat16_pays(units):
        logger.info("faster on this processor, for a little of the score: --precision mixed_bfloat16")


@contextlib.contextmanager
def precision_policy(precision: str | None) -> Iterator[None]:
    """Build the models inside the block with a precision; None changes nothing."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
