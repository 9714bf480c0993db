"""Text to token ids and back: SentencePiece, outside the graph and inside."""

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
    """A SentencePiece model: the pieces of one side, and how text is cut into them.

    Args:
        proto: the serialised model. Padding, start, end and unknown are the ids of `zoo.constants`.

    Raises:
        CallError: the bytes are no SentencePiece model, or its special ids are others.

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
        """Learn a vocabulary.

        Args:
            lines: the text.
            size: the most pieces, the four special ids included; small text gives fewer.
            kind: "unigram", "char" or "word".

        Raises:
            CallError: an unknown kind, a size too small for the characters of the text, or no text.
        """
        if kind not in KINDS:
            raise CallError(f'A vocabulary is of kind {", ".join(KINDS)}. Received: "{kind}".')
        lines, model = list(lines), io.BytesIO()
        if not any(line.strip() for line in lines):  # some releases of sentencepiece abort the process
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
                num_threads=2,  # fixed, since the pieces may depend on it
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
            CallError: there is no such file, or it holds no SentencePiece model.
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
        """How many pieces there are, the four special ids included."""
        return self._processor.vocab_size()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without start or end.

        Raises:
            CallError: a text is no string that UTF-8 can hold: it has half of a surrogate pair.
        """
        texts = list(texts)
        try:
            return self._processor.encode(texts)
        except TypeError as error:
            bad = next((text for text in texts if not _is_text(text)), None)
            raise CallError(f"A text must be a string that UTF-8 can hold. Received: {str(bad)[:80]!a}.") from error

    def sample(self, texts: Sequence[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Return ids of each text for one of the ways to cut it, drawn at random.

        Args:
            texts: the texts.
            alpha: a way is drawn with its probability to this power: 1 for mostly the best, less for others too.
            seed: of the draw, from 0; the same for the same texts gives the same ids.

        Source: Kudo 2018, arXiv 1804.10959.
        """
        sentencepiece.set_random_generator_seed(seed)
        # One thread: it is made anew for this call, and begins with the seed.
        return self._processor.encode(list(texts), enable_sampling=True, alpha=alpha, nbest_size=-1, num_threads=1)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids; padding, start and end have none."""
        return self._processor.decode([int(i) for i in ids])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return the piece of each id; "▁" in it stands for a space."""
        return [self._processor.id_to_piece(int(i)) for i in ids]


def _is_text(text):
    return isinstance(text, str) and not any(0xD800 <= ord(character) < 0xE000 for character in text)


def _with_exact_sums(proto: bytes) -> bytes:
    """Round the scores of the pieces to 1/1024, so that the float32 sum of a text's scores is exact up to 8192.

    Else two ways to cut "lll" differ by an error of rounding, and so does the choice between them from one build of
    SentencePiece to the next: the one inside tensorflow-text cuts otherwise than the Python package.
    """
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(proto)  # type: ignore[attr-defined]
    for piece in model.pieces:
        piece.score = round(piece.score * 1024) / 1024
    return model.SerializeToString(deterministic=True)


def source_ids(
    vocabulary: Vocabulary, texts: Sequence[str], task: str, most: int = MAX_SOURCE_PIECES
) -> tuple[list[list[int]], list[bool]]:
    """Return what a model reads for each text, and which texts were too long to be read whole.

    Sources close with the end id; the prompt of a language model begins with the start id. Each is `most` ids at most.
    """
    room = most - 1
    encoded = vocabulary.encode(texts)
    cut = [len(ids) > room for ids in encoded]
    return [framed(ids[:room], task) for ids in encoded], cut


def framed(ids: Sequence[int], task: str) -> list[int]:
    """Return the ids of a text as a model reads them: a prompt behind the start id, any other before the end id."""
    return [START, *ids] if TASKS[task].prompted else [*ids, END]
