"""The base of the attention layers: everything but the score."""

import keras
import tensorflow as tf

from zoo.errors import CallError
from zoo.layers.base import Layer, as_mask
from zoo.recurrence.products import LoopMatrix, on_rows, outer, times_weights, wide
from zoo.recurrence.scan import size


class Attention(Layer):
    """The base of the attention layers. A subclass implements `score`.

        alpha_i = softmax_i score(s, y_i),    c = sum_i alpha_i y_i

    Call arguments:
        query: s, (B, q), or several queries (B, Tq, q). Also a list [query, values] or [query, values, keys] as in
            `keras.layers.AdditiveAttention`: there the keys are what the score compares with, before `precompute`.
        values: y, (B, Tx, d), with at least one value.
        keys: the result of `precompute(values)`, (B, Tx, ...); computed when not given.
        values_mask: (B, Tx), false for padding, which gets no weight.
        query_mask: (B, Tq), false for queries whose context is zero.
        mask: for a list, the list [query_mask, values_mask].
        return_attention_scores: for a list, also return the weights.
        use_causal_mask: let query i attend only to the values up to i.
        location: for one query, what filters see of its previous weights around each value (B, Tx, n), and the matrix
            (n, size of a key) whose product with it is added to the keys; see `LocationDecoder`.

    Returns:
        The context c (B, d) and the weights alpha (B, Tx), or (B, Tq, d) and (B, Tq, Tx) for several queries. Both are
        zero in a row without a valid value. For a list as in Keras: the context alone, unless
        `return_attention_scores` is true.

    Raises:
        CallError: a query or values with other axes, no values, or a list of another length.
    """

    call_axes = {"query": ["B q", "B Tq q"], "values": ["B Tx d"]}
    has_gradient = False  # true for a class that has `score_gradient`; otherwise automatic differentiation is used

    def __init_subclass__(cls, **kwargs):
        """Leave the gradient to TensorFlow where a subclass overrides a computation and not its gradient."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        pairs = (("score", "score_gradient"), ("score_at", "score_at_gradient"), ("attend", "has_gradient"))
        if any(name in own and gradient not in own for name, gradient in pairs):
            cls.has_gradient = own.get("has_gradient", False)
        elif "score_gradient" in own:
            cls.has_gradient = True

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
        """Return the scores (B, Tx) of a query and the keys. The query is already multiplied with `query_weights`.

        They may be in a wider dtype than the query.
        """
        raise NotImplementedError

    def score_gradient(self, d_scores, query, keys, weights):
        """Return the gradients of the query, the keys and each weight from the gradient of the scores (B, Tx)."""
        raise NotImplementedError

    def score_at(self, query, keys, weights, seen, matrix):
        """Return the scores (B, Tx) of a query and of keys + seen W, for location-aware attention.

        A subclass may do it faster.

        Args:
            query, keys, weights: the arguments of `score`.
            seen: what filters see of the previous weights around each value, (B, Tx, n).
            matrix: W, a `LoopMatrix` (n, size of a key).
        """
        return self.score(query, _located(keys, seen, matrix), weights)

    def score_at_gradient(self, d_scores, query, keys, weights, seen, matrix):
        """Return the gradients of `score_at`: of the query, the keys, each weight (a list), `seen` and the matrix."""
        d_query, d_keys, d_weights = self.score_gradient(d_scores, query, _located(keys, seen, matrix), weights)
        d_product = tf.cast(d_keys, seen.dtype)
        return d_query, d_keys, d_weights, on_rows(matrix.times_transposed, d_product), outer(seen, d_product)

    def score_all(self, queries, keys, weights):
        """Return the scores (B, Tq, Tx) of several queries (B, Tq, ...); a subclass may do it faster."""
        count, slots = size(queries, 1), size(keys, 1)
        rows = tf.reshape(queries, [-1, queries.shape[-1]])
        scores = self.score(rows, tf.repeat(keys, count, axis=0), weights)
        return tf.reshape(scores, [-1, count, slots])

    def key_size(self, query_size, value_size):
        """Return the size of a key."""
        return value_size

    def build(self, query_shape, values_shape=None):
        """Create the weights for queries (..., q) and values (B, Tx, d), or for a list of shapes as in `call`."""
        if values_shape is None:
            query_shape, *rest = query_shape
            values_shape = rest[-1]  # the score compares with the keys, where there are some
        self.build_score(query_shape[-1], values_shape[-1])
        self.built = True

    def build_score(self, query_size: int, value_size: int):
        """Create the weights of the score."""

    def __call__(self, query, values=None, *args, **kwargs):
        """Check the shapes that are known, and call the layer; see the class."""
        given_list = isinstance(query, list | tuple)
        if given_list != (values is None) or (given_list and len(query) not in (2, 3)):
            received = f"a list of {len(query)}" if given_list else "a query"
            raise CallError(
                f'The layer "{self.name}" ({type(self).__name__}) must be called with a query and values, or with a '
                f"list [query, values] or [query, values, keys]. Received: {received} "
                f"{'without' if values is None else 'with'} further values."
            )
        for name, tensor in zip(("query", "values", "values"), query if given_list else (), strict=False):
            self.check_axes(name, tensor)
        return super().__call__(query, values, *args, **kwargs)

    def call(
        self,
        query,
        values=None,
        keys=None,
        values_mask=None,
        query_mask=None,
        mask=None,
        return_attention_scores=False,
        use_causal_mask=False,
        location=None,
    ):
        """Return the context and the weights; see the class."""
        given_list = isinstance(query, list | tuple)
        others = {"keys": keys, "values_mask": values_mask, "location": location} if given_list else {"mask": mask}
        if wrong := [name for name, value in others.items() if value is not None]:
            way = "a list: give `mask`, a list too" if given_list else "a query and values: give `values_mask`"
            raise CallError(f"`{wrong[0]}` is not for a call of an attention layer with {way}.")
        if query_mask is not None and not given_list and query.shape.rank == 2:
            raise CallError("`query_mask` is for several queries, (B, Tq, q). Received: one query.")
        if not given_list:
            values_mask, query_mask = as_mask(values_mask), as_mask(query_mask)
            keys = self.precompute(values) if keys is None else keys
            return self._call(query, values, keys, values_mask, query_mask, use_causal_mask, location)
        query, values, *keys = query
        query_mask, values_mask, *_ = map(as_mask, mask or [None, None])
        keys = self.precompute(keys[0] if keys else values)
        context, alpha = self._call(query, values, keys, values_mask, query_mask, use_causal_mask)
        return (context, alpha) if return_attention_scores else context

    def _call(self, query, values, keys, values_mask, query_mask, use_causal_mask, location=None):
        query = times_weights(query, self.query_weights())
        if query.shape.rank == 2:
            if use_causal_mask:
                raise CallError("`use_causal_mask` is for several queries, (B, Tq, q). Received: one query.")
            given = {} if location is None else {"location": (location[0], LoopMatrix.both_ways(location[1]))}
            return self.attend(query, values, keys, self.score_weights(), values_mask, **given)
        valid = None if values_mask is None else tf.expand_dims(values_mask, 1)
        if use_causal_mask:
            causal = tf.range(size(values, 1)) <= tf.expand_dims(tf.range(size(query, 1)), 1)
            valid = causal if valid is None else tf.logical_and(valid, causal)
        alpha = tf.cast(masked_softmax(self.score_all(query, keys, self.score_weights()), valid), values.dtype)
        context = tf.matmul(alpha, values)  # (B, Tq, Tx) x (B, Tx, d)
        if query_mask is not None:
            context *= tf.cast(tf.expand_dims(query_mask, -1), context.dtype)
        return context, alpha

    def attend(self, query, values, keys, weights, values_mask, location=None):
        """Return the context and the weights alpha. The query is already multiplied with `query_weights`.

        `location` are the last two arguments of `score_at`; None for the score of the content alone.
        """
        given = [query, keys, weights]
        scores = self.score(*given) if location is None else self.score_at(*given, *location)
        alpha = tf.cast(masked_softmax(scores, values_mask), values.dtype)
        context = tf.squeeze(tf.matmul(tf.expand_dims(alpha, 1), values), 1)  # (B, 1, Tx) x (B, Tx, d)
        return context, alpha

    def compute_mask(self, query, mask=None):
        """Return the mask of the context: that of several queries."""
        return mask[0] if isinstance(mask, list | tuple) else mask

    def compute_output_shape(self, query_shape, values_shape=None):
        """Return the shapes of the context and the weights; for a list of shapes, of the context alone."""
        if values_shape is None:
            query_shape, values_shape, *_ = query_shape
            return (*query_shape[:-1], values_shape[-1])
        return (*query_shape[:-1], values_shape[-1]), (*query_shape[:-1], values_shape[1])

    def compute_output_spec(self, *args, **kwargs):
        """Return the outputs of a symbolic call: `return_attention_scores` changes their number."""
        return keras.Operation.compute_output_spec(self, *args, **kwargs)


def _located(keys, seen, matrix):
    """Return keys + seen W."""
    return keys + tf.cast(on_rows(matrix.times, seen), keys.dtype)


def masked_softmax(scores, mask):
    """Return the softmax over the last axis, computed in float32 or float64; zero where the mask is false.

    A row without a true element is all zeros, not NaN.
    """
    dtype = scores.dtype
    scores = wide(scores)
    if mask is None:
        return tf.cast(tf.nn.softmax(scores), dtype)
    weights = tf.nn.softmax(tf.where(mask, scores, tf.fill(tf.shape(scores), tf.cast(-1e30, scores.dtype))))
    return tf.cast(tf.where(mask, weights, tf.zeros_like(weights)), dtype)
