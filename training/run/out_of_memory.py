"""The error of a device without memory, with what the user can do about it."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from zoo.errors import WorkError


@contextlib.contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Turn TensorFlow's error of a device without memory, which is no `MemoryError`, into a `WorkError`."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        reason = error.message.splitlines()[0][:200]
        raise WorkError(
            f"out of memory ({reason}). Start a new run with a smaller --batch-size or --batch-tokens, a smaller "
            "--max-length, or a smaller model."
        ) from error
