"""What all layers of the zoo share."""

import keras
import tensorflow as tf


class Layer(keras.layers.Layer):
    """A Keras layer whose weights can also be used outside `call`, as a step outside the loop does."""

    def cast(self, weight) -> tf.Tensor:
        """Return a weight as a tensor of the layer's compute dtype."""
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)


class StateDropout(keras.layers.Dropout):
    """Variational dropout: one mask a sequence, the same at every step.

    Source: Gal and Ghahramani 2016, arXiv 1512.05287.
    """

    def mask(self, h, training):
        """Return what the states h (B, units) are to be multiplied with, None where nothing is dropped."""
        return self(tf.ones_like(h), training=True) if training and self.rate else None
