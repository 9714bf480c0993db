"""The built-in corpora `spoken-en` and `spoken-fr`: written sentences and their spoken form, generated from a seed.

A language is a folder: `sentences.py` is the table of its sentences, `slots.py` draws the dates, times and prices
that fill them, `speech.py` puts these into words. All other words are copied: those of the table, and, in sentences of
the kind "text", any words (`text.py`). About a fifth of the sentences has nothing else.
"""

import random
from collections.abc import Callable
from functools import partial
from types import ModuleType

from zoo.training.data.generated import Example, Slots, collect, fill
from zoo.training.data.spoken.english import sentences as english_sentences
from zoo.training.data.spoken.english import slots as english_slots
from zoo.training.data.spoken.french import sentences as french_sentences
from zoo.training.data.spoken.french import slots as french_slots

LANGUAGES = {"en": (english_sentences, english_slots), "fr": (french_sentences, french_slots)}

# How often each kind of sentence is drawn in every language.
WEIGHTS = {
    "plain": 24,
    "date": 13,
    "time": 11,
    "year": 8,
    "number": 11,
    "ordinal": 6,
    "price": 11,
    "percent": 5,
    "quantity": 13,
    "phone": 4,
    "name": 4,
    "several": 10,
    "text": 40,
}


def generate(language: str, split: str, size: int, *, seed: int = 0) -> list[Example]:
    """Return `size` different examples of a split: written, spoken, and a key of SENTENCES as the kind.

    Args:
        language: "en" or "fr".
        split: "train", "valid" or "test".
        size: the number of examples, at least 1.
        seed: the seed of the sentences; the splits stay apart under all seeds.

    Raises:
        CallError: as `collect`.
    """
    table, written = LANGUAGES[language]
    copied = {**_copied(table.WORDS), "words": lambda stream: (written.ANY_WORDS.text(stream),) * 2}
    draw = partial(_draw, table, {**written.SLOTS, **copied})
    return collect(draw, random.Random(f"spoken-{language} {seed}"), split, size)


def _draw(table: ModuleType, slots: Slots, stream: random.Random) -> Example:
    """Draw a kind, a sentence of its table and the fillings of its slots."""
    kind = stream.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    sentence = stream.choice(table.SENTENCES[kind])
    return Example(*fill(stream, sentence, sentence, slots), kind)


def _copied(words: dict[str, tuple[str, ...]]) -> dict[str, Callable[[random.Random], tuple[str, str]]]:
    """Return the slots whose fillings are the same on both sides."""
    return {slot: partial(_copy, choices) for slot, choices in words.items()}


def _copy(choices: tuple[str, ...], stream: random.Random) -> tuple[str, str]:
    word = stream.choice(choices)
    return word, word
