"""Text to token ids and back with SentencePiece, outside the graph; `zoo.graph_text` does the same in the graph."""

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from zoo.atomic_files import new_file
from zoo.constants import END, MAX_SOURCE_PIECES, PAD, START, UNKNOWN
from zoo.errors import CallError
from zoo.tasks import TASKS

KINDS = ("unigram", "char", "word")


class Vocabulary:
    """A SentencePiece model: the pieces of one side, and the segmentation of text into them.

    Args:
        proto: the serialised model. Padding, start, end and unknown must have the ids in `zoo.constants`.

    Raises:
        CallError: the bytes are not a SentencePiece model, or its special ids differ.

    Source: Kudo and Richardson 2018, arXiv 1808.06226.
    """

    def __init__(self, proto: bytes):
        self.proto = proto
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            loaded = bool(proto) and self._processor.LoadFromSerializedProto(proto)
        except (RuntimeError, OSError):
            loaded = False
        if not loaded:
            raise CallError(f"Expected a SentencePiece model. Received {len(proto)} bytes that are none.")
        processor = self._processor
        special = [processor.pad_id(), processor.bos_id(), processor.eos_id(), processor.unk_id()]
        if special != [PAD, START, END, UNKNOWN]:
            expected = f"{PAD}, {START}, {END} and {UNKNOWN}"
            raise CallError(f"Expected padding, start, end and unknown to be the ids {expected}. Received: {special}.")

    @classmethod
    def learn(cls, lines: Iterable[str], *, size: int, kind: str = "unigram") -> "Vocabulary":
        """Learn a vocabulary from text.

        Args:
            lines: the text.
            size: the maximum number of pieces, including the four special ids. A small text gives fewer.
            kind: the kind of pieces, "unigram", "char" or "word".

        Raises:
            CallError: an unknown kind, a size too small for the characters of the text, or no text.
        """
        if kind not in KINDS:
            raise CallError(f'The kind of a vocabulary must be one of {", ".join(KINDS)}. Received: "{kind}".')
        lines, model = list(lines), io.BytesIO()
        if not any(line.strip() for line in lines):  # some releases of sentencepiece would abort the process
            raise CallError(f"No {kind} vocabulary of {size} pieces can be learnt from this text: it is empty.")
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                vocab_size=size,
                model_type=kind,
                pad_id=PAD,
                bos_id=START,
                eos_id=END,
                unk_id=UNKNOWN,
                character_coverage=1.0,
                split_digits=True,
                hard_vocab_limit=False,
                num_threads=2,  # fixed, because the pieces may depend on it
                minloglevel=2,
            )
        except (RuntimeError, ValueError, SyntaxError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise CallError(f"No {kind} vocabulary of {size} pieces can be learnt from this text: {reason}") from error
        return cls(_with_exact_sums(model.getvalue()))

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Vocabulary":
        """Read a vocabulary from a file.

        Raises:
            CallError: the file does not exist, or is not a SentencePiece model.
        """
        try:
            proto = Path(path).read_bytes()
        except OSError as error:
            raise CallError(f"Cannot read the vocabulary {path}: {error.strerror}.") from error
        try:
            return cls(proto)
        except CallError as error:
            raise CallError(f"{path} is damaged. {error}") from error

    def save(self, path: str | os.PathLike) -> None:
        """Write the vocabulary to a file."""
        with new_file(path) as draft:
            draft.write_bytes(self.proto)

    @property
    def size(self) -> int:
        """The number of pieces, including the four special ids."""
        return self._processor.vocab_size()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without start and end.

        Raises:
            CallError: a text is not a string, or is not valid in UTF-8 because it has half of a surrogate pair.
        """
        texts = list(texts)
        try:
            return self._processor.encode(texts)
        except TypeError as error:
            invalid = next((text for text in texts if not _is_text(text)), None)
            raise CallError(f"A text must be a string that UTF-8 can hold. Received: {str(invalid)[:80]!a}.") from error

    def sample(self, texts: Sequence[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Return the ids of each text in a random segmentation, without start and end.

        Args:
            texts: the texts.
            alpha: the power of the probability with which a segmentation is drawn. Near 1 it is mostly the best one; a
                lower value makes others more frequent.
            seed: the seed of the draw, 0 or more. The same texts with the same seed have the same ids.

        Source: Kudo 2018, arXiv 1804.10959.
        """
        sentencepiece.set_random_generator_seed(seed)
        # One thread, because each thread has its own generator. It is created for this call and starts with the seed.
        return self._processor.encode(list(texts), enable_sampling=True, alpha=alpha, nbest_size=-1, num_threads=1)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids. Padding, start and end have no text."""
        return self._processor.decode([int(i) for i in ids])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return the piece of each id; "▁" in a piece stands for a space."""
        return [self._processor.id_to_piece(int(i)) for i in ids]


def _is_text(text):
    return isinstance(text, str) and not any(0xD800 <= ord(character) < 0xE000 for character in text)


def _with_exact_sums(proto: bytes) -> bytes:
    """Round the scores of the pieces to 1/1024, so that the float32 sum of the scores of a text is exact up to 8192.

    Without this, two segmentations of "lll" differ by a rounding error, and the choice between them differs between
    builds of SentencePiece, such as the one in tensorflow-text and the Python package.
    """
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(proto)  # type: ignore[attr-defined]
    for piece in model.pieces:
        piece.score = round(piece.score * 1024) / 1024
    return model.SerializeToString(deterministic=True)


def source_ids(
    vocabulary: Vocabulary, texts: Sequence[str], task: str, most: int = MAX_SOURCE_PIECES
) -> tuple[list[list[int]], list[bool]]:
    """Return the framed ids of each text, and a list that is true for the texts that were truncated.

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
