"""Products with weight matrices, in the form that runs fastest."""

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled  # it has no public name

from zoo.recurrence.scan import for_litert
from zoo.recurrence.speed import faster_form

FORMS = ("plain", "transposed")

_form: contextvars.ContextVar[str | None] = contextvars.ContextVar("zoo_product_form", default=None)


@contextlib.contextmanager
def product_form(form: str | None) -> Iterator[None]:
    """Trace loops with one form of their products; see `LoopMatrix`.

    Args:
        form: "plain" or "transposed"; None for the one that is faster on this processor.
    """
    before = _form.set(form)
    try:
        yield
    finally:
        _form.reset(before)


def current_form() -> str:
    """Return the form of the products of the loops that are traced now."""
    if for_litert():
        return "transposed"  # as LiteRT stores matrices
    if _form.get() is None and is_op_determinism_enabled():
        return "plain"  # a measurement could decide otherwise in another process
    return _form.get() or faster_form()


class LoopMatrix:
    """A matrix W that every step of a loop multiplies few rows with, in the form that is fastest on this processor.

    The product of few rows with a matrix is two to three times faster on some processors, and as much slower on others,
    when the second operand is given transposed (docs/performance.md). With the form "plain" no product has a transposed
    operand: W is transposed before the loop of the gradient. With "transposed" all have one: W is transposed before
    the forward loop.

    Args:
        matrix: W, (n, m).
    """

    def __init__(self, matrix: tf.Tensor):
        self.matrix = matrix
        self.form = current_form()
        self.turned = tf.transpose(matrix) if self.form == "transposed" else None

    @classmethod
    def both_ways(cls, matrix: tf.Tensor) -> "LoopMatrix":
        """Return a matrix that is ready for `times_transposed` too."""
        made = cls(matrix)
        made.before_gradient()
        return made

    def before_gradient(self) -> None:
        """Prepare `times_transposed`; call it outside the loop of the gradient."""
        if self.form == "plain":
            self.turned = tf.transpose(self.matrix)

    def times(self, rows: tf.Tensor) -> tf.Tensor:
        """Return rows W, (B, m), for rows (B, n)."""
        if self.form == "plain":
            return tf.matmul(rows, self.matrix)
        return tf.matmul(rows, self.turned, transpose_b=True)

    def times_transposed(self, rows: tf.Tensor) -> tf.Tensor:
        """Return rows W^T, (B, n), for rows (B, m)."""
        if self.form == "plain":
            return tf.matmul(rows, self.turned)
        return tf.matmul(rows, self.matrix, transpose_b=True)


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


def wide(tensor):
    """Return a tensor in float32, one in float64 as it is: for numbers that a narrower dtype would spoil or slow."""
    return tensor if tensor.dtype == tf.float64 else tf.cast(tensor, tf.float32)


def outer(a, b):
    """Return the sum of the outer products of the rows of a (..., n) and b (..., m): (n, m)."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)


def _unflatten(flat, like):
    shape = tf.unstack(tf.shape(like))[:-1]
    result = tf.reshape(flat, [*shape, flat.shape[-1]])
    result.set_shape([*like.shape[:-1], flat.shape[-1]])
    return result
