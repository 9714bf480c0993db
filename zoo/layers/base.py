"""The base of all layers of the zoo."""

from typing import Any

import keras
import tensorflow as tf


class Layer(keras.layers.Layer):
    """A Keras layer whose weights can also be used outside `call`, for example in `step`.

    A subclass with arguments decorates its constructor with `takes_options`. Its config holds these arguments.
    """

    options: dict[str, Any] = {}
    given: dict[str, Any] | None = None

    def cast(self, weight) -> tf.Tensor:
        """Return a weight as a tensor of the layer's compute dtype."""
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), **(self.options if self.given is None else self.given)}


class StateDropout(keras.layers.Dropout):
    """Variational dropout: one mask per sequence, the same at every step.

    Source: Gal and Ghahramani 2016, arXiv 1512.05287.
    """

    def mask(self, h, training):
        """Return the factors (B, units) for the states h; None outside training or at rate 0."""
        return self(tf.ones_like(h), training=True) if training and self.rate else None
