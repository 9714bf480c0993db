"""What all layers of the zoo share."""

import keras
import tensorflow as tf


class Layer(keras.layers.Layer):
    """A Keras layer whose weights can also be used outside `call`, as a step outside the loop does."""

    def cast(self, weight) -> tf.Tensor:
        """Return a weight as a tensor of the layer's compute dtype."""
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)
