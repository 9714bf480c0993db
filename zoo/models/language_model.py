"""Language models over token ids."""

from typing import Any

import keras
import tensorflow as tf

from zoo.constants import PAD
from zoo.errors import CallError
from zoo.layers.stack import RecurrentStack
from zoo.layers.tied import TiedLogits
from zoo.models.base import TokenModel, checked, embedding


@keras.saving.register_keras_serializable(package="zoo")
class LanguageModel(TokenModel):
    """A recurrent language model, with self-attention or without.

        logits_t = V h_t + b

    Args:
        vocabulary_size: how many ids there are; id 0 is padding.
        units: the size of every state.
        embedding_units: the size of the embeddings; default `units`.
        cell, layers, dropout, self_attention, attention: as `RecurrentStack`; dropout also before the logits.
        embedding_dropout: the share of the elements of every embedding that is dropped in training.
        state_dropout: the share of the states that is dropped in training, the same at every step.
        tie_embeddings: V is the matrix of the embeddings; they must be as long as the states.

    Call arguments:
        inputs: token ids (B, T) that begin with the start id, padded with 0.

    Returns:
        The logits (B, T, vocabulary_size) of the token after each token.

    Raises:
        CallError: a bad argument, or tied embeddings of another size than `units`.

    Source: Mikolov et al. 2010, "Recurrent neural network based language model"; with self-attention
    Cheng, Dong, Lapata 2016, arXiv 1601.06733.
    """

    task = "language_model"

    def __init__(
        self,
        vocabulary_size: int,
        *,
        units: int = 256,
        embedding_units: int | None = None,
        cell: str = "tanh",
        layers: int = 1,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        state_dropout: float = 0.0,
        tie_embeddings: bool = False,
        self_attention: bool = False,
        attention: str = "bahdanau",
        **kwargs,
    ):
        super().__init__(**kwargs)
        stack: dict[str, Any] = {"cell": cell, "layers": layers, "dropout": dropout, "state_dropout": state_dropout}
        stack |= {"self_attention": self_attention, "attention": attention}
        self.options = checked(
            vocabulary_size=vocabulary_size,
            units=units,
            embedding_units=embedding_units,
            embedding_dropout=embedding_dropout,
            tie_embeddings=tie_embeddings,
            **stack,
        )
        if tie_embeddings and embedding_units not in (None, units):
            raise CallError(
                "`tie_embeddings` needs embeddings as long as the states. "
                f"Received: embedding_units={embedding_units}, units={units}."
            )
        self.attends = self_attention
        policy = {"dtype": self.dtype_policy}
        self.embedding = embedding(vocabulary_size, embedding_units or units, **policy)
        self.embedding_dropout = keras.layers.Dropout(embedding_dropout, **policy)
        self.stack = RecurrentStack(units, **stack, **policy)
        self.dropout = keras.layers.Dropout(dropout, **policy)
        self.logits = (TiedLogits if tie_embeddings else keras.layers.Dense)(vocabulary_size, **policy)
        self.tied = self.embedding if tie_embeddings else None
        self(tf.zeros([1, 1], tf.int32))

    def hidden(self, inputs, training=False):
        """Return what the logits are made of, (B, T, units)."""
        return self.dropout(self._run(inputs, training=training)[0], training=training)

    def attend(self, inputs):
        """Return the logits and the attention weights (B, T, T), None for a model that does not attend."""
        outputs, _, weights = self._run(inputs)
        return self.to_logits(outputs), weights

    def _run(self, ids, training=False, **options):
        embedded = self.embedding_dropout(self.embedding(ids), training=training)
        return self.stack(embedded, mask=tf.not_equal(ids, PAD), training=training, **options)

    def encode(self, prompt_ids, *, room=0):
        """Read a prompt, all but its last token.

        Args:
            prompt_ids: (B, T) that begin with the start id, padded with 0.
            room: how many steps are to follow.

        Returns:
            An empty memory, and the states to step on from.
        """
        following = tf.pad(tf.gather(prompt_ids, tf.range(1, tf.shape(prompt_ids)[1]), axis=1), [[0, 0], [0, 1]])
        read = tf.where(tf.equal(following, PAD), tf.zeros_like(prompt_ids), prompt_ids)
        _, states, _ = self._run(read, room=room)
        return {}, states

    def first_tokens(self, prompt_ids):
        """Return the token (B,) that decoding begins with, and which rows (B,) have nothing to decode."""
        lengths = tf.reduce_sum(tf.cast(tf.not_equal(prompt_ids, PAD), tf.int32), axis=1)
        last = tf.one_hot(lengths - 1, tf.shape(prompt_ids)[1], dtype=tf.int32)
        return tf.reduce_sum(prompt_ids * last, axis=1), tf.equal(lengths, 0)

    def decode_step(self, tokens, states, memory):
        """Do one step.

        Args:
            tokens: the tokens before the step, (B,).
            states: as `encode` or this function returned them.
            memory: as `encode` returned it.

        Returns:
            The logits (B, vocabulary_size), the states after the step, and None.
        """
        output, states = self.stack.step(self.embedding(tokens), states)
        return self.to_logits(output), states, None
