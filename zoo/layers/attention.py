"""Attention: the weights of the encoder outputs for one state, and their weighted sum."""

from typing import Annotated

import keras
import tensorflow as tf

from zoo.checks import OneOf, Size, one_of
from zoo.errors import CallError
from zoo.layers.base import Layer
from zoo.options import takes_options
from zoo.recurrence.products import outer, times, times_weights


class Attention(Layer):
    """The base of the attention layers. A subclass implements `score`.

        alpha_i = softmax_i score(s, y_i),    c = sum_i alpha_i y_i

    Call arguments:
        query: s, (B, q).
        values: y, (B, Tx, d).
        keys: the result of `precompute(values)`, (B, Tx, ...); computed when not given.
        values_mask: (B, Tx), false for padding, which gets no weight.

    Returns:
        The context c (B, d) and the weights alpha (B, Tx). Both are zero in a row without a valid value.
    """

    has_gradient = False  # true if `score_gradient` is implemented; otherwise automatic differentiation is used

    def key_weights(self):
        """Return a list with the matrix that maps values to keys; an empty list if the values are the keys."""
        return []

    def query_weights(self):
        """Return a list with the matrix that a query is multiplied with before `score`; an empty list without one."""
        return []

    def score_weights(self):
        """Return the list of weights that `score` takes."""
        return []

    def precompute(self, values):
        """Return the keys (B, Tx, ...): the part of the score that does not depend on the query."""
        return times_weights(values, self.key_weights())

    def score(self, query, keys, weights):
        """Return the scores (B, Tx) of a query and the keys. The query is already multiplied with `query_weights`."""
        raise NotImplementedError

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of the query, the keys and each weight from the gradient of the scores (B, Tx)."""
        raise NotImplementedError

    def build(self, query_shape, values_shape):
        """Create the weights for queries (B, q) and values (B, Tx, d)."""
        self.built = True

    def call(self, query, values, keys=None, values_mask=None):
        """Return the context and the weights; see the class."""
        keys = self.precompute(values) if keys is None else keys
        query = times_weights(query, self.query_weights())
        return self.attend(query, values, keys, self.score_weights(), values_mask)

    def attend(self, query, values, keys, weights, values_mask):
        """Return the context and the weights alpha. The query is already multiplied with `query_weights`."""
        alpha = masked_softmax(self.score(query, keys, weights), values_mask)
        context = tf.squeeze(tf.matmul(tf.expand_dims(alpha, 1), values), 1)  # (B, 1, Tx) x (B, Tx, d)
        return context, alpha

    def compute_output_shape(self, query_shape, values_shape):
        """Return the shapes of the context and the weights."""
        return (query_shape[0], values_shape[-1]), tuple(values_shape[:2])


def masked_softmax(scores, mask):
    """Return the softmax over the last axis, computed in float32 or float64; zero where the mask is false.

    A row without a true element is all zeros, not NaN.
    """
    dtype = scores.dtype
    scores = tf.cast(scores, tf.float64 if dtype == tf.float64 else tf.float32)
    if mask is None:
        return tf.cast(tf.nn.softmax(scores), dtype)
    weights = tf.nn.softmax(tf.where(mask, scores, tf.fill(tf.shape(scores), tf.cast(-1e30, scores.dtype))))
    return tf.cast(tf.where(mask, weights, tf.zeros_like(weights)), dtype)


@keras.saving.register_keras_serializable(package="zoo")
class BahdanauAttention(Attention):
    """Additive attention.

        score(s, y) = v^T tanh(W_q s + W_k y)

    W_q is `query_kernel`, W_k is `key_kernel`, v is `scale`. `precompute` returns W_k y, once per source.

    Args:
        units: the size of v.

    Call arguments and returns: as in `Attention`.

    Raises:
        CallError: `units` is not a positive integer.

    Source: Bahdanau, Cho, Bengio 2014, arXiv 1409.0473, section 3.1 and appendix A.1.2.
    """

    has_gradient = True

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, query_shape, values_shape):
        """Create W_q, W_k and v."""
        self.query_kernel = self.add_weight(
            shape=(query_shape[-1], self.units), initializer="glorot_uniform", name="query_kernel"
        )
        self.key_kernel = self.add_weight(
            shape=(values_shape[-1], self.units), initializer="glorot_uniform", name="key_kernel"
        )
        self.scale = self.add_weight(shape=(self.units, 1), initializer="glorot_uniform", name="scale")
        self.built = True

    def key_weights(self):
        """Return [W_k]."""
        return [self.cast(self.key_kernel)]

    def query_weights(self):
        """Return [W_q]."""
        return [self.cast(self.query_kernel)]

    def score_weights(self):
        """Return [v]."""
        return [self.cast(self.scale)]

    def score(self, query, keys, weights):
        """Return v^T tanh(W_q s + W_k y), (B, Tx). The query is W_q s, the keys are W_k y."""
        (v,) = weights
        return tf.squeeze(times(tf.tanh(tf.expand_dims(query, 1) + keys), v), -1)

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of W_q s, W_k y and v. The tanh is recomputed, to save memory."""
        (v,) = weights
        tanh = tf.tanh(tf.expand_dims(query, 1) + keys)  # (B, Tx, units)
        d_v = outer(tanh, tf.expand_dims(d_scores, -1))
        d_keys = tf.expand_dims(d_scores, -1) * (1 - tanh * tanh) * tf.squeeze(v, -1)
        return tf.reduce_sum(d_keys, 1), d_keys, [d_v]


@keras.saving.register_keras_serializable(package="zoo")
class LuongAttention(Attention):
    """Multiplicative attention.

        score(s, y) = s^T y          (dot: s and y have the same size)
        score(s, y) = s^T W y        (general)

    W is `kernel`. `precompute` returns y or W y, once per source.

    Args:
        score: "dot" or "general".

    Call arguments and returns: as in `Attention`.

    Raises:
        CallError: an unknown score, or "dot" with a query and values of different sizes.

    Source: Luong, Pham, Manning 2015, arXiv 1508.04025, equation 8.
    """

    has_gradient = True

    @takes_options
    def __init__(self, score: Annotated[str, OneOf(("dot", "general"))] = "general", **kwargs):
        super().__init__(**kwargs)
        self.score_name = score

    def build(self, query_shape, values_shape):
        """Create W for "general"; check the sizes for "dot"."""
        query_size, value_size = query_shape[-1], values_shape[-1]
        if self.score_name == "general":
            self.kernel = self.add_weight(shape=(value_size, query_size), initializer="glorot_uniform", name="kernel")
        elif query_size != value_size:
            raise CallError(
                'The "dot" score needs a query and values of the same size; use "general" for different sizes. '
                f"Received: query of size {query_size}, values of size {value_size}."
            )
        self.built = True

    def key_weights(self):
        """Return [W] for "general"."""
        return [self.cast(self.kernel)] if self.score_name == "general" else []

    def score(self, query, keys, weights):
        """Return s^T y or s^T W y, (B, Tx)."""
        return tf.squeeze(tf.matmul(keys, tf.expand_dims(query, -1)), -1)

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of s and of the keys."""
        d_query = tf.squeeze(tf.matmul(keys, tf.expand_dims(d_scores, -1), transpose_a=True), -1)
        return d_query, tf.expand_dims(d_scores, -1) * tf.expand_dims(query, 1), []


SCORES = ("bahdanau", "dot", "general")

ScoreName = Annotated[str, OneOf(SCORES)]


def make_attention(attention: str | Attention, units: int, **options) -> Attention:
    """Return the attention layer for a score, "bahdanau", "dot" or "general"; return a given layer unchanged.

    Raises:
        CallError: an unknown score.
    """
    if isinstance(attention, Attention):
        return attention
    if one_of("attention", attention, SCORES) == "bahdanau":
        return BahdanauAttention(units, **options)
    return LuongAttention(attention, **options)
