"""The loss and the accuracy of a batch, as sums over the tokens, or texts, that are not padding."""

from typing import Any, NamedTuple, TypeAlias

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


class LossSums(NamedTuple):
    """Sums over the targets of a batch that count, each a scalar in float32.

    Attributes:
        loss: the cross-entropy in nats, weighted.
        soft: the same for the soft targets, of label smoothing and distillation; the gradient is taken of this.
        right: how many targets are the most probable id, or one of several. It has no gradient.
        count: the number of targets.
    """

    loss: tf.Tensor
    soft: tf.Tensor
    right: tf.Tensor
    count: tf.Tensor


def summed_loss(
    task: str,
    targets: tf.Tensor,
    logits: tf.Tensor,
    weights: Weights = None,
    *,
    label_smoothing: float = 0.0,
    teacher_probabilities: tf.Tensor | None = None,
    distillation: float = 0.0,
) -> LossSums:
    """Return the sums of the loss of a batch.

    With label smoothing by a share s, and distillation by a share d to the probabilities p of a teacher, the target of
    the loss is (1 - d) ((1 - s) onehot + s / V) + d p.

    Args:
        task: "translation", "classification" or "language_model".
        targets: ids (B, T) or (N,), padded with 0, or classes (B,).
        logits: (B, T, V) or (N, V), or (B, classes).
        weights: the weights of the examples (B,), or of the targets; None: all 1.
        label_smoothing: the share of the target's probability that is spread over the vocabulary.
        teacher_probabilities: p, float32 in the shape of the logits; None: no distillation.
        distillation: the share of the target that the teacher decides.

    Source: label smoothing Szegedy et al. 2016, arXiv 1512.00567; distillation Hinton et al. 2015, arXiv 1503.02531,
    with a temperature of 1.
    """
    counted = target_weights(task, targets)
    weighted = _weighted(counted, weights, targets)
    rows = [-1, logits.shape[-1]]
    losses, right = _cross_entropy(
        tf.reshape(logits, rows),
        tf.reshape(targets, [-1]),
        label_smoothing,
        None if teacher_probabilities is None else tf.reshape(teacher_probabilities, rows),
        0.0 if teacher_probabilities is None else distillation,
    )
    return LossSums(
        loss=tf.reduce_sum(losses[0] * tf.reshape(weighted, [-1])),
        soft=tf.reduce_sum(losses[1] * tf.reshape(weighted, [-1])),
        right=tf.reduce_sum(right * tf.reshape(counted, [-1])),
        count=tf.reduce_sum(counted),
    )


def _cross_entropy(
    logits: tf.Tensor, targets: tf.Tensor, share: float, teacher: tf.Tensor | None, distillation: float
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Return the cross-entropies (N,), plain and soft, for logits (N, V), and 1.0 where the target is the guess.

    The soft target is own * onehot + spread + distillation * teacher. The largest probability of a row is
    exp(best - best) / normaliser, which gives the normaliser. The gradient is written out: softmax - target, in one
    tensor of size (N, V).
    """
    size, targets = logits.shape[-1], tf.cast(targets, tf.int32)
    own, spread = (1 - distillation) * (1 - share), (1 - distillation) * share / size

    @tf.custom_gradient
    def run(logits):
        wide = tf.cast(logits, tf.float32)
        probabilities = tf.nn.softmax(wide)
        best, chosen = tf.reduce_max(wide, -1), tf.gather(wide, targets, axis=-1, batch_dims=1)
        plain = best - chosen - tf.math.log(tf.reduce_max(probabilities, -1))
        # The normaliser is in both losses and cancels in their difference.
        soft = plain + (1 - own) * chosen if own < 1 else plain
        if share:
            soft -= spread * tf.reduce_sum(wide, -1)
        if teacher is not None:
            soft -= distillation * tf.reduce_sum(teacher * wide, -1)
        right = tf.cast(tf.greater_equal(chosen, best), tf.float32)

        def gradient(d_plain, d_soft, _):
            d_both = d_plain + d_soft
            d_logits = probabilities * d_both[:, tf.newaxis]
            if teacher is not None:
                d_logits -= teacher * (distillation * d_soft)[:, tf.newaxis]
            if share:
                d_logits -= spread * d_soft[:, tf.newaxis]
            places = tf.stack([tf.range(tf.size(targets)), targets], -1)
            d_logits = tf.tensor_scatter_nd_sub(d_logits, places, d_plain + own * d_soft)
            return tf.cast(d_logits, logits.dtype)

        return (plain, soft, right), gradient

    *losses, right = run(logits)
    return losses, right


def _weighted(counted: tf.Tensor, weights: Weights, targets: tf.Tensor) -> tf.Tensor:
    return counted if weights is None else counted * _spread(weights, targets)


def count_right(task: str, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return how many of the targets that count are the model's guess, the most probable id; shapes as `summed_loss`.

    Of equally probable ids the first is the guess.
    """
    right = tf.equal(tf.argmax(logits, axis=-1, output_type=targets.dtype), targets)
    return tf.reduce_sum(tf.cast(right, tf.float32) * target_weights(task, targets))
