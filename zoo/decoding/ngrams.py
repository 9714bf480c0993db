"""No n-gram twice."""

import tensorflow as tf

from zoo.constants import PAD


def repeats(ids: tf.Tensor, t: tf.Tensor, n: int, vocabulary: tf.Tensor) -> tf.Tensor:
    """Return 1 for each token that would make n tokens in a row that are there already, else 0.

    Args:
        ids: the hypotheses (R, steps), of whose tokens the first `t` are there.
        t: how many tokens are there.
        n: how many in a row.
        vocabulary: V.

    Returns:
        (R, V).
    """
    steps = ids.shape[1]
    if n > steps:
        return tf.zeros([tf.shape(ids)[0], vocabulary])
    windows = steps - n + 1
    last = tf.gather(ids, tf.maximum(t - (n - 1) + tf.range(n - 1), 0), axis=1)  # (R, n - 1)
    same = tf.expand_dims(tf.range(windows) + n - 1 < t, 0)
    for k in range(n - 1):
        part = tf.gather(ids, tf.range(k, k + windows), axis=1)
        same = tf.logical_and(same, tf.equal(part, tf.gather(last, [k], axis=1)))
    after = tf.gather(ids, tf.range(n - 1, steps), axis=1)  # (R, windows): the token behind each window
    same = tf.logical_and(same, tf.greater(after, PAD))
    row = tf.broadcast_to(tf.expand_dims(tf.range(tf.shape(ids)[0]), 1), tf.shape(after))
    counts = tf.scatter_nd(tf.stack([row, after], axis=-1), tf.cast(same, tf.float32), [tf.shape(ids)[0], vocabulary])
    return tf.minimum(counts, 1.0)
