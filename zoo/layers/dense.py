"""The dense layers: with tanh, and with maxout."""

import keras
import tensorflow as tf

from zoo.checks import Size
from zoo.layers.base import Layer
from zoo.options import takes_options
from zoo.recurrence.products import affine


class _Dense(Layer):
    """The base of the dense layers: W and b for `features` linear features of each output.

    Args:
        units: the number of outputs.
    """

    roles = {"kernel": "glorot_uniform", "bias": "zeros"}
    features = 1

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.input_spec = keras.layers.InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        """Create W and b."""
        width = self.features * self.units
        self.kernel = self.add_role_weight("kernel", (input_shape[-1], width), "kernel")
        self.bias = self.add_role_weight("bias", (width,), "bias")
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.built = True

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)


@keras.saving.register_keras_serializable(package="zoo")
class TanhDense(_Dense):
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

    def call(self, inputs):
        """Return y (..., units)."""
        W, b, x = self.cast(self.kernel), self.cast(self.bias), inputs
        return tf.tanh(affine(x, W, b))


@keras.saving.register_keras_serializable(package="zoo")
class Maxout(_Dense):
    """A dense layer that returns the larger one of two linear features for each output.

        y = max(W_1 x + b_1, W_2 x + b_2)

    W_1 and W_2 are the halves of `kernel` (transposed, with one row per input), b_1 and b_2 those of `bias`.

    Args:
        units: the number of outputs.

    Call arguments:
        inputs: (..., n).

    Output shape: (..., units). A mask is passed through.

    Raises:
        CallError: an invalid argument.

    Source: Goodfellow et al. 2013, "Maxout networks", arXiv 1302.4389.
    """

    features = 2

    def call(self, inputs):
        """Return y (..., units)."""
        W, b, x = self.cast(self.kernel), self.cast(self.bias), inputs
        first, second = tf.split(affine(x, W, b), 2, axis=-1)
        return tf.maximum(first, second)
