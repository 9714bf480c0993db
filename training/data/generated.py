"""Generated corpora: examples drawn from tables of sentences by a seeded stream, and their division into splits.

A hash of the target assigns each example of the endless stream to a split. A source has one target, so neither side of
a split occurs in another, whatever the sizes and seeds; and a longer set of the same seed begins with the shorter one.
"""

import datetime
import random
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from zoo.errors import CallError, nearest

SPLITS = ("train", "valid", "test")
MAX_FRUITLESS_DRAWS = 200_000

# For each slot, a function that draws its filling: the text of both sides, or objects that format as text.
Slots = Mapping[str, Callable[[random.Random], tuple[Any, Any]]]


@dataclass(frozen=True)
class Example:
    """A sentence and what a model should make of it.

    Attributes:
        source: the text.
        target: its translation or spoken form.
        kind: the kind of sentence.
    """

    source: str
    target: str
    kind: str


def collect(draw: Callable[[random.Random], Example], stream: random.Random, split: str, size: int) -> list[Example]:
    """Return `size` different examples of a split.

    Args:
        draw: draws an example.
        stream: the seeded stream.
        split: "train", "valid" or "test" (of all examples 90, 5 and 5 percent).
        size: the number of examples, at least 1.

    Raises:
        CallError: an unknown split, a size that is no positive integer, or more examples than the corpus has.
    """
    if split not in SPLITS:
        hint = nearest(str(split), SPLITS)
        raise CallError(f"`split` must be one of {', '.join(SPLITS)}. Received: split={split!r}.{hint}")
    if not isinstance(size, int) or size < 1:
        raise CallError(f"`size` must be a positive integer. Received: size={size!r}.")
    found: dict[str, Example] = {}
    fruitless = 0
    while len(found) < size:
        example = draw(stream)
        if example.source in found or split_of(example.target) != split:
            fruitless += 1
            if fruitless == MAX_FRUITLESS_DRAWS:
                raise CallError(f"`size` must be at most about {len(found)} for {split}. Received: size={size}.")
            continue
        found[example.source] = example
        fruitless = 0
    return list(found.values())


def split_of(target: str) -> str:
    """Return the split of an example from its target, the same for all sizes and seeds."""
    return {0: "valid", 1: "test"}.get(zlib.crc32(target.encode()) % 20, "train")


def fill(stream: random.Random, source: str, target: str, slots: Slots) -> tuple[str, str]:
    """Return the source and the target of a row of a table, their slots filled with the same things.

    Args:
        stream: the seeded stream.
        source: a template: text with slots in braces. `{day2}` is another day than `{day}`.
        target: the template of the other side, with the same slots.
        slots: the function of each slot.
    """
    filling: dict[str, tuple[Any, Any]] = {}
    for slot in slots_of(source):
        draw = slots[slot.rstrip("2")]
        pair = draw(stream)
        while slot.endswith("2") and pair == filling[slot[:-1]]:
            pair = draw(stream)
        filling[slot] = pair
    return (
        source.format_map({slot: pair[0] for slot, pair in filling.items()}),
        target.format_map({slot: pair[1] for slot, pair in filling.items()}),
    )


@cache
def slots_of(template: str) -> tuple[str, ...]:
    """Return the names of the slots of a template, in order."""
    return tuple(re.findall(r"{(\w+)", template))


def draw_size(stream: random.Random, low: int, high: int) -> int:
    """Draw a number whose magnitude is uniform: two digits are as probable as five."""
    return min(high, int(low * ((high + 1) / low) ** stream.random()))


def draw_date(stream: random.Random, year: int, days: int) -> datetime.date:
    """Draw one of so many days, from the first of a year on."""
    return datetime.date(year, 1, 1) + datetime.timedelta(days=stream.randrange(days))
