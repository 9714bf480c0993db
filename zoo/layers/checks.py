"""Checks of constructor arguments, shared by the layers."""

from collections.abc import Iterable
from typing import Any

from zoo.errors import CallError, nearest


def positive(name: str, value: Any) -> int:
    """Return `value` when it is a positive integer.

    Raises:
        CallError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CallError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
    return value


def fraction(name: str, value: Any) -> float:
    """Return `value` when it is a number from 0 up to, not including, 1.

    Raises:
        CallError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise CallError(f"`{name}` must be a number from 0 up to 1. Received: {name}={value!r}.")
    return float(value)


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` when it is one of the known words.

    Raises:
        CallError: it is not; the message lists the known words and the nearest.
    """
    known = list(known)
    if value not in known:
        words = ", ".join(f'"{word}"' for word in known)
        raise CallError(f"`{name}` must be one of {words}. Received: {value!r}.{nearest(str(value), known)}")
    return value
