"""What a model makes of what is given: log-probabilities of targets, probabilities of classes."""

import tensorflow as tf

from zoo.base import TokenModel
from zoo.special import PAD


def score(model: TokenModel, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Score sequences with a language model.

    Args:
        model: a `LanguageModel`.
        ids: (B, T), each beginning with the start id and, for a whole sentence, closing with the end id.

    Returns:
        `score` (B,), the log-probability of everything after the start id; `tokens` (B,), how many that are;
        and, when the model attends, `attention` (B, T, T).
    """
    logits, weights = model.attend(ids)
    steps = tf.shape(ids)[1]
    following = tf.gather(ids, tf.range(1, steps), axis=1)
    log_probabilities = tf.nn.log_softmax(tf.cast(tf.gather(logits, tf.range(steps - 1), axis=1), tf.float32))
    chosen = tf.reduce_sum(log_probabilities * tf.one_hot(following, tf.shape(logits)[-1]), axis=-1)
    valid = tf.cast(tf.not_equal(following, PAD), tf.float32)
    answer = {"score": tf.reduce_sum(chosen * valid, axis=1), "tokens": tf.reduce_sum(valid, axis=1)}
    return answer | ({} if weights is None else {"attention": tf.cast(weights, tf.float32)})


def classify(model: TokenModel, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Classify sequences.

    Args:
        model: a classifier.
        ids: (B, T), padded with 0.

    Returns:
        `probabilities` (B, classes) and, when the model attends, `attention` (B, T, T).
    """
    logits, weights = model.attend(ids)
    answer = {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))}
    return answer | ({} if weights is None else {"attention": tf.cast(weights, tf.float32)})
