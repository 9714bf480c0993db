"""The library's one logger: progress as information, and warnings.

A program decides what becomes of the messages, as with any library: `logging.getLogger("zoo")`. Without a word from it,
Python prints warnings to standard error and drops information. The command calls `to_stderr`.
"""

import logging
import sys

logger = logging.getLogger("zoo")


def to_stderr() -> None:
    """Write information as it is, and warnings after "warning: ", to standard error. A second call changes nothing."""
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        logger.addHandler(_StandardError())


class _StandardError(logging.Handler):
    """Writes to the `sys.stderr` of the moment, which a program may replace at any time."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            prefix = "warning: " if record.levelno >= logging.WARNING else ""
            print(f"{prefix}{self.format(record)}", file=sys.stderr, flush=True)
        except Exception:  # as the handlers of `logging` do: no message may end the work that it tells of
            self.handleError(record)
