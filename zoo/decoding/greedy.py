"""Greedy decoding: the most probable token at every step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES, PAD
from zoo.decoding.buffers import answer_room, first_rows, forbidden, log_softmax, write_row
from zoo.decoding.inputs import source_ids_of, start_and_end
from zoo.decoding.row_options import broadcast_to_rows, is_per_row, largest
from zoo.models.base import SequenceModel
from zoo.recurrence.scan import size

Answer = dict[str, tf.Tensor]


def greedy(model: SequenceModel, source_ids: Any, *, max_length: Any = MAX_TARGET_PIECES) -> Answer:
    """Take the most probable token at every step.

    Decoding stops when every row has ended, or after `max_length` tokens. A row without any piece gets an empty output.

    Args:
        model: a model with `encode`, `first_tokens` and `decode_step`, such as a `Seq2Seq` or a `LanguageModel`.
        source_ids: (B, S), padded with 0 at the end. Sources may begin with the model's `start_id` (default 1) and end
            with its `end_id` (default 2). For a language model they are the prompts, which begin with `start_id`.
        max_length: the limit on the length of an output, the end token included. A Python number, or a tensor of at
            most 256: a scalar, or one value per row.

    Returns:
        `ids` (B, T), the output and its end id, padded with 0, with T at least 1; `score` (B,), its
        log-probability; and, when the decoder attends, `attention` (B, T, S).

    Raises:
        CallError: an invalid `max_length`, a model that gives no sequences, or ids that are known before the graph runs
            and break these rules or are not in the vocabulary.
    """
    source_ids = source_ids_of(model, source_ids, function="greedy")
    return step_by_step(model, source_ids, max_length, lambda t, log_probabilities: log_probabilities)


def step_by_step(model, source_ids, max_length, value: Callable) -> Answer:
    """Take the token with the largest `value(t, log_probabilities)`, (B, V), at every step; see `greedy`."""
    limit, room = answer_room(max_length)
    memory, states = model.encode(source_ids, room=room)
    tokens, ended = model.first_tokens(source_ids)
    loop = _Loop(model, memory, value, limit, size(source_ids, 0))
    ids = tf.fill([room, loop.batch], PAD)
    attention = [tf.zeros([room, loop.batch, size(source_ids, 1)])] if loop.attends else []
    start = (tf.constant(0), tokens, ended, tf.zeros([loop.batch]), states, ids, attention)
    length, _, _, score, _, ids, attention = tf.while_loop(loop.continues, loop.step, start)
    answer = {"ids": tf.transpose(first_rows(ids, length)), "score": tf.minimum(score, 0.0)}
    if loop.attends:
        answer["attention"] = tf.transpose(first_rows(attention[0], length), [1, 0, 2])
    return answer


class _Loop:
    """The loop that appends one token per row at every step."""

    def __init__(self, model, memory, value, limit, batch):
        self.model, self.memory, self.value, self.batch = model, memory, value, batch
        self.start_id, self.end_id = start_and_end(model)
        self.attends = "values" in memory
        self.limit, self.longest = broadcast_to_rows(limit, batch), largest(limit, 1)

    def continues(self, t, tokens, ended, *_):
        """Return true while a row has not ended."""
        return tf.logical_and(t < self.longest, tf.logical_not(tf.reduce_all(ended)))

    def step(self, t, tokens, ended, score, states, ids, attention):
        """Append one token (B,) to each row that has not ended.

        `ids` (room, B) and `attention`, a list of (room, B, S) or an empty one, are the output buffers.
        """
        logits, states, weights = self.model.decode_step(tokens, states, self.memory)
        log_probabilities = log_softmax(logits)
        values = self.value(t, log_probabilities + forbidden(logits, self.start_id))
        tokens = tf.argmax(values, axis=-1, output_type=tf.int32)
        gained = tf.gather(log_probabilities, tokens, axis=1, batch_dims=1)
        tokens = tf.where(ended, tf.fill(tf.shape(tokens), PAD), tokens)
        score = score + tf.where(ended, tf.zeros_like(score), gained)
        ids = write_row(ids, t, tokens)
        if self.attends:
            weights = tf.cast(weights, tf.float32)
            weights = tf.where(tf.expand_dims(ended, -1), tf.zeros_like(weights), weights)
            attention = [write_row(attention[0], t, weights)]
        ended = tf.logical_or(ended, tf.equal(tokens, self.end_id))
        if is_per_row(self.limit):
            ended = tf.logical_or(ended, t + 1 >= self.limit)
        return t + 1, tokens, ended, score, states, ids, attention
