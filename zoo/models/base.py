"""The interface of a model, which training, decoding and export use."""

import abc
from typing import Any

import keras
import tensorflow as tf

from zoo.constants import END, START
from zoo.errors import CallError
from zoo.recurrence.products import on_rows


class TokenModel(keras.Model, abc.ABC):
    """A Keras model over token ids: ids in, logits out.

    A subclass decorates its constructor with `takes_options`. The constructor makes the layers and ends with a call on
    example ids, so that all weights exist before the first batch. The subclass implements `hidden` and `attend`.

    Attributes:
        task: the name of the task; see `zoo.tasks`.
        attends: true if `attend` returns attention weights.
        options: the arguments of the constructor.
        logits: the layer that computes the logits.
        tied: the embedding layer whose matrix `logits` shares; None if `logits` has its own.
        given: the arguments of the constructor of the object's own class.
    """

    task: str
    attends: bool = False
    options: dict[str, Any]
    given: dict[str, Any]
    logits: Any
    tied: Any = None

    def call(self, inputs, training=False):
        """Return the logits; see the class for the shapes."""
        return self.to_logits(self.hidden(inputs, training=training))

    @abc.abstractmethod
    def hidden(self, inputs, training=False):
        """Return the features of the logits: (B, T, n), or (B, n) for a classifier.

        Separate from `to_logits`, so that training computes no logits for padding.
        """

    @abc.abstractmethod
    def attend(self, inputs):
        """Return the logits and the attention weights; the weights are None for a model that does not attend."""

    def to_logits(self, hidden):
        """Return the logits (..., V) of the features (..., n)."""
        shared = [] if self.tied is None else [tf.convert_to_tensor(self.tied.embeddings)]
        return on_rows(lambda rows: self.logits(rows, *shared), hidden)

    def get_config(self):
        """Return the arguments of the constructor."""
        policy = keras.saving.serialize_keras_object(self.dtype_policy)
        return {**self.given, "name": self.name, "dtype": policy}


class SequenceModel(TokenModel):
    """A model that generates a sequence token by token: a translation model or a language model.

    Decoding (`zoo.decoding`) uses only `encode`, `first_tokens`, `decode_step` and the two ids.

    Attributes:
        start_id, end_id: the ids that begin and end a sequence. Padding is always 0.
    """

    start_id: int = START
    end_id: int = END

    @abc.abstractmethod
    def encode(self, source_ids, *, room=0, training=False):
        """Encode the input of the model.

        Args:
            source_ids: (B, Tx), padded with 0.
            room: the number of decoding steps that the states must have room for.
            training: apply dropout.

        Returns:
            The memory, a dict of tensors (B, ...) that are the same at every step, with `values` (B, Tx, d) if the
            decoder attends to the input; and the initial states, a nest of tensors (B, ...).
        """

    @abc.abstractmethod
    def first_tokens(self, source_ids):
        """Return the tokens (B,) that decoding starts with, and a mask (B,) that is true for empty rows."""

    @abc.abstractmethod
    def decode_step(self, tokens, states, memory):
        """Do one step of decoding.

        Args:
            tokens: the previous tokens, (B,).
            states: the previous states, from `encode` or from the step before.
            memory: the memory from `encode`.

        Returns:
            The logits (B, V), the next states, and the attention weights (B, Tx) over the values of the memory, or None
            for a model that does not attend.
        """


def check_special_ids(start_id: int, end_id: int, **sizes: int) -> None:
    """Check that the start and the end id differ and are in the vocabularies of these sizes.

    The default ids are not compared with the sizes: a model may be built to try its options before its sizes are known.

    Raises:
        CallError: they are equal, or outside of a vocabulary.
    """
    if start_id == end_id:
        raise CallError(f"`start_id` and `end_id` must differ. Received: {start_id} for both.")
    if (start_id, end_id) == (START, END):
        return
    for name, size in sizes.items():
        if max(start_id, end_id) >= size:
            received = f"start_id={start_id}, end_id={end_id}, {name}={size}"
            raise CallError(f"`start_id` and `end_id` must be below `{name}`. Received: {received}.")


def embedding(size: int, units: int, *, frozen: bool = False, **options: Any) -> keras.layers.Embedding:
    """Return an embedding layer of `size` ids, initialised with rows whose norm is about 1.

    A frozen layer is not trained. Keras does not save `trainable`, so the model must have it among its options.

    The default of Keras gives rows with a norm of 0.03 sqrt(units). That is so small that the input hardly changes the
    states, and that tied logits are almost equal; training then needs epochs to increase the norm.
    """
    initializer = keras.initializers.RandomNormal(stddev=units**-0.5)
    return keras.layers.Embedding(size, units, embeddings_initializer=initializer, trainable=not frozen, **options)
