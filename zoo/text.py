"""Text to token ids and back, outside the graph; `zoo.graph_text` does the same in the graph.

The ids 0 to 3 of every vocabulary are padding, start, end and unknown; see `Vocabulary`.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from zoo.atomic_files import new_file
from zoo.checks import Whole, check_list
from zoo.constants import END, MAX_SOURCE_PIECES, START
from zoo.errors import CallError
from zoo.sentence_pieces import SentencePieces, learn_model, listed_model
from zoo.tasks import TASKS
from zoo.word_pieces import WordPieces

KINDS = ("unigram", "char", "word")


class Vocabulary:
    """The pieces of one side, and the segmentation of text into them.

    The ids 0, 1, 2 and 3 are padding, start, end and unknown; the pieces of text begin at 4. A SentencePiece model or
    a `vocab.txt` of another origin is read with its special pieces moved to these ids, or added if it lacks them. The
    other pieces keep their order. So the ids differ from those of its own tokenizer, but the segmentation does not.

    | made by | kind |
    |---|---|
    | `learn` | "unigram", "char" or "word" |
    | `load`, or the bytes of any SentencePiece model | and "bpe" |
    | `from_words`, `from_characters`, `from_text_vectorization` | "word" or "char" |
    | `from_wordpiece`, or `load` of a `vocab.txt` | "wordpiece" |

    Args:
        proto: the serialised vocabulary: a SentencePiece model, or what `proto` of another vocabulary holds.

    Attributes:
        proto: the serialised vocabulary, with the special ids of the zoo.

    Raises:
        CallError: the bytes are not a vocabulary.

    Source: Kudo and Richardson 2018, arXiv 1808.06226; Devlin et al. 2019, arXiv 1810.04805, for WordPiece.
    """

    def __init__(self, proto: bytes):
        self._segmenter: Any = WordPieces.from_bytes(proto) if proto[:1] == b"{" else SentencePieces(proto)
        self.proto: bytes = self._segmenter.proto

    @classmethod
    def learn(cls, lines: Iterable[str], *, size: int, kind: str = "unigram") -> "Vocabulary":
        """Learn a vocabulary from text.

        Args:
            lines: the text.
            size: the maximum number of pieces, including the four special ids. A small text gives fewer.
            kind: the kind of pieces, "unigram", "char" or "word".

        Raises:
            CallError: an unknown kind, a size too small (for "unigram", for the characters of the text; of the others
                the most frequent are kept), no text, or one text in place of a list.
        """
        check_list(lines)
        if kind not in KINDS:
            raise CallError(f'The kind of a vocabulary must be one of {", ".join(KINDS)}. Received: "{kind}".')
        return cls(learn_model(lines, size=size, kind=kind))

    @classmethod
    def from_words(cls, words: Iterable[str], *, lower: bool = False, strip_punctuation: bool = False) -> "Vocabulary":
        """Return the vocabulary of a list of words, whose ids are 4 and more in the order of the list.

        A text is split at white space, that of ASCII alone. Unknown words in a row have one unknown id together, as in
        SentencePiece.

        Args:
            words: the words, without the special ids.
            lower: read the letters A to Z of a text as a to z.
            strip_punctuation: leave out the punctuation of a text, that of ASCII.

        Raises:
            CallError: a word that is empty, has white space in it or is listed twice.
        """
        check_list(words)
        return cls(listed_model(words, kind="word", lower=lower, strip_punctuation=strip_punctuation))

    @classmethod
    def from_characters(
        cls, characters: Iterable[str], *, lower: bool = False, strip_punctuation: bool = False
    ) -> "Vocabulary":
        """Return the vocabulary of a list of characters, whose ids are 4 and more in the order of the list.

        Unlike the vocabulary that `learn` makes, it puts no space before a text. Arguments as in `from_words`.

        Raises:
            CallError: an entry that is not one character, or is listed twice.
        """
        return cls(listed_model(characters, kind="char", lower=lower, strip_punctuation=strip_punctuation))

    @classmethod
    def from_text_vectorization(cls, layer: Any) -> "Vocabulary":
        """Return the vocabulary of a `keras.layers.TextVectorization`. The id i of the layer is here i + 2, from 2 on.

        Unknown words in a row have one unknown id together; the layer gives each its own.

        Args:
            layer: the layer, with a vocabulary. It splits at white space or into characters, and has no `ngrams`.

        Raises:
            CallError: the layer prepares the text in a way that a vocabulary cannot.
        """
        config = layer.get_config()
        standardize, split, ngrams = config["standardize"], config["split"], config["ngrams"]
        known = {
            None: (False, False),
            "lower": (True, False),
            "strip_punctuation": (False, True),
            "lower_and_strip_punctuation": (True, True),
        }
        if not isinstance(standardize, str | None) or standardize not in known or ngrams is not None:
            raise CallError(
                f"Expected a layer without ngrams and with standardize one of {', '.join(map(str, known))}. "
                f"Received: standardize={standardize!r}, ngrams={ngrams!r}."
            )
        make = {"whitespace": cls.from_words, "character": cls.from_characters}.get(str(split))
        if make is None:
            raise CallError(f'Expected a layer with split="whitespace" or "character". Received: split={split!r}.')
        lower, strip_punctuation = known[standardize]
        entries = layer.get_vocabulary(include_special_tokens=False)
        return make(map(str, entries), lower=lower, strip_punctuation=strip_punctuation)

    @classmethod
    def from_wordpiece(cls, tokens: Iterable[str], *, lower_case: bool | None = None) -> "Vocabulary":
        """Return the vocabulary of the lines of a WordPiece `vocab.txt`, as BERT has.

        [PAD], [CLS], [SEP] and [UNK] become the ids 0 to 3; the other pieces follow in their order. The exports over
        token ids and the text of a SavedModel can have such a vocabulary; the page and text inside a .tflite cannot.

        Args:
            tokens: the lines.
            lower_case: read all letters as lower case and without accents; default: if no piece has a capital letter.

        Raises:
            CallError: [UNK] is missing, or a line is empty or there twice.
        """
        return cls(WordPieces.from_tokens(tokens, lower_case=lower_case).proto)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Vocabulary":
        """Read a vocabulary from a file: what `save` wrote, any SentencePiece model, or a WordPiece `vocab.txt`.

        Raises:
            CallError: the file does not exist, or is not a vocabulary.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise CallError(f"Cannot read the vocabulary {path}: {error.strerror}.") from error
        try:
            if re.search(rb"(^|\n)\[UNK\]\r?(\n|$)", content[:100_000]):
                lines = content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
                return cls.from_wordpiece(lines)
            return cls(content)
        except (CallError, UnicodeDecodeError) as error:
            raise CallError(f"{path} is damaged. {error}") from error

    def save(self, path: str | os.PathLike) -> None:
        """Write the vocabulary to a file."""
        with new_file(path) as draft:
            draft.write_bytes(self.proto)

    @property
    def kind(self) -> str:
        """The kind of the pieces: "unigram", "bpe", "char", "word" or "wordpiece"."""
        return self._segmenter.kind

    @property
    def lower_case(self) -> bool:
        """True for a WordPiece vocabulary that reads all letters as lower case and without accents."""
        return getattr(self._segmenter, "lower_case", False)

    @property
    def size(self) -> int:
        """The number of pieces, including the four special ids."""
        return self._segmenter.size

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without start and end.

        Raises:
            CallError: a text is not a string, or is not valid in UTF-8 because it has half of a surrogate pair; or one
                text in place of a list.
        """
        check_list(texts)
        texts = list(texts)
        try:
            if all(isinstance(text, str) for text in texts):  # SentencePiece takes bytes too
                return self._segmenter.encode(texts)
        except (TypeError, UnicodeEncodeError):  # half of a surrogate pair
            pass
        _refuse(texts)

    def sample(self, texts: Sequence[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Return the ids of each text in a random segmentation, without start and end.

        Args:
            texts: the texts.
            alpha: the power of the probability with which a segmentation is drawn. Near 1 it is mostly the best one; a
                lower value makes others more frequent.
            seed: the seed of the draw, 0 or more. The same texts with the same seed have the same ids.

        Raises:
            CallError: as `encode`; or a text has one segmentation in this kind of vocabulary: "char", "word" and
                "wordpiece".

        Source: Kudo 2018, arXiv 1804.10959.
        """
        check_list(texts)
        texts = list(texts)
        if not all(map(is_text, texts)):
            _refuse(texts)
        return self._segmenter.sample(texts, alpha=alpha, seed=Whole()("seed", seed))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids. Padding, start and end have no text."""
        return self._segmenter.decode([int(i) for i in ids])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return the piece of each id; "▁" in a piece stands for a space, "##" continues a word."""
        return self._segmenter.pieces([int(i) for i in ids])

    def unknown(self, text: str) -> list[str]:
        """Return the parts of a text that the vocabulary does not know, in order: words, or characters in a row."""
        return self._segmenter.unknown(text)


def _refuse(texts: Sequence[Any]) -> NoReturn:
    invalid = next(text for text in texts if not is_text(text))
    raise CallError(f"A text must be a string that UTF-8 can hold. Received: {str(invalid)[:80]!a}.")


def is_text(text: Any) -> bool:
    """Tell whether something is a string that UTF-8 can hold: one without half of a surrogate pair."""
    return isinstance(text, str) and not any(0xD800 <= ord(character) < 0xE000 for character in text)


def source_ids(
    vocabulary: Vocabulary, texts: Sequence[str], task: str, most: int = MAX_SOURCE_PIECES
) -> tuple[list[list[int]], list[bool]]:
    """Return the framed ids of each text, and a list that is true for the texts that were truncated.

    The ids 0 to 3 are padding, start, end and unknown.

    Args:
        vocabulary: the vocabulary.
        texts: the texts.
        task: the name of the task.
        most: the maximum number of ids of a text, including the start or end id.
    """
    max_pieces = most - 1
    encoded = vocabulary.encode(texts)
    truncated = [len(ids) > max_pieces for ids in encoded]
    return [framed(ids[:max_pieces], task) for ids in encoded], truncated


def framed(ids: Sequence[int], task: str) -> list[int]:
    """Return the ids of a text as model input: the start id before a prompt, the end id after any other text."""
    return [START, *ids] if TASKS[task].prompted else [*ids, END]
