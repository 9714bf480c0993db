"""Vocabularies for the page: pieces and scores in JSON, and the normalisation rules of SentencePiece."""

from typing import Any

from zoo.errors import WorkError
from zoo.sentence_pieces import parsed
from zoo.text import Vocabulary

KINDS = {1: "unigram", 3: "word", 4: "char"}  # SentencePiece's numbers; 2 is BPE
TYPES = {1, 2, 3}  # normal, unknown, control; not user-defined, unused and byte pieces


def vocabulary_files(vocabulary: Vocabulary, side: str, *, reads: bool) -> dict[str, Any]:
    """Return the files that `js/vocabulary.js` reads.

    Args:
        vocabulary: the vocabulary.
        side: "source" or "target", the beginning of the names of the files.
        reads: whether it splits text into pieces; a vocabulary that only joins pieces needs neither scores nor rules.

    Returns:
        The content of the files by name: bytes, or values for JSON.

    Raises:
        WorkError: the vocabulary has a feature that the page does not support.
    """
    if vocabulary.kind == "wordpiece":
        raise WorkError(f"The page cannot read the {side} vocabulary, which is of the kind WordPiece.")
    model = parsed(vocabulary.proto)
    _check(model, side)
    rules, trainer = model.normalizer_spec, model.trainer_spec
    spec = {
        "kind": KINDS[trainer.model_type],
        "pieces": [piece.piece for piece in model.pieces],
        "types": [piece.type for piece in model.pieces],
        "unknown_surface": trainer.unk_surface,
        "add_dummy_prefix": rules.add_dummy_prefix,
        "remove_extra_whitespaces": rules.remove_extra_whitespaces,
        "escape_whitespaces": rules.escape_whitespaces,
    }
    files: dict[str, Any] = {f"{side}.json": spec}
    if reads:
        spec["scores"] = [piece.score for piece in model.pieces]
        files[f"{side}.charsmap"] = rules.precompiled_charsmap
    return files


def _check(model: Any, side: str) -> None:
    trainer = model.trainer_spec
    unknown = {
        "a model that is neither unigram nor char nor word": trainer.model_type not in KINDS,
        "byte fallback": trainer.byte_fallback,
        "spaces at the end of pieces": trainer.treat_whitespace_as_suffix,
        "rules for what it puts together": bool(model.denormalizer_spec.precompiled_charsmap),
        "user-defined, unused or byte pieces": bool({piece.type for piece in model.pieces} - TYPES),
    }
    if found := [name for name, present in unknown.items() if present]:
        raise WorkError(f"The page cannot read the {side} vocabulary, which has {found[0]}.")
