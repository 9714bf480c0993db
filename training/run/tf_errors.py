"""Running out of memory, told as what can be done about it."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from zoo.errors import WorkError


@contextlib.contextmanager
def memory_told() -> Iterator[None]:
    """Turn TensorFlow's error of a device without memory, which is no `MemoryError`, into a `WorkError`."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        reason = error.message.splitlines()[0][:200]
        raise WorkError(
            f"out of memory ({reason}). Begin anew with a smaller --batch-size or --batch-tokens, a smaller "
            "--max-length, or a smaller model."
        ) from error
