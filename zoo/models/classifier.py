"""Text classifiers over token ids."""

from typing import Any

import keras
import tensorflow as tf

from zoo.constants import PAD
from zoo.layers.dense import TanhDense
from zoo.layers.stack import RecurrentStack
from zoo.models.base import TokenModel, checked, embedding


class _Classifier(TokenModel):
    """What the classifiers share: embeddings below, a dense layer of logits above.

    Args:
        vocabulary_size: how many ids there are; id 0 is padding.
        classes: how many labels there are.
        units: the size of the features between.
        embedding_units: the size of the embeddings; default `units`.
        dropout: the share of the features that is dropped in training.
        embedding_dropout: the share of the elements of every embedding that is dropped in training.

    Call arguments:
        inputs: token ids (B, T), padded with 0.

    Returns:
        The logits (B, classes).

    Raises:
        CallError: a bad argument.
    """

    task = "classification"

    def __init__(self, options: dict[str, Any], **kwargs):
        super().__init__(**kwargs)
        self.options = options = checked(**options)
        policy = {"dtype": self.dtype_policy}
        size = options["embedding_units"] or options["units"]
        self.embedding = embedding(options["vocabulary_size"], size, **policy)
        self.embedding_dropout = keras.layers.Dropout(options["embedding_dropout"], **policy)
        self.dropout = keras.layers.Dropout(options["dropout"], **policy)
        self.logits = keras.layers.Dense(options["classes"], **policy)

    def hidden(self, inputs, training=False):
        """Return what the logits are made of, (B, units)."""
        return self.dropout(self._read(inputs, training)[0], training=training)

    def attend(self, inputs):
        """Return the logits and the attention weights (B, T, T), None for a model that does not attend."""
        features, weights = self._read(inputs, False)
        return self.to_logits(features), weights

    def _read(self, inputs, training):
        embedded = self.embedding_dropout(self.embedding(inputs), training=training)
        return self._features(embedded, tf.not_equal(inputs, PAD), training)

    def _features(self, embedded, mask, training):
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="zoo")
class DenseClassifier(_Classifier):
    """A classifier of dense tanh layers over the mean of the embeddings.

        y = tanh(W x + b), x the mean embedding of the tokens

    Args as every classifier (see `tanh_dnn`), and
        layers: how many dense layers.

    Source: Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text classification".
    """

    def __init__(
        self,
        vocabulary_size: int,
        classes: int,
        *,
        units: int = 256,
        embedding_units: int | None = None,
        layers: int = 1,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        **kwargs,
    ):
        options: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "classes": classes,
            "units": units,
            "layers": layers,
        }
        options |= {"embedding_units": embedding_units, "embedding_dropout": embedding_dropout, "dropout": dropout}
        super().__init__(options, **kwargs)
        self.dense = [TanhDense(units, name=f"dense_{i}", dtype=self.dtype_policy) for i in range(layers)]
        self(tf.zeros([1, 1], tf.int32))

    def _features(self, embedded, mask, training):
        weights = tf.expand_dims(tf.cast(mask, embedded.dtype), -1)
        features = tf.math.divide_no_nan(tf.reduce_sum(embedded * weights, 1), tf.reduce_sum(weights, 1))
        for dense in self.dense:
            features = dense(self.dropout(features, training=training))
        return features, None


@keras.saving.register_keras_serializable(package="zoo")
class RecurrentClassifier(_Classifier):
    """A classifier over the last state of a recurrent network, with self-attention or without.

        logits = V h_m + b

    Args as every classifier (see `tanh_rnn`), and
        cell, layers, bidirectional, state_dropout, self_attention, attention: as `RecurrentStack`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        classes: int,
        *,
        units: int = 256,
        embedding_units: int | None = None,
        cell: str = "tanh",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        state_dropout: float = 0.0,
        self_attention: bool = False,
        attention: str = "bahdanau",
        **kwargs,
    ):
        stack: dict[str, Any] = {
            "units": units,
            "cell": cell,
            "layers": layers,
            "bidirectional": bidirectional,
            "dropout": dropout,
            "state_dropout": state_dropout,
        }
        stack |= {"self_attention": self_attention, "attention": attention}
        options: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "classes": classes,
            "embedding_units": embedding_units,
        }
        super().__init__({**options, "embedding_dropout": embedding_dropout, **stack}, **kwargs)
        self.attends = self_attention
        self.stack = RecurrentStack(**stack, dtype=self.dtype_policy)
        self(tf.zeros([1, 1], tf.int32))

    def _features(self, embedded, mask, training):
        _, states, weights = self.stack(embedded, mask=mask, training=training)
        return self.stack.last_states(states)[0], weights
