"""Running text of any words, common and made up: it is copied, and teaches a model to copy words it has never seen."""

import random
import string
from collections.abc import Iterable, Sequence

# Letters that a word of another language may have; German, Spanish, Czech, Polish and the Nordic languages among them.
LETTERS = "abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüýßœąćčďęěğłńňőřśšťůűźżž"
DOT = "\0"  # on the spoken side, where the written side has an abbreviation with a dot at its end
ROMAN = frozenset("IVXLCDM")
LENGTHS = (1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10, 12, 14)  # words in a text, each as often
MOST_LETTERS = 80
REPEATS = (0, 0, 0, 0, 1, 1, 2)  # in a text, each as often


class AnyWords:
    """Draws words of a language, common and made up.

    Args:
        common: common words; the made-up ones are built from them.
        said: what other slots write and read differently, such as units and titles; no drawn word is one of these.
    """

    def __init__(self, common: Sequence[str], said: Iterable[str]):
        self.common = common
        self.said = frozenset(word.casefold() for word in said)

    def text(self, stream: random.Random) -> str:
        """Draw one to fourteen words, half of them common; the first has a capital letter in half of the draws.

        In three texts of seven some words come again, as in "a boat behind a boat": a copy that looks only for what it
        has just written loses its place there.
        """
        words = [self.word(stream) for _ in range(stream.choice(LENGTHS))]
        for _ in range(stream.choice(REPEATS)):
            start, place = stream.randrange(len(words)), stream.randint(0, len(words))
            words[place:place] = words[start : start + stream.randint(1, 3)]
        while len(" ".join(words)) > MOST_LETTERS:
            words.pop()
        if stream.random() < 0.5:
            words[0] = words[0][0].upper() + words[0][1:]
        return " ".join(words)

    def few(self, stream: random.Random) -> str:
        """Draw one to three words."""
        return " ".join(self.word(stream) for _ in range(stream.randint(1, 3)))

    def word(self, stream: random.Random) -> str:
        """Draw a common word, a made-up one, a name, a compound, or capital letters."""
        share = stream.random()
        if share < 0.5:
            return min(stream.choices(self.common, k=3), key=len)  # short words are the frequent ones
        if share < 0.75:
            return self.made_up(stream)
        if share < 0.92:
            return self.name(stream)
        if share < 0.97:
            return f"{self.made_up(stream)}-{stream.choice(self.common)}"
        return self._letters(stream)

    def name(self, stream: random.Random) -> str:
        """Draw a made-up name."""
        return self.made_up(stream).capitalize()

    def made_up(self, stream: random.Random) -> str:
        """Draw a word that sounds like the language: the beginning of a common word and the end of another.

        In one word of five a letter is replaced by any letter.
        """
        word = ""
        while len(word) < 3 or word in self.said:
            first, last = stream.choice(self.common), stream.choice(self.common)
            word = (first[: stream.randint(1, len(first))] + last[-stream.randint(1, len(last)) :])[:16]
            if stream.random() < 0.2:
                place = stream.randrange(len(word))
                word = word[:place] + stream.choice(LETTERS) + word[place + 1 :]
        return word

    def _letters(self, stream: random.Random) -> str:
        letters = ""
        while letters.casefold() in self.said or ROMAN.issuperset(letters):
            letters = "".join(stream.choices(string.ascii_uppercase, k=stream.randint(2, 5)))
        return letters
