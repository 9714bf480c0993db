"""Checks of constructor arguments, shared by the layers."""

import math
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


def number(name: str, value: Any, *, above: bool = False) -> float:
    """Return `value` when it is a finite number of 0 or more, or `above` 0.

    Raises:
        CallError: it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or value < 0 or (above and value == 0):
        kind = "above 0" if above else "of 0 or more"
        raise CallError(f"`{name}` must be a number {kind}. Received: {name}={value!r}.")
    return float(value)


def switch(name: str, value: Any) -> bool:
    """Return `value` when it is true or false.

    Raises:
        CallError: it is not.
    """
    if not isinstance(value, bool):
        raise CallError(f"`{name}` must be true or false. Received: {name}={value!r}.")
    return value


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
