"""Products with weight matrices, in the form that runs fastest."""

import tensorflow as tf


def times(x, kernel):
    """Return x (..., n) times a kernel (n, m): (..., m).

    As one product of two matrices: TensorFlow multiplies a batch of small matrices several times slower.
    """
    if x.shape.rank == 2:
        return tf.matmul(x, kernel)
    flat = tf.matmul(tf.reshape(x, [-1, kernel.shape[0]]), kernel)
    return _unflatten(flat, x)


def affine(x, kernel, bias):
    """Return x (..., n) times a kernel (n, m) plus a bias (m,)."""
    flat = tf.nn.bias_add(tf.matmul(tf.reshape(x, [-1, kernel.shape[0]]), kernel), bias)
    return flat if x.shape.rank == 2 else _unflatten(flat, x)


def outer(a, b):
    """Return the sum of the outer products of the rows of a (..., n) and b (..., m): (n, m)."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)


def _unflatten(flat, like):
    shape = tf.unstack(tf.shape(like))[:-1]
    result = tf.reshape(flat, [*shape, flat.shape[-1]])
    result.set_shape([*like.shape[:-1], flat.shape[-1]])
    return result
