"""The console: TensorFlow's environment, silence for native libraries, and JSON."""

import atexit
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any


def set_environment() -> None:
    """Hide TensorFlow's warnings and let the memory on a GPU grow, except where the user has set these variables."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
    # Otherwise the first operation takes all memory of the card.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def import_tensorflow() -> None:
    """Import TensorFlow without the messages that no log level hides."""
    with native_silence():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def native_silence() -> Iterator[None]:
    """Discard what is written to the file descriptor of standard error inside the block.

    The descriptor belongs to the whole process, so this is for the command alone, not for programs with threads.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError):  # standard error is closed
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
    """Discard what native libraries write to standard error when the process ends; LiteRT lists what it deletes."""

    def silence():
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    atexit.register(silence)


def print_json(content: Any) -> None:
    """Print one JSON document to standard output."""
    print(json.dumps(content, ensure_ascii=False, indent=2))


class JsonList:
    """A JSON list that is printed in parts, with the same text as by `print_json`.

    It is a context manager. After an error the list ends where it was, so that the document is whole.
    """

    def __init__(self):
        self._begun = False

    def add(self, elements: list[Any]) -> None:
        """Print some elements, at least one."""
        within_brackets = json.dumps(elements, ensure_ascii=False, indent=2)[1:-2]
        print(f"{',' if self._begun else '['}{within_brackets}", end="", flush=True)
        self._begun = True

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if self._begun or error is None:
            print("\n]" if self._begun else "[]")
