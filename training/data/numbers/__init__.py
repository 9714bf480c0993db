"""The built-in corpus `numbers-fr-en`: French phrases and their English, generated from a seed.

The sentences are the table in `phrases.py`; `slots.py` fills their slots with numbers spelled by `num2words` and names
from the CLDR (`names.py`). A hash of the English side assigns each phrase of an endless seeded stream to a split. Every
French phrase has one English rendering, so neither side of a split occurs in another, whatever the sizes and seeds; and
a longer set of the same seed begins with the shorter one.
"""

import random
import re
import zlib
from dataclasses import dataclass
from functools import cache

from zoo.errors import CallError, nearest
from zoo.training.data.numbers.phrases import PHRASES, WEIGHTS
from zoo.training.data.numbers.slots import SLOTS, Pair

SPLITS = ("train", "valid", "test")
MAX_FRUITLESS_DRAWS = 200_000


@dataclass(frozen=True)
class Example:
    """A phrase.

    Attributes:
        source: the French.
        target: the English.
        kind: a key of PHRASES.
    """

    source: str
    target: str
    kind: str


def generate(split: str, size: int, *, seed: int = 0) -> list[Example]:
    """Return `size` different examples of a split.

    Args:
        split: "train", "valid" or "test" (of all phrases 90, 5 and 5 percent).
        size: the number of examples, at least 1.
        seed: the seed of the phrases; the splits stay apart under all seeds.

    Raises:
        CallError: an unknown split, a size that is no positive integer, or more phrases than the corpus has.
    """
    if split not in SPLITS:
        hint = nearest(str(split), SPLITS)
        raise CallError(f"`split` must be one of {', '.join(SPLITS)}. Received: split={split!r}.{hint}")
    if not isinstance(size, int) or size < 1:
        raise CallError(f"`size` must be a positive integer. Received: size={size!r}.")
    stream = random.Random(f"numbers-fr-en {seed}")
    found: dict[str, Example] = {}
    fruitless = 0
    while len(found) < size:
        example = _draw(stream)
        if example.source in found or split_of(example.target) != split:
            fruitless += 1
            if fruitless == MAX_FRUITLESS_DRAWS:
                raise CallError(f"`size` must be at most about {len(found)} for {split}. Received: size={size}.")
            continue
        found[example.source] = example
        fruitless = 0
    return list(found.values())


def split_of(target: str) -> str:
    """Return the split of an English phrase, the same for all sizes and seeds."""
    return {0: "valid", 1: "test"}.get(zlib.crc32(target.encode()) % 20, "train")


def _draw(stream: random.Random) -> Example:
    """Draw a kind, a row of its table and the fillings of its slots."""
    kind = stream.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    french, english = stream.choice(PHRASES[kind])
    filling: dict[str, Pair] = {}
    for slot in _slots(french):
        fill = SLOTS[slot.rstrip("2")]
        pair = fill(stream)
        while slot.endswith("2") and pair == filling[slot[:-1]]:
            pair = fill(stream)
        filling[slot] = pair
    source = french.format_map({slot: pair[0] for slot, pair in filling.items()})
    target = english.format_map({slot: pair[1] for slot, pair in filling.items()})
    # A sentence that ends in "p.m." has one full stop.
    return Example(source, target.removesuffix(".") if target.endswith("..") else target, kind)


@cache
def _slots(template: str) -> tuple[str, ...]:
    return tuple(re.findall(r"{(\w+)", template))
