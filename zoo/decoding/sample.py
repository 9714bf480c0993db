"""Sampling: a token drawn at every step."""

from typing import Any

import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES, NEVER
from zoo.decoding.greedy import Answer, step_by_step
from zoo.decoding.row_options import bounded, by_row, column, is_by_row
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
    """Draw a token at every step, with the probabilities softmax(log p / temperature).

    With one seed for all, each row draws for itself, the same whatever rows stand behind it; with a seed a row, a row's
    draw depends on its own alone. LiteRT has no operation for this.

    Args:
        model, source_ids, max_length: as `greedy`.
        temperature: below 1 for what is likelier, above 1 for what is rarer; 0 is `greedy`.
        top_k: draw among so many of the most probable tokens; 0 for all.
        top_p: draw among the fewest most probable tokens that together have this probability.
        seed: a whole number.

    Each of these options may be a scalar tensor, or have a number for each row, (B,).

    Returns:
        As `greedy`. `score` is the log-probability under the model itself, at temperature 1.

    Raises:
        CallError: a bad option.

    Source: Holtzman et al. 2020, arXiv 1904.09751, for `top_p`; Gumbel 1954 for the way of drawing.
    """
    temperature = bounded("temperature", temperature, 0.0, 1e6, tf.float32, a_row=True)
    top_k = bounded("top_k", top_k, 0, 2**31 - 1, tf.int32, a_row=True)
    top_p = bounded("top_p", top_p, 0.0, 1.0, tf.float32, a_row=True)
    seed = bounded("seed", seed, -(2**31), 2**31 - 1, tf.int32, a_row=True)
    source_ids = tf.convert_to_tensor(source_ids)
    temperature, top_k, top_p, seed = (by_row(one, size(source_ids, 0)) for one in (temperature, top_k, top_p, seed))
    temperature, top_k, top_p = column(temperature), column(top_k), column(top_p)

    def noisy(t, log_probabilities):
        allowed = _likeliest(log_probabilities, temperature, top_k, top_p)
        uniform = _uniform(seed, t, tf.shape(allowed))
        return allowed - temperature * tf.math.log(-tf.math.log(uniform))  # the largest is a draw (Gumbel)

    return step_by_step(model, source_ids, max_length, noisy)


def _uniform(seed, t, shape):
    """Return numbers (B, V) between 0 and 1 for step t."""

    def draw(shape, seed):
        return tf.random.stateless_uniform(shape, tf.stack([seed, t]), minval=1e-30)

    if not is_by_row(seed):
        return draw(shape, seed)
    return tf.map_fn(lambda one: draw(shape[1:], one), seed, fn_output_signature=tf.float32)


def _likeliest(log_probabilities, temperature, top_k, top_p):
    """Return log-probabilities (B, V), those of the tokens beyond `top_k` and `top_p` being `NEVER`."""
    vocabulary = tf.shape(log_probabilities)[-1]
    ordered, places = tf.math.top_k(log_probabilities, vocabulary)
    probabilities = tf.nn.softmax(ordered / tf.maximum(temperature, 1e-6))
    rank = tf.range(vocabulary)
    chosen = tf.logical_or(tf.equal(top_k, 0), rank < top_k)
    before = tf.cumsum(probabilities, axis=-1, exclusive=True)
    before = tf.where(top_p < 1, before, 0.0)  # rounding leaves nobody out
    chosen = tf.logical_and(chosen, tf.logical_or(before < top_p, tf.equal(rank, 0)))
    ordered = tf.where(chosen, ordered, NEVER)
    return tf.gather(ordered, tf.argsort(places), axis=1, batch_dims=1)
