"""The failures that a user can meet, each with the exit status of the command."""

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """A failure that the user can act on; the command prints its message without a traceback."""

    exit_status = 1


class CallError(ZooError, ValueError):
    """The call was wrong: an option that does not exist, a file that cannot be used. Exit status 2."""

    exit_status = 2


class WorkError(ZooError, RuntimeError):
    """The call was right but the work failed: a full disk, answers that differ. Exit status 1."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM has ended a training after a step, with a checkpoint. Exit status 130 or 143.

    Args:
        number: the number of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.exit_status = 128 + number


def first_line(error: BaseException, most: int = 200) -> str:
    """Return the first line of the message of an error of a library, cut, or its class where it has no message.

    Args:
        error: the error.
        most: the most characters.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0][:most]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?` for the nearest known word, or an empty string if none is near.

    Args:
        word: the word that the user wrote.
        known: the words that are accepted.
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' Did you mean "{close[0]}"?' if close else ""
