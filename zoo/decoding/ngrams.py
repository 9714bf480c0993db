"""The rule that no n-gram occurs twice in a hypothesis."""

import tensorflow as tf

from zoo.constants import PAD


def repeats(ids: tf.Tensor, t: tf.Tensor, n: int, vocabulary: tf.Tensor) -> tf.Tensor:
    """Return a mask with 1 for each token that would complete an n-gram that its hypothesis already has, else 0.

    Args:
        ids: the hypotheses (R, steps), with padding after the first `t` tokens.
        t: the number of tokens.
        n: the size of the n-grams.
        vocabulary: the size of the vocabulary, V.

    Returns:
        The mask (R, V).
    """
    steps = ids.shape[1]
    if n > steps:
        return tf.zeros([tf.shape(ids)[0], vocabulary])
    windows = steps - n + 1
    last = tf.gather(ids, tf.maximum(t - (n - 1) + tf.range(n - 1), 0), axis=1)  # (R, n - 1)
    same = tf.expand_dims(tf.range(windows) + n - 1 < t, 0)
    for k in range(n - 1):
        tokens = tf.gather(ids, tf.range(k, k + windows), axis=1)  # (R, windows), token k of each window
        same = tf.logical_and(same, tf.equal(tokens, tf.gather(last, [k], axis=1)))
    following = tf.gather(ids, tf.range(n - 1, steps), axis=1)  # (R, windows), the token after each window
    same = tf.logical_and(same, tf.greater(following, PAD))
    rows = tf.broadcast_to(tf.expand_dims(tf.range(tf.shape(ids)[0]), 1), tf.shape(following))
    indices = tf.stack([rows, following], axis=-1)
    counts = tf.scatter_nd(indices, tf.cast(same, tf.float32), [tf.shape(ids)[0], vocabulary])
    return tf.minimum(counts, 1.0)
