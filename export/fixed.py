"""Signatures of one shape, for runtimes that must know every size before they run: LiteRT.js and CompiledModel."""

from collections.abc import Sequence

import tensorflow as tf

from export.signatures import Signature
from zoo.errors import CallError
from zoo.special import MAX_SOURCE_PIECES, MAX_TARGET_PIECES


def check_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Return a batch size and a length that a signature can be fixed to.

    Raises:
        CallError: they are none.
    """
    rows, length = shape if len(shape) == 2 else (0, 0)
    if rows < 1 or not 2 <= length <= MAX_SOURCE_PIECES:
        expected = f"a batch size of 1 or more and a length of 2 to {MAX_SOURCE_PIECES}"
        raise CallError(f"`shape` must be {expected}. Received: {','.join(map(str, shape))}.")
    return rows, length


def fixed(signature: Signature, shape: tuple[int, int]) -> Signature:
    """Fix the shape of a signature.

    Args:
        signature: over ids (B, S).
        shape: B and S.

    Returns:
        The same function over ids of that shape. What it returns is as long as the longest answer can be,
        `MAX_TARGET_PIECES`, padded with 0.
    """

    def function(ids):
        return {name: _padded(value) for name, value in signature.function(ids).items()}

    return Signature(function, tf.TensorSpec(shape, signature.input.dtype, signature.input.name))


def _padded(value: tf.Tensor) -> tf.Tensor:
    """Pad the axes whose size is unknown."""
    after = [MAX_TARGET_PIECES - tf.shape(value)[i] if n is None else 0 for i, n in enumerate(value.shape)]
    padded = tf.pad(value, [[0, one] for one in after])
    return tf.reshape(padded, [MAX_TARGET_PIECES if n is None else n for n in value.shape])
