"""What all models of the zoo share."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from zoo.checks import fraction, positive, switch
from zoo.recurrence.products import on_rows

_CHECKS: dict[str, Callable] = {
    **dict.fromkeys(("source_vocabulary_size", "target_vocabulary_size", "vocabulary_size", "classes"), positive),
    **dict.fromkeys(("units", "embedding_units", "encoder_units", "layers"), positive),
    **dict.fromkeys(("dropout", "embedding_dropout", "state_dropout"), fraction),
    **dict.fromkeys(("bidirectional", "self_attention", "tie_embeddings"), switch),
}


class TokenModel(keras.Model):
    """A Keras model over token ids that keeps its constructor's arguments in `options`.

    A subclass fills `options`, makes its layers and ends its constructor with one call on example
    ids, so that its weights are there whatever the shape of the first batch.
    """

    task: str
    attends = False
    options: dict[str, Any]
    logits: Any  # the layer that makes them
    tied: Any = None  # the embedding whose matrix it shares

    def call(self, inputs, training=False):
        """Return the logits; see the class."""
        return self.to_logits(self.hidden(inputs, training=training))

    def hidden(self, inputs, training=False):
        """Return what the logits are made of: (B, T, n), or (B, n) for a classifier."""
        raise NotImplementedError

    def to_logits(self, hidden):
        """Return the logits (..., V) of what `hidden` returned, or of some of its rows."""
        shared = [] if self.tied is None else [tf.convert_to_tensor(self.tied.embeddings)]
        return on_rows(lambda rows: self.logits(rows, *shared), hidden)

    def get_config(self):
        """Return the constructor's arguments."""
        policy = keras.saving.serialize_keras_object(self.dtype_policy)
        return {**self.options, "name": self.name, "dtype": policy}


def checked(**options: Any) -> dict[str, Any]:
    """Return the options of a model if its sizes, shares and switches can be; a size that is None has its default.

    Raises:
        CallError: one that cannot.
    """
    optional = ("embedding_units", "encoder_units")
    given = {name: value for name, value in options.items() if not (name in optional and value is None)}
    return options | {name: _CHECKS[name](name, value) for name, value in given.items() if name in _CHECKS}


def embedding(size: int, units: int, **options: Any) -> keras.layers.Embedding:
    """Return an embedding of `size` ids whose rows have length about 1 at first.

    Keras' own first rows are of length 0.03 sqrt(units), so small that a recurrent network hears little of its input
    and a matrix shared with the logits says little: it takes epochs to grow them.
    """
    rows = keras.initializers.RandomNormal(stddev=units**-0.5)
    return keras.layers.Embedding(size, units, embeddings_initializer=rows, **options)
