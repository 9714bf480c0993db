"""Greedy decoding: the most probable token at every step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.constants import END, MAX_TARGET_PIECES, PAD
from zoo.decoding.buffers import answer_room, first, log_softmax, never_answered, put
from zoo.decoding.row_options import by_row, is_by_row, largest
from zoo.models.base import SequenceModel
from zoo.recurrence.scan import size

Answer = dict[str, tf.Tensor]


def greedy(model: SequenceModel, source_ids: Any, *, max_length: Any = MAX_TARGET_PIECES) -> Answer:
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
    return step_by_step(model, source_ids, max_length, lambda t, log_probabilities: log_probabilities)


def step_by_step(model, source_ids, max_length, value: Callable) -> Answer:
    """Take at every step the token with the largest `value(t, log_probabilities)`, (B, V); see `greedy`."""
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
