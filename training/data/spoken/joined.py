"""Joined sentences: fragments of all kinds in any order, so that each is read by its own words alone.

A row of the table has its slots in one order, and a model can learn the order; then it loses what another order brings.
"""

import random
from types import ModuleType

from zoo.training.data.generated import Slots, fill

SIZES = (2, 2, 3, 3, 4, 5)  # fragments in a sentence, each as often
MOST_LETTERS = 220  # on the spoken side
IN_BRACKETS = 0.04  # of the fragments


def draw(table: ModuleType, slots: Slots, stream: random.Random) -> tuple[str, str]:
    """Return a sentence of fragments, written and spoken.

    Between two things to say there is a mark or a word, so that no written form has two readings: after "12 h", "30 km"
    would be minutes.

    Args:
        table: the module of a language, with FRAGMENTS, LINKS and ENDS.
        slots: the function of each slot.
        stream: the seeded stream.
    """
    written, spoken = _fragment(table, slots, stream)
    copied = written == spoken
    for _ in range(stream.choice(SIZES) - 1):
        more = _fragment(table, slots, stream)
        if len(f"{spoken} {more[1]}") > MOST_LETTERS:
            break
        link = stream.choice([link for link in table.LINKS if _fits(link, written, copied, more[0])])
        if link.strip() in (".", "?", "!"):
            more = _capital(more)
        written, spoken, copied = f"{written}{link}{more[0]}", f"{spoken}{link}{more[1]}", more[0] == more[1]
    if stream.random() < 0.6:
        written, spoken = _capital((written, spoken))
    end = stream.choice(table.ENDS)
    return f"{written}{end}", f"{spoken}{end}"


def _fits(link: str, before: str, copied: bool, after: str) -> bool:
    """Return whether a link leaves no doubt: a space only next to a word, another mark not after "p.m."."""
    return (link != " " or copied or after[0].isalpha()) and (link not in ("? ", "! ") or before[-1] != ".")


def _fragment(table: ModuleType, slots: Slots, stream: random.Random) -> tuple[str, str]:
    row = stream.choice(table.FRAGMENTS)
    written, spoken = fill(stream, row, row, slots)
    return (f"({written})", f"({spoken})") if stream.random() < IN_BRACKETS else (written, spoken)


def _capital(pair: tuple[str, str]) -> tuple[str, str]:
    """Return both sides with a capital letter where they begin with the same letter."""
    written, spoken = pair
    return (written[0].upper() + written[1:], spoken[0].upper() + spoken[1:]) if written[0] == spoken[0] else pair
