"""What native libraries are told before they are loaded, and silence for those that write to standard error."""

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator


def set_environment() -> None:
    """Keep TensorFlow's log below errors, and let it use oneDNN, unless the user has said otherwise."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
    # Several times faster with few rows, on processors where TensorFlow leaves it off by default.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextlib.contextmanager
def native_silence() -> Iterator[None]:
    """Throw away what is written to the file descriptor of standard error inside the block.

    For the command alone: it is not meant for programs with several threads.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError):  # standard error is closed: it is silent already
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def end_silently() -> None:
    """Let native libraries say nothing when the process ends: LiteRT names all that it takes down. For the command."""

    def silence():
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    atexit.register(silence)


def import_tensorflow() -> None:
    """Import TensorFlow, without the messages that no log level keeps away."""
    with native_silence():
        import tensorflow  # noqa: F401
