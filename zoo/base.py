"""What all models of the zoo share."""

from typing import Any

import keras


class TokenModel(keras.Model):
    """A Keras model over token ids that keeps its constructor's arguments in `options`.

    A subclass fills `options`, makes its layers and ends its constructor with one call on example
    ids, so that its weights are there whatever the shape of the first batch.
    """

    task: str
    attends = False
    options: dict[str, Any]

    def get_config(self):
        """Return the constructor's arguments."""
        policy = keras.saving.serialize_keras_object(self.dtype_policy)
        return {**self.options, "name": self.name, "dtype": policy}
