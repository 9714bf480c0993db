"""Checks of arguments: each returns the value that was given, or says what was expected.

A check takes the name of the argument and its value, so that it can stand in an annotation; see `zoo/options.py`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

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


@dataclass(frozen=True)
class Number:
    """A check for finite numbers between two bounds.

    Attributes:
        low: the least.
        high: the greatest.
        above: whether the least itself is not allowed.
    """

    low: float = 0.0
    high: float = math.inf
    above: bool = False

    def __call__(self, name: str, value: Any) -> float:
        """Return `value` when it is within the bounds.

        Raises:
            CallError: it is not.
        """
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not self.low <= value <= self.high or (self.above and value == self.low):
            if math.isinf(self.high):
                kind = f"above {self.low:g}" if self.above else f"of {self.low:g} or more"
            else:
                kind = f"from {self.low:g} to {self.high:g}"
            raise CallError(f"`{name}` must be a number {kind}. Received: {name}={value!r}.")
        return float(value)


@dataclass(frozen=True)
class Whole:
    """A check for whole numbers between two bounds.

    Attributes:
        low: the least.
        high: the greatest.
    """

    low: int = 0
    high: int = 2**31 - 1

    def __call__(self, name: str, value: Any) -> int:
        """Return `value` when it is within the bounds.

        Raises:
            CallError: it is not.
        """
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            bounds = f"from {self.low} to {self.high}"
            raise CallError(f"`{name}` must be a whole number {bounds}. Received: {name}={value!r}.")
        return value


@dataclass(frozen=True)
class OneOf:
    """A check for words that are known.

    Attributes:
        known: the words.
    """

    known: tuple[str, ...]

    def __call__(self, name: str, value: Any) -> str:
        """Return `value` when it is one of the words.

        Raises:
            CallError: it is not; the message lists the words and the nearest.
        """
        return one_of(name, value, self.known)


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


# Kinds of options, for the signatures of classes; see `zoo/options.py`.
Size = Annotated[int, positive]
OptionalSize = Annotated[int | None, positive]
Share = Annotated[float, fraction]
Switch = Annotated[bool, switch]
