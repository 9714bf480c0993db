"""The loss and the accuracy of a batch, as sums over the tokens, or texts, that are not padding."""

from typing import Any, TypeAlias

import tensorflow as tf

from zoo.constants import PAD
from zoo.tasks import TASKS

Weights: TypeAlias = tf.Tensor | None


def target_weights(task: str, targets: tf.Tensor) -> tf.Tensor:
    """Return 1.0 for each target that counts and 0.0 for padding: (B, T) or (N,), or (B,) for classes."""
    if TASKS[task].labelled:
        return tf.ones(tf.shape(targets), tf.float32)
    return tf.cast(tf.not_equal(targets, PAD), tf.float32)


def without_padding(
    task: str, hidden: tf.Tensor, targets: tf.Tensor, weights: Weights = None
) -> tuple[tf.Tensor, tf.Tensor, Weights]:
    """Return the rows (N, n) of `hidden` (B, T, n) whose targets are not padding, and their targets and weights (N,).

    The logits are most of the work of a step, so none are computed for padding. Classes have none.
    """
    if TASKS[task].labelled:
        return hidden, targets, weights
    places = tf.where(tf.not_equal(tf.reshape(targets, [-1]), PAD))[:, 0]
    kept = tf.gather(tf.reshape(hidden, [-1, hidden.shape[-1]]), places)
    if weights is not None:
        weights = tf.gather(tf.reshape(_spread(weights, targets), [-1]), places)
    return kept, tf.gather(tf.reshape(targets, [-1]), places), weights


def _spread(weights: Any, targets: tf.Tensor) -> tf.Tensor:
    """Return the weights of the examples, (B,), (B, 1) or (B, T), in the shape of the targets, (B,) or (B, T)."""
    weights, rank = tf.cast(weights, tf.float32), len(targets.shape)
    if len(weights.shape) > rank:
        weights = tf.squeeze(weights, -1)
    if len(weights.shape) < rank:
        weights = weights[:, tf.newaxis]
    return tf.broadcast_to(weights, tf.shape(targets))


def summed_loss(
    task: str, targets: tf.Tensor, logits: tf.Tensor, weights: Weights = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the cross-entropy in nats, weighted, summed over the targets that count, and their number.

    Args:
        task: "translation", "classification" or "language_model".
        targets: ids (B, T) or (N,), padded with 0, or classes (B,).
        logits: (B, T, V) or (N, V), or (B, classes).
        weights: the weights of the examples (B,), or of the targets; None: all 1.
    """
    counted = target_weights(task, targets)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=tf.cast(logits, tf.float32))
    return tf.reduce_sum(losses * _weighted(counted, weights, targets)), tf.reduce_sum(counted)


def _weighted(counted: tf.Tensor, weights: Weights, targets: tf.Tensor) -> tf.Tensor:
    return counted if weights is None else counted * _spread(weights, targets)


def summed_smoothing(task: str, targets: tf.Tensor, logits: tf.Tensor, weights: Weights = None) -> tf.Tensor:
    """Return the term that label smoothing adds to `summed_loss`, per unit of its share; shapes as there.

    The target of a smoothed loss is (1 - share) onehot + share / V. Its cross-entropy is that of the one-hot target
    plus `share * (logit of the target - mean of all logits)`. The normaliser is in both and cancels, so nothing of
    size V is made but the logits.

    Source: Szegedy et al. 2016, arXiv 1512.00567.
    """
    logits = tf.cast(logits, tf.float32)
    chosen = tf.gather(logits, targets, axis=-1, batch_dims=len(targets.shape))
    counted = _weighted(target_weights(task, targets), weights, targets)
    return tf.reduce_sum((chosen - tf.reduce_mean(logits, axis=-1)) * counted)


def count_right(task: str, targets: tf.Tensor, logits: tf.Tensor, *, ties: bool = False) -> tf.Tensor:
    """Return how many of the targets that count are the model's guess, the most probable id; shapes as `summed_loss`.

    Of equally probable ids the first is the guess. With `ties` each of them is, which takes a third of the time; in
    bfloat16 they are not rare.
    """
    if ties:
        chosen = tf.gather(logits, targets, axis=-1, batch_dims=len(targets.shape))
        right = tf.greater_equal(chosen, tf.reduce_max(logits, axis=-1))
    else:
        right = tf.equal(tf.argmax(logits, axis=-1, output_type=targets.dtype), targets)
    return tf.reduce_sum(tf.cast(right, tf.float32) * target_weights(task, targets))
