"""Sampling: a random token at every step."""

from typing import Any

import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES, NEVER
from zoo.decoding.greedy import Answer, step_by_step
from zoo.decoding.inputs import source_ids_of
from zoo.decoding.row_options import bounded, broadcast_to_rows, column, is_per_row
from zoo.models.base import SequenceModel
from zoo.recurrence.scan import size


def sample(
    model: SequenceModel,
    source_ids: Any,
    *,
    temperature: Any = 1.0,
    top_k: Any = 0,
    top_p: Any = 1.0,
    seed: Any = 0,
    max_length: Any = MAX_TARGET_PIECES,
) -> Answer:
    """Draw a token at every step with the probabilities softmax(log p / temperature).

    With one seed for the batch, equal rows have different draws, and the draw of a row does not depend on the rows
    after it. With one seed per row, the draw of a row depends on its own seed alone. LiteRT has no operation for the
    random numbers.

    Args:
        model, source_ids, max_length: as in `greedy`.
        temperature: a value below 1 prefers probable tokens, a value above 1 rare ones; 0 is `greedy`.
        top_k: draw from this number of most probable tokens; 0 for all tokens.
        top_p: draw from the smallest set of most probable tokens whose probabilities sum to at least this value.
        seed: a whole number.

    Each of these options may be a scalar tensor, or have one value per row, (B,).

    Returns:
        The same as `greedy`. `score` is the log-probability under the model itself, at temperature 1.

    Raises:
        CallError: an invalid option, or a model or ids as in `greedy`.

    Source: Holtzman et al. 2020, arXiv 1904.09751, for `top_p`; Gumbel 1954 for the method of drawing.
    """
    temperature = bounded("temperature", temperature, 0.0, 1e6, tf.float32, per_row=True)
    top_k = bounded("top_k", top_k, 0, 2**31 - 1, tf.int32, per_row=True)
    top_p = bounded("top_p", top_p, 0.0, 1.0, tf.float32, per_row=True)
    seed = bounded("seed", seed, -(2**31), 2**31 - 1, tf.int32, per_row=True)
    source_ids = source_ids_of(model, source_ids, function="sample")
    options = (temperature, top_k, top_p, seed)
    temperature, top_k, top_p, seed = (broadcast_to_rows(option, size(source_ids, 0)) for option in options)
    temperature, top_k, top_p = column(temperature), column(top_k), column(top_p)

    def noisy(t, log_probabilities):
        allowed = _most_probable(log_probabilities, temperature, top_k, top_p)
        uniform = _uniform(seed, t, tf.shape(allowed))
        return allowed - temperature * tf.math.log(-tf.math.log(uniform))  # the argmax is a draw (Gumbel)

    return step_by_step(model, source_ids, max_length, noisy)


def _uniform(seed, t, shape):
    """Return random numbers (B, V) between 0 and 1 for step t."""

    def draw(shape, seed):
        return tf.random.stateless_uniform(shape, tf.stack([seed, t]), minval=1e-30)

    if not is_per_row(seed):
        return draw(shape, seed)
    return tf.map_fn(lambda row_seed: draw(shape[1:], row_seed), seed, fn_output_signature=tf.float32)


def _most_probable(log_probabilities, temperature, top_k, top_p):
    """Return the log-probabilities (B, V), with `NEVER` for the tokens outside `top_k` and `top_p`."""
    vocabulary_size = tf.shape(log_probabilities)[-1]
    ordered, order = tf.math.top_k(log_probabilities, vocabulary_size)
    probabilities = tf.nn.softmax(ordered / tf.maximum(temperature, 1e-6))
    rank = tf.range(vocabulary_size)
    kept = tf.logical_or(tf.equal(top_k, 0), rank < top_k)
    before = tf.cumsum(probabilities, axis=-1, exclusive=True)
    before = tf.where(top_p < 1, before, 0.0)  # at 1 keep every token, whatever the rounding of the sums
    kept = tf.logical_and(kept, tf.logical_or(before < top_p, tf.equal(rank, 0)))
    ordered = tf.where(kept, ordered, NEVER)
    return tf.gather(ordered, tf.argsort(order), axis=1, batch_dims=1)
