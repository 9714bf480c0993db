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
        CallError: an invalid argument.

    Source: Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors".
    """

    roles = {"kernel": "glorot_uniform", "bias": "zeros"}

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.input_spec = keras.layers.InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        """Create W and b."""
        self.kernel = self.add_role_weight("kernel", (input_shape[-1], self.units), "kernel")
        self.bias = self.add_role_weight("bias", (self.units,), "bias")
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.built = True

    def call(self, inputs):
        """Return y (..., units)."""
        W, b, x = self.cast(self.kernel), self.cast(self.bias), inputs
        return tf.tanh(affine(x, W, b))

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)
