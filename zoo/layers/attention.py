"""Attention: the weights of the encoder outputs for a state or for several, and their weighted sum."""

from typing import Annotated

import keras
import tensorflow as tf

from zoo.checks import OneOf, Size, one_of
from zoo.errors import CallError
from zoo.layers.attention_base import Attention as Attention
from zoo.layers.attention_base import masked_softmax as masked_softmax
from zoo.options import takes_options
from zoo.recurrence.products import outer, times, wide


@keras.saving.register_keras_serializable(package="zoo")
class BahdanauAttention(Attention):
    """Additive attention.

        score(s, y) = v^T tanh(W_q s + W_k y)

    W_q is `query_kernel`, W_k is `key_kernel`, v is `scale`. `precompute` returns W_k y, once per source.

    Args:
        units: the size of v.

    Call arguments and returns: as in `Attention`. Several queries at once take memory for (B, Tq, Tx, units) numbers.

    Raises:
        CallError: an invalid argument.

    Source: Bahdanau, Cho, Bengio 2014, arXiv 1409.0473, section 3.1 and appendix A.1.2.
    """

    roles = {"kernel": "glorot_uniform", "scale": "glorot_uniform"}

    @takes_options
    def __init__(self, units: Size, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build_score(self, query_size, value_size):
        """Create W_q, W_k and v."""
        self.query_kernel = self.add_role_weight("kernel", (query_size, self.units), "query_kernel")
        self.key_kernel = self.add_role_weight("kernel", (value_size, self.units), "key_kernel")
        self.scale = self.add_role_weight("scale", (self.units, 1), "scale")

    def key_size(self, query_size, value_size):
        """Return the size of W_k y."""
        return self.units

    def key_weights(self):
        """Return [W_k]."""
        return [self.cast(self.key_kernel)]

    def query_weights(self):
        """Return [W_q]."""
        return [self.cast(self.query_kernel)]

    def score_weights(self):
        """Return [v]."""
        return [self.cast(self.scale)]

    def precompute(self, values):
        """Return W_k y, (B, Tx, units)."""
        return wide(super().precompute(values))

    def score(self, query, keys, weights):
        """Return v^T tanh(W_q s + W_k y), (B, Tx). The query is W_q s, the keys are W_k y."""
        (v,) = weights
        return tf.squeeze(times(_tanh(tf.expand_dims(query, 1), keys), wide(v)), -1)

    def score_all(self, queries, keys, weights):
        """Return v^T tanh(W_q s + W_k y), (B, Tq, Tx)."""
        (v,) = weights
        return tf.squeeze(times(_tanh(tf.expand_dims(queries, 2), tf.expand_dims(keys, 1)), wide(v)), -1)

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of W_q s, W_k y and v. The tanh is recomputed, to save memory."""
        (v,) = weights
        tanh, d_scores = _tanh(tf.expand_dims(query, 1), keys), tf.expand_dims(wide(d_scores), -1)  # (B, Tx, units)
        d_keys = d_scores * (1 - tanh * tanh) * tf.squeeze(wide(v), -1)
        return tf.cast(tf.reduce_sum(d_keys, 1), query.dtype), d_keys, [outer(tanh, d_scores)]


def _tanh(query, keys):
    """Return tanh(query + keys) in float32 or wider: of so many numbers CPUs compute it faster than in bfloat16."""
    return tf.tanh(wide(query) + wide(keys))


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

    roles = {"kernel": "glorot_uniform"}

    @takes_options
    def __init__(self, score: Annotated[str, OneOf(("dot", "general"))] = "general", **kwargs):
        super().__init__(**kwargs)
        self.score_name = score

    def build_score(self, query_size, value_size):
        """Create W for "general"; check the sizes for "dot"."""
        if self.score_name == "general":
            self.kernel = self.add_role_weight("kernel", (value_size, query_size), "kernel")
        elif query_size != value_size:
            raise CallError(
                'The "dot" score needs a query and values of the same size; use "general" for different sizes. '
                f"Received: query of size {query_size}, values of size {value_size}."
            )

    def key_size(self, query_size, value_size):
        """Return the size of y or W y."""
        return query_size

    def key_weights(self):
        """Return [W] for "general"."""
        return [self.cast(self.kernel)] if self.score_name == "general" else []

    def score(self, query, keys, weights):
        """Return s^T y or s^T W y, (B, Tx)."""
        return tf.squeeze(tf.matmul(keys, tf.expand_dims(query, -1)), -1)

    def score_all(self, queries, keys, weights):
        """Return s^T y or s^T W y, (B, Tq, Tx)."""
        return tf.matmul(queries, keys, transpose_b=True)

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of s and of the keys."""
        d_scores = tf.cast(d_scores, keys.dtype)
        d_query = tf.squeeze(tf.matmul(keys, tf.expand_dims(d_scores, -1), transpose_a=True), -1)
        return d_query, tf.expand_dims(d_scores, -1) * tf.expand_dims(query, 1), []

    def score_at(self, query, keys, weights, seen, matrix):
        """Return s^T (keys + seen W) as s^T keys + (W s)^T seen, (B, Tx): no keys of this step are made."""
        if not self._is_product():
            return super().score_at(query, keys, weights, seen, matrix)
        return self.score(query, keys, weights) + self.score(matrix.times_transposed(query), seen, weights)

    def score_at_gradient(self, d_scores, query, keys, weights, seen, matrix):
        """Return the gradients of s, the keys, no weights, `seen` and W."""
        if not self._is_product():
            return super().score_at_gradient(d_scores, query, keys, weights, seen, matrix)
        d_query, d_keys, _ = self.score_gradient(d_scores, query, keys, weights)
        d_product, d_seen, _ = self.score_gradient(d_scores, matrix.times_transposed(query), seen, weights)
        return d_query + matrix.times(d_product), d_keys, [], d_seen, outer(d_product, query)

    def _is_product(self):
        """Tell whether the score is that of this class, not one that a subclass makes of it."""
        own = type(self)
        return own.score is LuongAttention.score and own.score_gradient is LuongAttention.score_gradient


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
