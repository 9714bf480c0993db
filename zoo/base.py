"""What all models of the zoo share."""

from collections.abc import Callable
from typing import Any

import keras

from zoo.layers.checks import fraction, positive

_CHECKS: dict[str, Callable] = {
    **dict.fromkeys(("source_vocabulary_size", "target_vocabulary_size", "vocabulary_size", "classes"), positive),
    **dict.fromkeys(("units", "embedding_units", "encoder_units", "layers"), positive),
    **dict.fromkeys(("dropout", "embedding_dropout"), fraction),
}


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


def checked(**options: Any) -> dict[str, Any]:
    """Return the options of a model if its sizes and shares can be; a size that is None has its default.

    Raises:
        CallError: one that cannot.
    """
    optional = ("embedding_units", "encoder_units")
    given = {name: value for name, value in options.items() if not (name in optional and value is None)}
    return options | {name: _CHECKS[name](name, value) for name, value in given.items() if name in _CHECKS}
