"""The types in which a .tflite stores its weights."""

from numbers import Real

import tensorflow as tf

from zoo.errors import CallError

QUANTIZED = ("none", "float16", "int8")
MAX_DROP = 0.5


def check_quantize(quantize: str, max_drop: float) -> None:
    """Check the options of a quantised export.

    Raises:
        CallError: an option has a wrong value.
    """
    if quantize not in QUANTIZED:
        raise CallError(f'`quantize` must be {", ".join(QUANTIZED)}. Received: "{quantize}".')
    if isinstance(max_drop, bool) or not isinstance(max_drop, Real) or not max_drop >= 0:
        raise CallError(f"`max_drop` must be a number of 0 or more. Received: {max_drop!r}.")


def set_precision(converter: tf.lite.TFLiteConverter, quantize: str) -> None:
    """Set the type in which a converter stores weights.

    float16 weights are read back as float32. int8 weights have one scale for a row or a tensor; the products with them
    also take int8 inputs, whose scale is computed at run time ("dynamic range"). Everything else stays float32.
    """
    if quantize == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
