"""The built-in corpora `spoken-en` and `spoken-fr`: written sentences and their spoken form, generated from a seed.

A language is a folder: `sentences.py` is the table of its sentences, `slots.py` draws the dates, times and prices
that fill them, `speech.py` puts these into words. All other words are copied: those of the table, and any words
(`text.py`). About a fifth of the sentences has nothing else. Besides the sentences of the table there are joined ones
(`joined.py`): its fragments in any order.
"""

import random
import re
from collections.abc import Callable
from functools import partial
from types import ModuleType

from zoo.training.data.generated import Example, Slots, collect, fill
from zoo.training.data.spoken import joined
from zoo.training.data.spoken.english import sentences as english_sentences
from zoo.training.data.spoken.english import slots as english_slots
from zoo.training.data.spoken.french import sentences as french_sentences
from zoo.training.data.spoken.french import slots as french_slots
from zoo.training.data.spoken.text import DOT

LANGUAGES = {"en": (english_sentences, english_slots), "fr": (french_sentences, french_slots)}

# How often each kind of sentence is drawn in every language.
WEIGHTS = {
    "plain": 28,
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
    "joined": 38,
}

CURVED = 0.2  # of the sentences with apostrophes have curved ones


def generate(language: str, split: str, size: int, *, seed: int = 0) -> list[Example]:
    """Return `size` different examples of a split: written, spoken, and a key of WEIGHTS as the kind.

    Args:
        language: "en" or "fr".
        split: "train", "valid" or "test".
        size: the number of examples, at least 1.
        seed: the seed of the sentences; the splits stay apart under all seeds.

    Raises:
        CallError: as `collect`.
    """
    table, written = LANGUAGES[language]
    any_words = written.ANY_WORDS
    choices = {slot: partial(_choice, words) for slot, words in table.WORDS.items()}
    draws = {"words": any_words.text, "few": any_words.few, **choices}
    copied = {slot: partial(_copy, draw) for slot, draw in draws.items()}
    draw = partial(_draw, table, {**written.SLOTS, **copied})
    return collect(draw, random.Random(f"spoken-{language} {seed}"), split, size)


def _draw(table: ModuleType, slots: Slots, stream: random.Random) -> Example:
    """Draw a kind, a sentence of its table and the fillings of its slots, or a joined sentence."""
    kind = stream.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    if kind == "joined":
        written, spoken = joined.draw(table, slots, stream)
    else:
        sentence = stream.choice(table.SENTENCES[kind])
        written, spoken = fill(stream, sentence, sentence, slots)
    if 0 < written.count("'") == spoken.count("'") and stream.random() < CURVED:
        written, spoken = (text.replace("'", "’") for text in (written, spoken))
    return Example(*_one_dot(written, spoken), kind)


def _one_dot(written: str, spoken: str) -> tuple[str, str]:
    """Return both sides with one dot after an abbreviation that ends a sentence, and with that of the sentence spoken.

    A sentence ends before a capital letter, and at the end of the text.
    """
    spoken = re.sub(rf"{DOT}\.?(?=$| [A-ZÀ-Þ])", ".", spoken)
    return written.replace(".m..", ".m."), spoken.replace(DOT, "")


def _choice(words: tuple[str, ...], stream: random.Random) -> str:
    return stream.choice(words)


def _copy(draw: Callable[[random.Random], str], stream: random.Random) -> tuple[str, str]:
    """Return the filling of a slot that is the same on both sides."""
    word = draw(stream)
    return word, word
