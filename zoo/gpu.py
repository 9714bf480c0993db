"""The GPU of this machine: its name, the warning when TensorFlow does not use it, and full precision on it."""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from zoo.log import logger

SIGNS = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"))  # the driver is loaded; a GPU is passed on


def gpu_name() -> str | None:
    """Return the name of the first GPU that TensorFlow finds; None if there is none."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else None


@functools.cache
def warn_of_unused_gpu() -> None:
    """Warn, once a process, when the machine has an NVIDIA GPU that TensorFlow does not find.

    `CUDA_VISIBLE_DEVICES` set to "" or "-1" hides the GPUs, and there is no warning.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if hidden or tf.config.list_physical_devices("GPU") or not any(sign.exists() for sign in SIGNS):
        return
    if tf.test.is_built_with_cuda():
        cause = "TensorFlow does not find it, for want of the CUDA libraries or of a newer driver"
    else:
        cause = "this TensorFlow is built without CUDA"
    logger.warning(
        f"This machine has an NVIDIA GPU, but {cause}; all is computed on the CPU. "
        "To use the GPU: pip install 'attention-zoo[gpu]'. To hide it: CUDA_VISIBLE_DEVICES=-1."
    )


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Multiply float32 in full inside the block, as a CPU does: on a GPU TensorFlow rounds it to TensorFloat-32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
