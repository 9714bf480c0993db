"""The contract of a model: what training, decoding and the exporters ask of every model of the zoo."""

import abc
from typing import Any

import keras
import tensorflow as tf

from zoo.recurrence.products import on_rows


class TokenModel(keras.Model, abc.ABC):
    """A Keras model over token ids: ids in, logits out.

    A subclass decorates its constructor with `takes_options`, makes its layers there and ends it with one call on
    example ids, so that all weights exist whatever the shape of the first batch. It implements `hidden` and `attend`.

    Attributes:
        task: the name of the task, see `zoo.tasks`.
        attends: whether there are attention weights.
        options: the arguments of the constructor.
        logits: the layer that makes the logits.
        tied: the embedding whose matrix `logits` shares; None if it has its own.
    """

    task: str
    attends: bool = False
    options: dict[str, Any]
    given: dict[str, Any]
    logits: Any
    tied: Any = None

    def call(self, inputs, training=False):
        """Return the logits; the shapes are those of the class."""
        return self.to_logits(self.hidden(inputs, training=training))

    @abc.abstractmethod
    def hidden(self, inputs, training=False):
        """Return the features of the logits: (B, T, n), or (B, n) for a classifier.

        Apart from `to_logits`, so that training computes no logits of padding.
        """

    @abc.abstractmethod
    def attend(self, inputs):
        """Return the logits and the attention weights; None in place of weights for a model that does not attend."""

    def to_logits(self, hidden):
        """Return the logits (..., V) of the features (..., n), or of some rows of them."""
        shared = [] if self.tied is None else [tf.convert_to_tensor(self.tied.embeddings)]
        return on_rows(lambda rows: self.logits(rows, *shared), hidden)

    def get_config(self):
        """Return the constructor's arguments."""
        policy = keras.saving.serialize_keras_object(self.dtype_policy)
        return {**self.given, "name": self.name, "dtype": policy}


class SequenceModel(TokenModel):
    """A model that answers with a sequence, one token at a time: a translation model or a language model.

    Decoding (`zoo.decoding`) needs nothing of a model but `encode`, `first_tokens` and `decode_step`.
    """

    @abc.abstractmethod
    def encode(self, source_ids, *, room=0, training=False):
        """Read the input of the model.

        Args:
            source_ids: (B, Tx), padded with 0.
            room: the number of decoding steps that the states must have room for.
            training: apply dropout.

        Returns:
            The memory, a dict of tensors (B, ...) that do not change from step to step, with `values` (B, Tx, d) if the
            decoder attends to the input; and the states before the first step, a nest of tensors (B, ...).
        """

    @abc.abstractmethod
    def first_tokens(self, source_ids):
        """Return the token (B,) that decoding begins with, and which rows (B,) have nothing to decode."""

    @abc.abstractmethod
    def decode_step(self, tokens, states, memory):
        """Do one step.

        Args:
            tokens: the tokens before the step, (B,).
            states: the states before the step, from `encode` or from this method.
            memory: the memory from `encode`.

        Returns:
            The logits (B, V), the states after the step, and the attention weights (B, Tx) over the memory's values,
            None without.
        """


def embedding(size: int, units: int, **options: Any) -> keras.layers.Embedding:
    """Return an embedding of `size` ids whose rows begin with a length of about 1.

    The default of Keras gives rows of length 0.03 sqrt(units): so small that a recurrent network sees little of its
    input and a matrix shared with the logits says little, and training takes epochs to grow them.
    """
    rows = keras.initializers.RandomNormal(stddev=units**-0.5)
    return keras.layers.Embedding(size, units, embeddings_initializer=rows, **options)
