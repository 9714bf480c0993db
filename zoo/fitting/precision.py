"""The precision of a saved model."""

from typing import Any

import keras


def in_float32(model: Any) -> keras.Model:
    """Return a copy of the model that computes in float32, as a saved model does, and is not compiled."""
    copy = type(model).from_config({**model.get_config(), "dtype": "float32"})
    copy.set_weights(model.get_weights())
    return copy
