"""The precision of the computation, and compilation, as suits the device."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import keras
import tensorflow as tf

from zoo.training.settings import Settings

BFLOAT16_FROM = (8, 0)  # the compute capability of the first NVIDIA GPUs that multiply bfloat16


def for_device(settings: Settings) -> Settings:
    """Return the settings with values for `precision` and `jit` where they are None.

    On a GPU these are mixed precision and XLA, on a CPU float32 without XLA.
    """
    gpus = tf.config.list_physical_devices("GPU")
    precision = settings.precision or (_mixed(gpus[0]) if gpus else "float32")
    return replace(settings, precision=precision, jit=bool(gpus) if settings.jit is None else settings.jit)


def _mixed(gpu) -> str:
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability", BFLOAT16_FROM)
    return "mixed_bfloat16" if capability >= BFLOAT16_FROM else "mixed_float16"


@contextlib.contextmanager
def precision_policy(precision: str | None) -> Iterator[None]:
    """Build the models inside the block with a precision; None changes nothing."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
