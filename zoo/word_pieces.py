"""WordPiece: the segmentation of BERT's vocabularies, outside the graph.

SentencePiece cannot express it. It takes the longest piece at every place of a word, and a word with a part that no
piece covers is unknown as a whole; a sum of scores of pieces can do neither.
"""

import json
import unicodedata
from collections.abc import Iterable

from zoo.constants import END, UNKNOWN
from zoo.errors import CallError
from zoo.json_files import parse_json

SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")  # padding, start, end and unknown
SUFFIX = "##"  # begins a piece that continues a word
MAX_WORD_BYTES = 100  # a longer word is unknown, as in tensorflow-text
# The blocks of ideographs, each of which is a word.
IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
# The characters that folding the case leaves out (Default_Ignorable_Code_Point).
IGNORABLES = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)


class WordPieces:
    """The segmentation of text by a WordPiece vocabulary, with the special ids of the zoo.

    It is that of `tensorflow_text.FastBertTokenizer`, but for characters that this Python's Unicode does not have yet.

    Args:
        pieces: the pieces in the order of their ids; the first four are padding, start, end and unknown.
        lower_case: read all letters as lower case and without accents.

    Source: Devlin et al. 2019, arXiv 1810.04805.
    """

    kind = "wordpiece"

    def __init__(self, pieces: list[str], *, lower_case: bool):
        self.lower_case = lower_case
        self._pieces = pieces
        self._ids = {piece: i for i, piece in enumerate(pieces) if i > UNKNOWN}
        content = {"kind": self.kind, "lower_case": lower_case, "pieces": pieces}
        self.proto = json.dumps(content, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "WordPieces":
        """Read what `proto` holds.

        Raises:
            CallError: the bytes are something else.
        """
        try:
            values = parse_json(content)
            pieces, lower_case = list(map(str, values["pieces"])), bool(values["lower_case"])
        except (ValueError, KeyError, TypeError) as error:
            raise CallError(f"Expected a WordPiece vocabulary. Received {len(content)} bytes that are none.") from error
        return cls.from_tokens(pieces, lower_case=lower_case)

    @classmethod
    def from_tokens(cls, tokens: Iterable[str], *, lower_case: bool | None = None) -> "WordPieces":
        """Return the vocabulary of the lines of a `vocab.txt`; see `zoo.text.Vocabulary.from_wordpiece`."""
        tokens = list(tokens)
        rest = [token for token in tokens if token not in SPECIAL]
        if "[UNK]" not in tokens or not rest or not all(rest) or len(set(rest)) < len(rest):
            raise CallError(
                "A WordPiece vocabulary has one piece a line, each once, and among them [UNK]. "
                f"Received: {len(tokens)} lines that start with {tokens[:3]!r}."
            )
        if lower_case is None:
            lower_case = all(token == token.lower() for token in rest if not token.startswith("["))
        return cls([*SPECIAL, *rest], lower_case=lower_case)

    @property
    def size(self) -> int:
        """The number of pieces."""
        return len(self._pieces)

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the ids of each text."""
        return [[i for word in self._words(text) for i in self._cut(word)] for text in texts]

    def sample(self, texts: list[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Refuse: there is one segmentation.

        Raises:
            CallError: always.
        """
        raise CallError("A WordPiece vocabulary has one segmentation of a text; it cannot draw another.")

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids: the words with a space between two."""
        words = [self._pieces[i] for i in ids if i > END]
        return " ".join(words).replace(f" {SUFFIX}", "")

    def pieces(self, ids: list[int]) -> list[str]:
        """Return the piece of each id."""
        return [self._pieces[i] for i in ids]

    def unknown(self, text: str) -> list[str]:
        """Return the words of a text whose id is the unknown one."""
        return [word for word in self._words(text) if self._cut(word) == [UNKNOWN]]

    def _words(self, text: str) -> list[str]:
        """Return the words of a text; a punctuation mark and an ideograph are a word each."""
        if self.lower_case:
            text = unicodedata.normalize("NFD", _folded(text))
            text = "".join(character for character in text if unicodedata.category(character) != "Mn")
        apart = []
        for character in text:
            if character.isspace() or unicodedata.category(character) in ("Cc", "Cf"):
                apart.append(" ")
            elif _is_punctuation(character) or _is_among(character, IDEOGRAPHS):
                apart.append(f" {character} ")
            else:
                apart.append(character)
        return "".join(apart).split(" ")

    def _cut(self, word: str) -> list[int]:
        """Return the ids of a word: at every place of it the longest piece."""
        if len(word.encode()) > MAX_WORD_BYTES:
            return [UNKNOWN]
        ids, start = [], 0
        while start < len(word):
            prefix = SUFFIX if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self._ids), None)
            if end is None:
                return [UNKNOWN]
            ids.append(self._ids[prefix + word[start:end]])
            start = end
        return ids


def _folded(text: str) -> str:
    """Return a text in Unicode's NFKC_Casefold, as ICU computes it."""
    text = "".join(character for character in text if not _is_among(character, IGNORABLES))
    for _ in range(2):  # the normal form of a folded character may have to be folded again
        text = unicodedata.normalize("NFKC", text.casefold())
    return text


def _is_punctuation(character: str) -> bool:
    is_ascii_symbol = character.isascii() and character.isprintable() and not character.isalnum() and character != " "
    return is_ascii_symbol or unicodedata.category(character).startswith("P")


def _is_among(character: str, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in blocks)
