"""Word vectors that others have trained (GloVe, word2vec, fastText), for the embeddings of a model."""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.constants import UNKNOWN
from zoo.errors import CallError
from zoo.sentence_pieces import SPACE
from zoo.text import Vocabulary
from zoo.word_pieces import SUFFIX


def load_vectors(embedding: Any, vocabulary: Vocabulary, path: str | os.PathLike) -> int:
    """Put the word vectors of a file into an embedding layer, for the pieces that are words of the file.

    A piece is a word if it begins one and the file has the rest of it: "▁le" is "le". Other pieces keep their rows.
    To keep the vectors as they are while the model is trained, build it with `freeze_embedding=True`
    (`freeze_source_embedding`, `freeze_target_embedding`); Keras does not save a `trainable` that is set afterwards.

    Args:
        embedding: the layer, such as `model.embedding`, `model.source_embedding` or `model.target_embedding`.
        vocabulary: the vocabulary of its ids.
        path: a text file, plain or gzip, of a word and its numbers a line, with a space between two, as GloVe has it.
            The first line may be the header of word2vec and fastText. It is read line by line.

    Returns:
        The number of pieces whose rows were replaced.

    Raises:
        CallError: not an embedding layer; a file that cannot be read; a line without the right numbers; or sizes that
            differ: of the vectors and the rows, or of the vocabulary and the layer.

    Source: Pennington, Socher, Manning 2014, "GloVe: Global vectors for word representation".
    """
    weights = getattr(embedding, "embeddings", None)
    if weights is None:
        raise CallError(
            "Expected an embedding layer, such as `model.embedding` or `model.source_embedding`. "
            f"Received: {type(embedding).__name__}."
        )
    rows = weights.numpy().copy()
    if len(rows) != vocabulary.size:
        raise CallError(
            f"The embedding layer and its vocabulary must have as many ids as each other. Received: {len(rows)} and "
            f"{vocabulary.size}."
        )
    ids, found = ids_by_word(vocabulary), 0
    for word, vector in _vectors(Path(path), set(ids), rows.shape[1]):
        for i in ids.pop(word, ()):
            rows[i] = vector
            found += 1
    weights.assign(rows)
    return found


def ids_by_word(vocabulary: Vocabulary) -> dict[bytes, list[int]]:
    """Return the ids of the pieces that stand for a word, or for a mark such as a comma, by the word in UTF-8."""
    ids: dict[bytes, list[int]] = {}
    for i, piece in enumerate(vocabulary.pieces(range(vocabulary.size))):
        if vocabulary.kind == "wordpiece":
            is_word = not piece.startswith(SUFFIX)
        else:
            is_word = piece.startswith(SPACE) or vocabulary.kind == "char" or not any(map(str.isalnum, piece))
        word = piece.removeprefix(SPACE)
        if is_word and word and i > UNKNOWN:
            ids.setdefault(word.encode(), []).append(i)
    return ids


def _vectors(path: Path, words: set[bytes], units: int) -> Iterator[tuple[bytes, np.ndarray]]:
    """Yield the words of a file that are among `words`, each with its vector."""
    for number, line in _lines(path):
        fields = line.split(b" ")
        if number == 1:
            is_header = len(fields) == 2 and all(field.isdigit() for field in fields)
            _check_size(path, int(fields[1]) if is_header else len(fields) - 1, units)
            if is_header:
                continue
        if fields[0] not in words or len(fields) > units + 1:  # with more fields the word has spaces in it
            continue
        try:
            vector = np.array(fields[1:], dtype=bytes).astype(np.float32)
        except ValueError:
            vector = np.array([])
        if len(vector) != units or not np.isfinite(vector).all():
            shown = line[:60].decode("utf-8", "replace")
            raise CallError(f"{path}, line {number}: expected a word and {units} finite numbers. Received: {shown!r}.")
        yield fields[0], vector


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, plain or gzip, with their numbers."""
    try:
        with path.open("rb") as plain:
            is_gzip = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            with gzip.open(plain) if is_gzip else plain as file:
                for number, line in enumerate(file, start=1):
                    yield number, line.rstrip(b" \r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise CallError(f"Cannot read the vectors {path}: {getattr(error, 'strerror', None) or error}.") from error


def _check_size(path: Path, size: int, units: int) -> None:
    if size != units:
        raise CallError(
            f"The vectors must be as long as the embeddings, {units} (`embedding_units` of the model). "
            f"Received: {size} numbers a word, in {path}."
        )
