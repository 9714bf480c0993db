"""Text classifiers over token ids."""

import abc

import keras
import tensorflow as tf

from zoo.checks import OptionalSize, Share, Size, Switch
from zoo.constants import PAD
from zoo.layers.attention import ScoreName
from zoo.layers.cells import CellName
from zoo.layers.dense import TanhDense
from zoo.layers.stack import RecurrentStack
from zoo.layers.structured import StructuredSelfAttention
from zoo.models.base import TokenModel, embedding, make_dropout, make_logits, symbolic_ids
from zoo.models.builder import builder
from zoo.options import takes_options


class _Classifier(TokenModel):
    """The base of the classifiers: the embeddings and the dense layer of logits.

    A subclass calls `_make_common_layers`, makes its own layers and implements `_features`. The weights (B, T, T) of a
    model that attends are those of each step to each other one; (B, 1, T) are those of the whole text to each step.

    Call arguments:
        inputs: token ids (B, T), padded with 0.

    Returns:
        The logits (B, classes).
    """

    task = "classification"

    def _make_common_layers(self, sums=1):
        """Make the layers that all classifiers have; the features are `sums` vectors, each as wide as a state."""
        options, policy = self.options, {"dtype": self.dtype_policy}
        size = options["embedding_units"] or options["units"]
        frozen = options["freeze_embedding"]
        self.embedding = embedding(options["vocabulary_size"], size, frozen=frozen, name="embedding", **policy)
        shape = (None, None, size)
        self.embedding_dropout = make_dropout(options["embedding_dropout"], shape, name="embedding_dropout", **policy)
        width = options["units"] * (2 if options.get("bidirectional") else 1) * sums
        self.dropout = make_dropout(options["dropout"], (None, width), name="dropout", **policy)
        self.logits = make_logits(options["classes"], tied=False, **policy)

    def make_stack(self):
        """Return the recurrent layers of the options, for a classifier that has some."""
        names = ("units", "cell", "layers", "bidirectional", "dropout", "state_dropout", "self_attention", "attention")
        options = {name: self.options[name] for name in names if name in self.options}
        return RecurrentStack(**options, dtype=self.dtype_policy, name="stack")

    def hidden(self, inputs, training=False):
        """Return the features of the logits, (B, features)."""
        return self.dropout(self._read(inputs, training)[0], training=training)

    def attend(self, inputs):
        """Return the logits and the attention weights, or None for a model that does not attend; see the class."""
        features, weights = self._read(inputs, False)
        return self.to_logits(features), weights

    def compute_output_shape(self, input_shape):
        """Return (B, classes)."""
        return (input_shape[0], self.options["classes"])

    def _read(self, inputs, training):
        embedded = self.embedding_dropout(self.embedding(inputs), training=training)
        return self._features(embedded, tf.not_equal(inputs, PAD), training)

    @abc.abstractmethod
    def _features(self, embedded, mask, training):
        """Return the features of embeddings (B, T, n), and the attention weights or None; see the class."""


@keras.saving.register_keras_serializable(package="zoo")
class DenseClassifier(_Classifier):
    """A classifier with dense tanh layers over the mean of the embeddings.

        y = tanh(W x + b)
        logits = V y + b'

    x is the mean of the embeddings of the tokens; V is `logits`.

    Args:
        vocabulary_size: the number of ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown; to
            a classifier only padding is special.
        classes: the number of labels.
        units: the size of each layer.
        embedding_units: the size of the embeddings; default: `units`.
        layers: the number of layers.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        freeze_embedding: do not train the embeddings; see `zoo.load_vectors`.

    Call arguments:
        inputs: token ids (B, T), padded with 0.

    Returns:
        The logits (B, classes).

    Raises:
        CallError: an invalid argument.

    Source: Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text classification".
    """

    @takes_options
    def __init__(
        self,
        vocabulary_size: Size,
        classes: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        layers: Size = 1,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        freeze_embedding: Switch = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._make_common_layers()
        self.dense = [TanhDense(units, name=f"dense_{i}", dtype=self.dtype_policy) for i in range(layers)]
        self(symbolic_ids())

    def _features(self, embedded, mask, training):
        weights = tf.expand_dims(tf.cast(mask, embedded.dtype), -1)
        features = tf.math.divide_no_nan(tf.reduce_sum(embedded * weights, 1), tf.reduce_sum(weights, 1))
        for dense in self.dense:
            features = dense(self.dropout(features, training=training))
        return features, None


@keras.saving.register_keras_serializable(package="zoo")
class RecurrentClassifier(_Classifier):
    """A classifier over the last state of a recurrent network, with or without self-attention.

        logits = V h_m + b

    h_m is the last state of `stack`; V is `logits`.

    Args:
        vocabulary_size: the number of ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown; to
            a classifier only padding is special.
        classes: the number of labels.
        units: the size of the state, in each direction.
        embedding_units: the size of the embeddings; default: `units`.
        cell: the recurrent cell.
        layers: the number of recurrent layers.
        bidirectional: read the text in both directions.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        state_dropout: the dropout rate of the recurrent states. The mask is the same at every step.
        self_attention: use layers that attend to their own earlier outputs.
        attention: the score of the attention.
        freeze_embedding: do not train the embeddings; see `zoo.load_vectors`.

    Call arguments:
        inputs: token ids (B, T), padded with 0.

    Returns:
        The logits (B, classes).

    Raises:
        CallError: an invalid argument.

    Source: Elman 1990, "Finding structure in time"; with self-attention Cheng, Dong, Lapata 2016, arXiv 1601.06733.
    """

    @takes_options
    def __init__(
        self,
        vocabulary_size: Size,
        classes: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        cell: CellName = "tanh",
        layers: Size = 1,
        bidirectional: Switch = False,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        state_dropout: Share = 0.0,
        self_attention: Switch = False,
        attention: ScoreName = "bahdanau",
        freeze_embedding: Switch = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.attends = self_attention
        self._make_common_layers()
        self.stack = self.make_stack()
        self(symbolic_ids())

    def _features(self, embedded, mask, training):
        _, states, weights = self.stack(embedded, mask=mask, training=training)
        return self.stack.last_states(states)[0], weights


@keras.saving.register_keras_serializable(package="zoo")
class StructuredClassifier(_Classifier):
    """A classifier over weighted sums of recurrent outputs; the weights show what it read.

        alpha_j = softmax_i(w_j^T tanh(W h_i)),   m_j = sum_i alpha_ji h_i,   j = 1 ... hops
        logits = V [m_1; ...; m_hops] + b

    h is the outputs of `stack`; W and w_j are those of `pooling`; V is `logits`.

    Args:
        vocabulary_size: the number of ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown; to
            a classifier only padding is special.
        classes: the number of labels.
        units: the size of the state, in each direction, and of W h.
        embedding_units: the size of the embeddings; default: `units`.
        hops: the number of weighted sums. Each has its own weights; `attend` returns their mean.
        cell: the recurrent cell.
        layers: the number of recurrent layers.
        bidirectional: read the text in both directions.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        state_dropout: the dropout rate of the recurrent states. The mask is the same at every step.
        freeze_embedding: do not train the embeddings; see `zoo.load_vectors`.

    Call arguments:
        inputs: token ids (B, T), padded with 0.

    Returns:
        The logits (B, classes).

    Raises:
        CallError: an invalid argument.

    Source: Lin et al. 2017, "A structured self-attentive sentence embedding", arXiv 1703.03130.
    """

    attends = True

    @takes_options
    def __init__(
        self,
        vocabulary_size: Size,
        classes: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        hops: Size = 4,
        cell: CellName = "tanh",
        layers: Size = 1,
        bidirectional: Switch = False,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        state_dropout: Share = 0.0,
        freeze_embedding: Switch = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._make_common_layers(sums=hops)
        self.stack = self.make_stack()
        self.pooling = StructuredSelfAttention(units, hops, dtype=self.dtype_policy, name="pooling")
        self(symbolic_ids())

    def _features(self, embedded, mask, training):
        outputs, _, _ = self.stack(embedded, mask=mask, training=training)
        sums, weights = self.pooling(outputs, mask=mask)
        return tf.reshape(sums, [-1, self.pooling.hops * self.stack.width]), tf.reduce_mean(weights, 1, keepdims=True)


@builder(DenseClassifier)
def tanh_dnn(**options) -> keras.Model:
    """Build the dense network as a text classifier."""
    return DenseClassifier(**options)


@builder(RecurrentClassifier, self_attention=False, attention="bahdanau")
def tanh_rnn(**options) -> keras.Model:
    """Build the recurrent network as a text classifier."""
    return RecurrentClassifier(**options)


@builder(RecurrentClassifier, self_attention=True)
def self_attention_rnn(**options) -> keras.Model:
    """Build the self-attending network as a text classifier."""
    return RecurrentClassifier(**options)


@builder(StructuredClassifier)
def structured_self_attention(**options) -> keras.Model:
    """Build the recurrent network with structured self-attention as a text classifier."""
    return StructuredClassifier(**options)
