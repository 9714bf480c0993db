"""Logits that share the matrix of an embedding layer."""

import keras
import tensorflow as tf

from zoo.checks import Size
from zoo.layers.base import Layer
from zoo.options import takes_options
from zoo.recurrence.products import on_rows


@keras.saving.register_keras_serializable(package="zoo")
class TiedLogits(Layer):
    """Logits with the matrix of an embedding layer.

        logits = E x + b

    E is `embeddings`, b is `bias`.

    Args:
        size: the number of logits, V.

    Call arguments:
        inputs: x, (..., n).
        embeddings: E, (V, n).

    Output shape: (..., V).

    Raises:
        CallError: an invalid argument.

    Source: Press and Wolf 2017, arXiv 1608.05859.
    """

    roles = {"bias": "zeros"}

    @takes_options
    def __init__(self, size: Size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def build(self, inputs_shape, embeddings_shape):
        """Create b."""
        self.bias = self.add_role_weight("bias", (self.size,), "bias")
        self.built = True

    def call(self, inputs, embeddings):
        """Return the logits (..., V)."""
        bias = self.cast(self.bias)
        return on_rows(lambda x: tf.nn.bias_add(tf.matmul(x, embeddings, transpose_b=True), bias), inputs)

    def compute_output_shape(self, inputs_shape, embeddings_shape):
        """Return (..., V)."""
        return (*inputs_shape[:-1], self.size)
