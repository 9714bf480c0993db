"""SentencePiece models: any of them with the special ids of the zoo, and models made from a list of words.

Here the serialised model is read, changed and written; `zoo.text.Vocabulary` is what the rest of the zoo uses.
"""

import io
import re
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece

from zoo.constants import END, PAD, START, UNKNOWN
from zoo.errors import CallError

SPACE = "\u2581"  # stands for a space in a piece
MODEL_KINDS = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}  # by SentencePiece's numbers
DRAWN_KINDS = ("unigram", "bpe")  # those with several segmentations of a text
NORMAL, UNKNOWN_TYPE, CONTROL = 1, 2, 3  # types of pieces, as SentencePiece numbers them
LONGEST = 1 << 24  # bytes of a line that pieces are learnt from; longer ones are left out
DRAWING = threading.Lock()  # SentencePiece has one seed for all threads
ASCII_SPACES = "\t\n\v\f\r"
ASCII_PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"  # as `keras.layers.TextVectorization` strips it

TRAINER_OPTIONS: dict[str, Any] = {
    **{"pad_id": PAD, "bos_id": START, "eos_id": END, "unk_id": UNKNOWN},
    "hard_vocab_limit": False,
    "minloglevel": 2,
}


class SentencePieces:
    """The segmentation of text by a SentencePiece model, with the special ids of the zoo.

    Args:
        proto: a serialised model. If its special ids are not those of the zoo, its pieces are put into another order.

    Raises:
        CallError: the bytes are not a SentencePiece model.

    Source: Kudo and Richardson 2018, arXiv 1808.06226.
    """

    def __init__(self, proto: bytes):
        processor = _processor(proto)
        if _special_ids(processor) != [PAD, START, END, UNKNOWN]:
            proto = with_special_ids(proto, processor)
            processor = _processor(proto)
        self.proto, self._processor = proto, processor

    @property
    def kind(self) -> str:
        """The kind of the model: "unigram", "bpe", "word" or "char"."""
        return MODEL_KINDS[parsed(self.proto).trainer_spec.model_type]

    @property
    def size(self) -> int:
        """The number of pieces."""
        return self._processor.vocab_size()

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the ids of each text."""
        return self._processor.encode(texts)

    def sample(self, texts: list[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Return the ids of each text in a random segmentation.

        Raises:
            CallError: the kind of the model is "char" or "word".
        """
        if self.kind not in DRAWN_KINDS:
            raise CallError(f"A {self.kind} vocabulary has one segmentation of a text; it cannot draw another.")
        with DRAWING:
            sentencepiece.set_random_generator_seed(seed)
            # One thread, because each has its own generator. It is created for this call and starts with the seed; but
            # a text alone would be segmented in the calling thread, whose generator has begun: so there is another one.
            options: dict[str, Any] = {"enable_sampling": True, "alpha": alpha, "nbest_size": -1, "num_threads": 1}
            return self._processor.encode([*texts, ""], **options)[: len(texts)]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return self._processor.decode(ids)

    def pieces(self, ids: list[int]) -> list[str]:
        """Return the piece of each id."""
        return [self._processor.id_to_piece(i) for i in ids]

    def unknown(self, text: str) -> list[str]:
        """Return the parts of a text whose id is the unknown one."""
        pieces = self._processor.encode(text, out_type="immutable_proto").pieces
        surfaces = [piece.surface for piece in pieces if piece.id == UNKNOWN]
        return [part for surface in surfaces for part in _split(surface) or [surface]]


def _split(text: str) -> list[str]:
    """Split a text where a vocabulary of words does, at the white space of ASCII alone."""
    return [part for part in re.split(f"[ {ASCII_SPACES}]+", text) if part]


def parsed(proto: bytes) -> Any:
    """Return a serialised model as a message."""
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2.ModelProto.FromString(proto)  # type: ignore[attr-defined]


def _processor(proto: bytes) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor()
    try:
        loaded = bool(proto) and processor.LoadFromSerializedProto(proto)
    except (RuntimeError, OSError):
        loaded = False
    if not loaded:
        raise CallError(f"Expected a SentencePiece model. Received {len(proto)} bytes that are none.")
    return processor


def _special_ids(processor: sentencepiece.SentencePieceProcessor) -> list[int]:
    """Return the ids of padding, start, end and unknown; -1 for one that the model lacks."""
    return [processor.pad_id(), processor.bos_id(), processor.eos_id(), processor.unk_id()]


def with_special_ids(proto: bytes, processor: sentencepiece.SentencePieceProcessor) -> bytes:
    """Return a model whose ids 0 to 3 are padding, start, end and unknown.

    A special piece that the model lacks is added. The other pieces follow in their order. The segmentation of a text
    stays the same: it depends on the pieces and their scores, and control pieces take no part in it.
    """
    model = parsed(proto)
    pieces, spec = list(model.pieces), model.trainer_spec
    names = {piece.piece for piece in pieces}
    ids = _special_ids(processor)
    first = []
    for place, (option, usual) in enumerate((("pad", "<pad>"), ("bos", "<s>"), ("eos", "</s>"))):
        i = ids[place]
        if i < 0 or i in ids[place + 1 :]:  # some models have one piece for two of them
            while usual in names:  # a piece of another type has this name
                usual = f"<{usual}>"
            names.add(usual)
            first.append(type(pieces[0])(piece=usual, type=CONTROL))
        else:
            first.append(pieces[i])
        setattr(spec, f"{option}_piece", first[-1].piece)
    first.append(pieces[processor.unk_id()])
    special = {piece.piece for piece in first}
    rest = [piece for piece in pieces if piece.piece not in special]
    spec.pad_id, spec.bos_id, spec.eos_id, spec.unk_id = PAD, START, END, UNKNOWN
    spec.unk_piece, spec.vocab_size = first[UNKNOWN].piece, len(first) + len(rest)
    del model.pieces[:]
    model.pieces.extend([*first, *rest])
    return model.SerializeToString(deterministic=True)


def learn_model(lines: Iterable[str], *, size: int, kind: str) -> bytes:
    """Learn a model from text; see `zoo.text.Vocabulary.learn`."""
    lines, model = list(lines), io.BytesIO()
    if odd := [line for line in lines if not isinstance(line, str)]:
        raise CallError(f"A vocabulary is learnt from texts. Received: {str(odd[0])[:80]!r}.")
    if not any(line.strip() for line in lines):  # some releases of sentencepiece would abort the process
        raise CallError(f"No {kind} vocabulary of {size} pieces can be learnt from this text: it is empty.")
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            vocab_size=size,
            model_type=kind,
            character_coverage=1.0,
            split_digits=True,
            max_sentence_length=LONGEST,
            num_threads=2,  # fixed, because the pieces may depend on it
            **TRAINER_OPTIONS,
        )
    except (RuntimeError, ValueError, SyntaxError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise CallError(f"No {kind} vocabulary of {size} pieces can be learnt from this text: {reason}") from error
    return _with_exact_sums(model.getvalue())


def _with_exact_sums(proto: bytes) -> bytes:
    """Round the scores of the pieces to 1/1024, so that the float32 sum of the scores of a text is exact up to 8192.

    Without this, two segmentations of "lll" differ by a rounding error, and the choice between them differs between
    builds of SentencePiece, such as the one in tensorflow-text and the Python package.
    """
    model = parsed(proto)
    for piece in model.pieces:
        piece.score = round(piece.score * 1024) / 1024
    return model.SerializeToString(deterministic=True)


def listed_model(entries: Iterable[str], *, kind: str, lower: bool, strip_punctuation: bool) -> bytes:
    """Return a model of listed words or characters, with the ids from 4 on in their order.

    Args:
        entries: the words, or the characters.
        kind: "word" or "char".
        lower: read the letters A to Z as a to z.
        strip_punctuation: leave out the punctuation of ASCII.

    Raises:
        CallError: an entry that is empty, is listed twice, or that no text can hold.
    """
    pieces = _listed_pieces(list(entries), kind)
    rules = {character: " " for character in ASCII_SPACES} if kind == "word" else {}
    rules |= {character: "" for character in ASCII_PUNCTUATION} if strip_punctuation else {}
    rules |= {chr(code): chr(code).lower() for code in range(ord("A"), ord("Z") + 1)} if lower else {}
    model = parsed(_model_with_rules(rules, kind))
    model.normalizer_spec.add_dummy_prefix = kind == "word"
    model.normalizer_spec.remove_extra_whitespaces = kind == "word"
    special, message = list(model.pieces)[: UNKNOWN + 1], type(model.pieces[0])
    del model.pieces[:]
    model.pieces.extend([*special, *(message(piece=piece, score=-float(i)) for i, piece in enumerate(pieces))])
    model.trainer_spec.vocab_size = len(model.pieces)
    return model.SerializeToString(deterministic=True)


def _listed_pieces(entries: Sequence[str], kind: str) -> list[str]:
    what = "word" if kind == "word" else "character"
    for entry in entries:
        if not isinstance(entry, str) or not entry or SPACE in entry or (kind == "char" and len(entry) > 1):
            raise CallError(f"Expected {what}s. Received: {entry!r}.")
        if kind == "word" and any(space in entry for space in f" {ASCII_SPACES}"):
            raise CallError(f"A word has no white space in it. Received: {entry!r}.")
    if len(set(entries)) < len(entries):
        twice = next(entry for i, entry in enumerate(entries) if entry in entries[:i])
        raise CallError(f"A vocabulary lists a {what} once. Received twice: {twice!r}.")
    return [f"{SPACE}{entry}" if kind == "word" else entry.replace(" ", SPACE) for entry in entries]


def _model_with_rules(rules: dict[str, str], kind: str) -> bytes:
    """Return a model of one piece that reads each character as its rule says: the trainer compiles the rules."""
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.tsv"
        lines = [f"{ord(before):X}\t{' '.join(f'{ord(c):X}' for c in after)}\n" for before, after in rules.items()]
        path.write_text("".join(lines), encoding="utf-8")
        how = {"normalization_rule_tsv": str(path)} if rules else {"normalization_rule_name": "identity"}
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a"]),
            model_writer=model,
            vocab_size=8,
            model_type=kind,
            **TRAINER_OPTIONS,
            **how,
        )
    return model.getvalue()
