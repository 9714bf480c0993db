"""The precision of a saved model."""

import keras


def in_float32(model: keras.Model) -> keras.Model:
    """Return the model, or a copy in float32 if it computes in another precision: a saved model is in float32."""
    if model.compute_dtype == "float32":
        return model
    copy = type(model).from_config({**model.get_config(), "dtype": "float32"})
    copy.set_weights(model.get_weights())
    return copy
