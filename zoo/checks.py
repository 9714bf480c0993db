"""Checks of arguments. A check returns the value if it is valid, and otherwise raises an error.

A check takes the name of the argument and its value, so that it can be part of an annotation; see `zoo/options.py`.
"""

import math
import operator
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from zoo.errors import CallError, nearest


def positive(name: str, value: Any) -> int:
    """Return `value` if it is a positive integer.

    Raises:
        CallError: any other value.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CallError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
    return value


def fraction(name: str, value: Any) -> float:
    """Return `value` as a float if it is a number of at least 0 and below 1.

    Raises:
        CallError: any other value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise CallError(f"`{name}` must be a number from 0 up to 1. Received: {name}={value!r}.")
    return float(value)


@dataclass(frozen=True)
class Number:
    """A check for finite numbers between two bounds.

    Attributes:
        low: the lower bound.
        high: the upper bound.
        above: exclude the lower bound itself.
    """

    low: float = 0.0
    high: float = math.inf
    above: bool = False

    def __call__(self, name: str, value: Any) -> float:
        """Return `value` as a float if it is a number within the bounds.

        Raises:
            CallError: any other value.
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
        low: the lower bound.
        high: the upper bound.
    """

    low: int = 0
    high: int = 2**31 - 1

    def __call__(self, name: str, value: Any) -> int:
        """Return `value` if it is a whole number within the bounds.

        Raises:
            CallError: any other value.
        """
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            bounds = f"from {self.low} to {self.high}"
            raise CallError(f"`{name}` must be a whole number {bounds}. Received: {name}={value!r}.")
        return value


def check_list(texts: Any) -> None:
    """Refuse one text, or the path of a file, in place of a list of texts.

    Raises:
        CallError: either is the case.
    """
    if isinstance(texts, str | bytes | os.PathLike):  # as a sequence, each letter of a text would be one
        raise CallError(f"Expected a list of texts. Received one text: {str(texts)[:80]!r}.")


def whole(name: str, value: Any) -> int:
    """Return `value` as an int if it is a whole number, of NumPy too.

    Raises:
        CallError: any other value.
    """
    try:
        return operator.index(value)
    except TypeError as error:
        raise CallError(f"`{name}` must be a whole number. Received: {name}={value!r}.") from error


@dataclass(frozen=True)
class OneOf:
    """A check for one of several words.

    Attributes:
        known: the allowed words.
    """

    known: tuple[str, ...]

    def __call__(self, name: str, value: Any) -> str:
        """Return `value` if it is one of the words.

        Raises:
            CallError: any other value; the message lists the words and names the nearest one.
        """
        return one_of(name, value, self.known)


def switch(name: str, value: Any) -> bool:
    """Return `value` if it is true or false.

    Raises:
        CallError: any other value.
    """
    if not isinstance(value, bool):
        raise CallError(f"`{name}` must be true or false. Received: {name}={value!r}.")
    return value


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` if it is one of the known words.

    Raises:
        CallError: any other value; the message lists the known words and names the nearest one.
    """
    known = list(known)
    if value not in known:
        words = ", ".join(f'"{word}"' for word in known)
        raise CallError(f"`{name}` must be one of {words}. Received: {value!r}.{nearest(str(value), known)}")
    return value


# Annotations of options; see `zoo/options.py`.
Size = Annotated[int, positive]
TokenId = Annotated[int, positive]  # not 0, which is padding
OptionalSize = Annotated[int | None, positive]
Share = Annotated[float, fraction]
Switch = Annotated[bool, switch]
