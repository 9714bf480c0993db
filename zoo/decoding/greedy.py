"""One token at every step: the most probable one, or one drawn at random."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.constants import END, MAX_TARGET_PIECES, NEVER, PAD
from zoo.decoding.buffers import answer_room, first, log_softmax, never_answered, put
from zoo.decoding.row_options import bounded, by_row, column, is_by_row, largest
from zoo.models.base import TokenModel
from zoo.recurrence.scan import size

Answer = dict[str, tf.Tensor]


def greedy(model: TokenModel, source_ids: Any, *, max_length: Any = MAX_TARGET_PIECES) -> Answer:
    """Take the most probable token at every step.

    Stops when every row has ended or after `max_length` tokens. A row without a single piece gets no answer.

    Args:
        model: a model with `encode`, `first_tokens` and `decode_step`: a `Seq2Seq` or a `LanguageModel`.
        source_ids: (B, S), padded with 0; for a language model the prompt.
        max_length: the bound on the length of the answer, the end token included: a number, or a tensor of at most 128,
            scalar or one a row.

    Returns:
        `ids` (B, T), the answer and its end token, padded with 0, T at least 1; `score` (B,), its log-probability;
        and, when the decoder attends, `attention` (B, T, S).

    Raises:
        CallError: a bad `max_length`.
    """
    return _step_by_step(model, source_ids, max_length, lambda t, log_probabilities: log_probabilities)


def sample(
    model: TokenModel,
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

    return _step_by_step(model, source_ids, max_length, noisy)


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


def _step_by_step(model, source_ids, max_length, value: Callable) -> Answer:
    """Take at every step the token with the largest `value(t, log_probabilities)`, (B, V)."""
    source_ids = tf.convert_to_tensor(source_ids)
    limit, room = answer_room(max_length)
    memory, states = model.encode(source_ids, room=room)
    tokens, ended = model.first_tokens(source_ids)
    batch, attends = size(source_ids, 0), "values" in memory
    limit, longest = by_row(limit, batch), largest(limit, 1)
    rows = [tf.fill([room, batch], PAD)] + ([tf.zeros([room, batch, size(source_ids, 1)])] if attends else [])

    def more(t, tokens, ended, *_):
        return tf.logical_and(t < longest, tf.logical_not(tf.reduce_all(ended)))

    def step(t, tokens, ended, score, states, rows):
        logits, states, weights = model.decode_step(tokens, states, memory)
        log_probabilities = log_softmax(logits)
        allowed = value(t, log_probabilities + never_answered(logits))
        tokens = tf.argmax(allowed, axis=-1, output_type=tf.int32)
        gained = tf.gather(log_probabilities, tokens, axis=1, batch_dims=1)
        tokens = tf.where(ended, tf.fill(tf.shape(tokens), PAD), tokens)
        score = score + tf.where(ended, tf.zeros_like(score), gained)
        rows = [put(rows[0], t, tokens)] + [
            put(row, t, tf.where(tf.expand_dims(ended, -1), tf.zeros_like(value), value))
            for row, value in zip(rows[1:], [tf.cast(weights, tf.float32)] if attends else [], strict=True)
        ]
        ended = tf.logical_or(ended, tf.equal(tokens, END))
        if is_by_row(limit):
            ended = tf.logical_or(ended, t + 1 >= limit)
        return t + 1, tokens, ended, score, states, rows

    start = (tf.constant(0), tokens, ended, tf.zeros([batch]), states, rows)
    length, _, _, score, _, rows = tf.while_loop(more, step, start)
    answer = {"ids": tf.transpose(first(rows[0], length)), "score": tf.minimum(score, 0.0)}
    if attends:
        answer["attention"] = tf.transpose(first(rows[1], length), [1, 0, 2])
    return answer
