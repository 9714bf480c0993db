"""Running text of any words, common and made up: it is copied, and teaches a model to copy words it has never seen."""

import random
import string
from collections.abc import Sequence

# Letters that a word of another language may have; German, Spanish, Czech, Polish and the Nordic languages among them.
LETTERS = "abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüýßœąćčďęěğłńňőřśšťůűźżž"
ROMAN = frozenset("IVXLCDM")


def running(stream: random.Random, common: Sequence[str]) -> str:
    """Draw one to ten words, half of them common; the first has a capital letter in half of the draws.

    Args:
        stream: the seeded stream.
        common: common words of a language.
    """
    words = [_any(stream, common) for _ in range(stream.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10)))]
    if stream.random() < 0.5:
        words[0] = words[0][0].upper() + words[0][1:]
    return " ".join(words)


def name(stream: random.Random, common: Sequence[str]) -> str:
    """Draw a made-up name."""
    return made_up(stream, common).capitalize()


def made_up(stream: random.Random, common: Sequence[str]) -> str:
    """Draw a word that sounds like the language: the beginning of a common word and the end of another.

    In one word of five a letter is replaced by any letter. Two letters alone could be a unit or a title.
    """
    word = ""
    while len(word) < 3:
        first, last = stream.choice(common), stream.choice(common)
        word = first[: stream.randint(1, len(first))] + last[-stream.randint(1, len(last)) :]
    if stream.random() < 0.2:
        place = stream.randrange(len(word))
        word = word[:place] + stream.choice(LETTERS) + word[place + 1 :]
    return word[:16]


def _any(stream: random.Random, common: Sequence[str]) -> str:
    """Draw a common word, a made-up one, a name, a compound, or capital letters."""
    kind = stream.random()
    if kind < 0.5:
        return min(stream.choices(common, k=3), key=len)  # short words are the frequent ones
    if kind < 0.75:
        return made_up(stream, common)
    if kind < 0.92:
        return name(stream, common)
    if kind < 0.97:
        return f"{made_up(stream, common)}-{stream.choice(common)}"
    letters = "".join(stream.choices(string.ascii_uppercase, k=stream.randint(2, 5)))
    return f"{letters}B" if ROMAN.issuperset(letters) else letters
