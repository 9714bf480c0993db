"""The built-in corpus `numbers-fr-en`: French phrases and their English, generated from a seed.

The sentences are the table in `phrases.py`; `slots.py` fills their slots with numbers spelled by `num2words` and names
from the CLDR (`names.py`). Every French phrase has one English rendering.
"""

import random

from zoo.training.data.generated import Example, collect, fill
from zoo.training.data.numbers.phrases import PHRASES, WEIGHTS
from zoo.training.data.numbers.slots import SLOTS


def generate(split: str, size: int, *, seed: int = 0) -> list[Example]:
    """Return `size` different examples of a split: French, English, and a key of PHRASES as the kind.

    Args:
        split: "train", "valid" or "test".
        size: the number of examples, at least 1.
        seed: the seed of the phrases; the splits stay apart under all seeds.

    Raises:
        CallError: as `collect`.
    """
    return collect(_draw, random.Random(f"numbers-fr-en {seed}"), split, size)


def _draw(stream: random.Random) -> Example:
    """Draw a kind, a row of its table and the fillings of its slots."""
    kind = stream.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    source, target = fill(stream, *stream.choice(PHRASES[kind]), SLOTS)
    # A sentence that ends in "p.m." has one full stop.
    return Example(source, target.removesuffix(".") if target.endswith("..") else target, kind)
