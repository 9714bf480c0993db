"""Products with weight matrices, in the form that runs fastest."""

import tensorflow as tf


def times(x, kernel):
    """Multiply x (..., n) by a kernel (n, m): (..., m).

    It is one product of two matrices: TensorFlow multiplies a batch of small matrices several times slower.
    """
    return on_rows(lambda rows: tf.matmul(rows, kernel), x)


def times_weights(tensor, weights):
    """Multiply a tensor by the only matrix of a list; an empty list leaves the tensor unchanged."""
    return times(tensor, weights[0]) if weights else tensor


def affine(x, kernel, bias):
    """Multiply x (..., n) by a kernel (n, m) and add a bias (m,)."""
    return on_rows(lambda rows: tf.nn.bias_add(tf.matmul(rows, kernel), bias), x)


def on_rows(function, x):
    """Apply a function of a matrix (rows, n) to all rows of x (..., n); the result has the leading axes of x."""
    x = tf.convert_to_tensor(x)
    return function(x) if x.shape.rank == 2 else _unflatten(function(tf.reshape(x, [-1, x.shape[-1]])), x)


def outer(a, b):
    """Return the sum of the outer products of the rows of a (..., n) and b (..., m): (n, m)."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)


def _unflatten(flat, like):
    shape = tf.unstack(tf.shape(like))[:-1]
    result = tf.reshape(flat, [*shape, flat.shape[-1]])
    result.set_shape([*like.shape[:-1], flat.shape[-1]])
    return result
