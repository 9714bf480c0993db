"""Scores of given texts: the log-probabilities of targets and sequences, and the probabilities of classes."""

from typing import Any

import tensorflow as tf

from zoo.constants import PAD
from zoo.decoding.buffers import log_softmax
from zoo.decoding.inputs import classified_ids_of, scored_ids_of, start_and_end
from zoo.models.base import TokenModel


def score(model: TokenModel, ids: Any, target_ids: Any = None) -> dict[str, tf.Tensor]:
    """Score targets with a translation model, or sequences with a language model.

    Args:
        model: a `Seq2Seq` or a `LanguageModel`.
        ids: the sources (B, S), padded with 0 at the end. For a language model the sequences (B, T): each starts with
            the model's `start_id` (default 1) and, for a whole sentence, ends with its `end_id` (default 2).
        target_ids: the targets (B, T) for a translation model, padded with 0, without the start id and with the end id,
            as `greedy` returns them unless `max_length` has cut them off.

    Returns:
        `score` (B,), the log-probability of all tokens (for a language model, of all tokens after the start id);
        `token_scores` (B, T), the log-probability of each token, zero for padding and start; `tokens` (B,), the number
        of tokens that are scored; and, when the model attends, `attention` (B, T, S), or (B, T, T) for a language
        model.

    Raises:
        CallError: the model is a classifier; the targets are missing, or are given to a language model; or ids that are
            known before the graph runs break these rules or are not in the vocabulary.
    """
    ids, target_ids = scored_ids_of(model, ids, target_ids)
    if target_ids is not None:
        return _score_targets(model, ids, target_ids)
    logits, weights = model.attend(ids)
    steps = tf.shape(ids)[1]
    following = tf.gather(ids, tf.range(1, steps), axis=1)
    answer = _scores(tf.gather(logits, tf.range(steps - 1), axis=1), following)
    answer["token_scores"] = tf.pad(answer["token_scores"], [[0, 0], [1, 0]])
    return answer | _attention(weights)


def _score_targets(model, source_ids, target_ids):
    """Run the decoder over the start id and all target tokens but the last."""
    steps, (start_id, _) = tf.shape(target_ids)[1], start_and_end(model)
    inputs = tf.gather(tf.pad(target_ids, [[0, 0], [1, 0]], constant_values=start_id), tf.range(steps), axis=1)
    logits, weights = model.attend({"source": source_ids, "target": inputs})
    valid = tf.expand_dims(tf.not_equal(target_ids, PAD), -1)
    weights = None if weights is None else tf.where(valid, weights, tf.zeros_like(weights))
    return _scores(logits, target_ids) | _attention(weights)


def _scores(logits, ids):
    """Return the scores of ids (B, T) under logits (B, T, V)."""
    valid = tf.cast(tf.not_equal(ids, PAD), tf.float32)
    token_scores = valid * tf.gather(log_softmax(logits), ids, axis=2, batch_dims=2)
    return {
        "score": tf.reduce_sum(token_scores, axis=1),
        "token_scores": token_scores,
        "tokens": tf.reduce_sum(valid, axis=1),
    }


def _attention(weights):
    return {} if weights is None else {"attention": tf.cast(weights, tf.float32)}


def classify(model: TokenModel, ids: Any) -> dict[str, tf.Tensor]:
    """Return the probabilities of the classes of sequences.

    Args:
        model: a classifier.
        ids: the sequences (B, T), padded with 0 at the end.

    Returns:
        `probabilities` (B, classes) and, when the model attends, `attention` (B, T, T), or (B, 1, T) if it attends
        once for the whole sequence.

    Raises:
        CallError: the model is no classifier, or ids that are known before the graph runs are not in its vocabulary.
    """
    ids = classified_ids_of(model, ids)
    logits, weights = model.attend(ids)
    return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))} | _attention(weights)
