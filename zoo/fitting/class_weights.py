"""The weights of classes, as weights of the examples of a dataset."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from zoo.errors import CallError


def with_class_weights(data: tf.data.Dataset, class_weight: Mapping[int, float], classes: int) -> tf.data.Dataset:
    """Return batches (inputs, labels) with the weight of each example, that of its class or 1.

    Keras does the same, but its dataset loses the number of its batches, and cannot be divided between replicas.

    Args:
        data: batches of inputs and of labels, integers (B,) or (B, 1).
        class_weight: the weight of a class by its number.
        classes: the number of classes.

    Raises:
        CallError: the batches have weights already, or a class does not exist.
    """
    if len(data.element_spec) != 2:
        raise CallError("`class_weight` is for batches of (inputs, labels). Received: batches with weights already.")
    if unknown := [number for number in class_weight if number not in range(classes)]:
        raise CallError(f"`class_weight` must be for classes from 0 to {classes - 1}. Received: {unknown[0]!r}.")
    table = tf.constant([class_weight.get(number, 1.0) for number in range(classes)], tf.float32)
    weighted = data.map(lambda inputs, labels: (inputs, labels, tf.gather(table, tf.reshape(labels, [-1]))))
    weighted.cardinality = data.cardinality  # which may be its own: see `zoo.labelled`
    return weighted


def has_labels(data: Any) -> bool:
    """Tell whether data are a dataset of batches with labels, integers."""
    return (
        isinstance(data, tf.data.Dataset)
        and isinstance(data.element_spec, tuple)
        and (len(data.element_spec) > 1 and data.element_spec[1].dtype.is_integer)
    )
