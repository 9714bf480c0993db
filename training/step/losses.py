"""What training minimises and what it counts: sums over the tokens, or texts, that are not padding."""

import tensorflow as tf

from zoo.constants import PAD


def valid(task: str, targets: tf.Tensor) -> tf.Tensor:
    """Return 1.0 for each target that counts, 0.0 for padding: (B, T), or (B,) for classes."""
    if task == "classification":
        return tf.ones(tf.shape(targets), tf.float32)
    return tf.cast(tf.not_equal(targets, PAD), tf.float32)


def without_padding(task: str, hidden: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the rows (N, n) of hidden (B, T, n) whose targets (B, T) are not padding, and those targets (N,).

    Most of the work of a step is the logits, so that none is done on padding.
    """
    if task == "classification":
        return hidden, targets
    places = tf.where(tf.not_equal(tf.reshape(targets, [-1]), PAD))[:, 0]
    return tf.gather(tf.reshape(hidden, [-1, hidden.shape[-1]]), places), tf.gather(tf.reshape(targets, [-1]), places)


def summed_loss(task: str, targets: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the cross-entropy summed over all targets that count, in nats, and how many they are.

    Args:
        task: "translation", "classification" or "language_model".
        targets: ids (B, T) or (N,), padded with 0, or classes (B,).
        logits: (B, T, V) or (N, V), or (B, classes).
    """
    weights = valid(task, targets)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=tf.cast(logits, tf.float32))
    return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)


def summed_smoothing(task: str, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return what label smoothing adds to `summed_loss` for each unit of its share: shapes as there.

    The target of a smoothed loss is (1 - share) onehot + share / V. Its cross-entropy is that of the one-hot target
    plus `share * (logit of the target - mean of all logits)`: the normaliser is in both and drops out, so
    that nothing of size V is made but the logits.

    Source: Szegedy et al. 2016, arXiv 1512.00567.
    """
    logits = tf.cast(logits, tf.float32)
    chosen = tf.gather(logits, targets, axis=-1, batch_dims=len(targets.shape))
    return tf.reduce_sum((chosen - tf.reduce_mean(logits, axis=-1)) * valid(task, targets))


def count_right(task: str, targets: tf.Tensor, logits: tf.Tensor, *, ties: bool = False) -> tf.Tensor:
    """Return how many targets that count are the most probable guess; shapes as `summed_loss`.

    Of several guesses that are equally probable the first is made. With `ties` each of them counts, which takes a third
    of the time; in bfloat16 they are not rare.
    """
    if ties:
        chosen = tf.gather(logits, targets, axis=-1, batch_dims=len(targets.shape))
        right = tf.greater_equal(chosen, tf.reduce_max(logits, axis=-1))
    else:
        right = tf.equal(tf.argmax(logits, axis=-1, output_type=targets.dtype), targets)
    return tf.reduce_sum(tf.cast(right, tf.float32) * valid(task, targets))
