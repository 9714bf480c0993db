"""The scores of a preset from spelling to phonemes: word and phoneme error rates."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.errors import CallError
from zoo.prediction import Beam
from zoo.predictor import Predictor
from zoo.presets.evaluation import failures_of, resampled


def pronunciation_of(
    predictor: Predictor, words: Sequence[str], pronunciations: Sequence[str], *, beam: Beam | None = None
) -> dict[str, Any]:
    """Score a model from spelling to phonemes on a test set.

    Args:
        predictor: the model with its vocabularies.
        words: the words; a word with several pronunciations occurs once for each, the first one first.
        pronunciations: the phonemes in ARPAbet, joined by spaces; a digit at the end of a vowel is its stress.
        beam: the options of beam search; default: greedy decoding.

    Returns:
        `count`, of different words; `scores` as of `pronunciation_scores`; and `failures`, as `evaluation_of` does.

    Raises:
        CallError: the model is not for translation, or rapidfuzz is not installed.
    """
    if predictor.task != "translation":
        raise CallError(f"Pronunciations are those of a model for translation. Received: one for {predictor.task}.")
    _levenshtein()
    references = references_of(words, pronunciations)
    outputs = [prediction.output for prediction in predictor.predict(list(references), beam=beam)]
    failures = failures_of(list(references), [known[0] for known in references.values()], outputs)
    scores = pronunciation_scores(outputs, list(references.values()))
    return {"count": len(references), "scores": scores, "failures": failures}


def references_of(words: Sequence[str], pronunciations: Sequence[str]) -> dict[str, list[str]]:
    """Return the pronunciations of each word, in the order of the words."""
    references: dict[str, list[str]] = {}
    for word, phonemes in zip(words, pronunciations, strict=True):
        references.setdefault(word, []).append(phonemes)
    return references


def pronunciation_scores(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return error rates in percent, each with `score`, `low` and `high`.

    | name | an error is |
    |---|---|
    | `word_error` | a word that differs from its first pronunciation, stress included |
    | `word_error_any` | a word that differs from all of its pronunciations, stress included |
    | `word_error_unstressed` | a word that differs from all of its pronunciations without stress |
    | `phoneme_error_unstressed` | a phoneme to insert, delete or replace for the nearest of them, without stress |

    Args:
        outputs: the phonemes of each word.
        references: the pronunciations of each word, the first one first.

    Raises:
        CallError: rapidfuzz is not installed.
    """
    pairs = list(zip(outputs, references, strict=True))
    plain = [(unstressed(output), [unstressed(known) for known in of_word]) for output, of_word in pairs]
    distances = np.array([_distance_and_length(output, of_word) for output, of_word in plain], float)
    wrong = {
        "word_error": [output != of_word[0] for output, of_word in pairs],
        "word_error_any": [output not in of_word for output, of_word in pairs],
        "word_error_unstressed": [output not in of_word for output, of_word in plain],
    }
    scores = {name: _percentage(np.array(errors, float), np.ones(len(pairs))) for name, errors in wrong.items()}
    return scores | {"phoneme_error_unstressed": _percentage(distances[:, 0], distances[:, 1])}


def unstressed(phonemes: str) -> str:
    """Return phonemes without the digits of the stress."""
    return re.sub(r"\d", "", phonemes)


def _distance_and_length(output: str, references: Sequence[str]) -> tuple[int, int]:
    """Return the distance to the nearest reference, and the length of that."""
    distance = _levenshtein().distance
    found = [(distance(output.split(), known.split()), len(known.split())) for known in references]
    return min(found, key=lambda pair: pair[0])


def _levenshtein() -> Any:
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise CallError("Phoneme errors need rapidfuzz: pip install 'attention-zoo[g2p]'") from error
    return Levenshtein


def _percentage(errors: np.ndarray, of: np.ndarray) -> dict[str, float]:
    return resampled(len(errors), lambda drawn: 100 * float(errors[drawn].sum() / of[drawn].sum()), digits=2)
