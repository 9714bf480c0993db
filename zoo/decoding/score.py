"""Scores of given texts: the log-probabilities of targets and sequences, and the probabilities of classes."""

from typing import Any

import tensorflow as tf

from zoo.constants import PAD, START
from zoo.decoding.buffers import log_softmax
from zoo.errors import CallError
from zoo.models.base import TokenModel


def score(model: TokenModel, ids: Any, target_ids: Any = None) -> dict[str, tf.Tensor]:
    """Score targets with a translation model, or sequences with a language model.

    Args:
        model: a `Seq2Seq` or a `LanguageModel`.
        ids: the sources (B, S), padded with 0. For a language model the sequences (B, T): each starts with the start
            id and, for a whole sentence, ends with the end id.
        target_ids: the targets (B, T) for a translation model, padded with 0, without the start id, as `greedy` returns
            them.

    Returns:
        `score` (B,), the log-probability of all tokens (for a language model, of all tokens after the start id);
        `token_scores` (B, T), the log-probability of each token, zero for padding and start; `tokens` (B,), the number
        of tokens that are scored; and, when the model attends, `attention` (B, T, S), or (B, T, T) for a language
        model.

    Raises:
        CallError: the targets are missing, or are given to a language model.
    """
    ids = tf.convert_to_tensor(ids)
    if (model.task == "translation") != (target_ids is not None):
        raise CallError("`target_ids` must be given to a translation model, and to no other.")
    if model.task == "translation":
        return _score_targets(model, ids, tf.convert_to_tensor(target_ids))
    logits, weights = model.attend(ids)
    steps = tf.shape(ids)[1]
    following = tf.gather(ids, tf.range(1, steps), axis=1)
    answer = _scores(tf.gather(logits, tf.range(steps - 1), axis=1), following)
    answer["token_scores"] = tf.pad(answer["token_scores"], [[0, 0], [1, 0]])
    return answer | _attention(weights)


def _score_targets(model, source_ids, target_ids):
    """Run the decoder over the start id and all target tokens but the last."""
    steps = tf.shape(target_ids)[1]
    inputs = tf.gather(tf.pad(target_ids, [[0, 0], [1, 0]], constant_values=START), tf.range(steps), axis=1)
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
        ids: the sequences (B, T), padded with 0.

    Returns:
        `probabilities` (B, classes) and, when the model attends, `attention` (B, T, T).
    """
    logits, weights = model.attend(ids)
    return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))} | _attention(weights)
