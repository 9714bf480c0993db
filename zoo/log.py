"""The library's one logger: progress as information, and warnings.

As with any library, the program decides where the messages go: `logging.getLogger("zoo")`. By default Python prints
warnings to standard error and drops information. The command calls `to_stderr`.
"""

import contextlib
import logging
import sys

logger = logging.getLogger("zoo")


def to_stderr() -> None:
    """Write information as it is, and warnings after "warning: ", to standard error. A second call changes nothing."""
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        logger.addHandler(_StandardError())


class _StandardError(logging.Handler):
    """Writes to the current `sys.stderr`, which a program may replace at any time."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        message = f"{prefix}{self.format(record)}"
        if sys.stderr is None:  # `print` would write to standard output
            return
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it: no reason to end a training
            print(message, file=sys.stderr, flush=True)
