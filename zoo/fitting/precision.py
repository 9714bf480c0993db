"""The precision of a training, and that of a saved model."""

from typing import Any

import keras
import tensorflow as tf

from zoo.recurrence.speed import bfloat16_pays

BFLOAT16_FROM = (8, 0)  # the compute capability of the first NVIDIA GPUs that multiply bfloat16


def fastest_precision(units: int = 512) -> str:
    """Return the name of the dtype policy with which a model trains fastest on this machine.

        keras.config.set_dtype_policy(zoo.fastest_precision(512))

    On a GPU it is mixed. On a CPU it is "mixed_bfloat16" where a product of the model's size, measured once a process
    in a few tens of milliseconds, is faster by a quarter or more, else "float32". In mixed precision the weights, the
    softmax, the loss and the optimizer are in float32.

    Args:
        units: the units of the model's widest recurrence.

    Source: Micikevicius et al. 2018, arXiv 1710.03740.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "mixed_bfloat16" if bfloat16_pays(units) else "float32"
    capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", BFLOAT16_FROM)
    return "mixed_bfloat16" if capability >= BFLOAT16_FROM else "mixed_float16"


def in_float32(model: Any) -> keras.Model:
    """Return a copy of the model that computes in float32, as a saved model does, and is not compiled."""
    return in_precision(model, "float32")


def in_precision(model: Any, dtype: Any) -> keras.Model:
    """Return a copy of the model, not compiled, that computes in a dtype or with a policy of dtypes."""
    copy = type(model).from_config({**model.get_config(), "dtype": dtype})
    copy.set_weights(model.get_weights())
    return copy
