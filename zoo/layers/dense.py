"""The dense layer with tanh."""

import keras
import tensorflow as tf

from zoo.checks import Size
from zoo.layers.base import Layer
from zoo.options import takes_options
from zoo.recurrence.products import affine


@keras.saving.register_keras_serializable(package="zoo")
class TanhDense(Layer):
    """A dense layer with tanh.

        y = tanh(W x + b)

    W is `kernel` (transposed, with one row per input), b is `bias`.

    Args:
        units: the number of outputs.

    Call arguments:
        inputs: (..., n).

    Output shape: (..., units). A mask is passed through.

    Raises:
        CallError: `units` is not a positive integer.

    Source: Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors".
    """

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.supports_masking = True

    def build(self, input_shape):
        """Create W and b."""
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs):
        """Return y (..., units)."""
        W, b, x = self.cast(self.kernel), self.cast(self.bias), inputs
        return tf.tanh(affine(x, W, b))

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)
