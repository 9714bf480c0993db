"""The comparison of predictions: outputs, pieces, scores and attention."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zoo.errors import WorkError
from zoo.prediction import Prediction, TextScore

SCORE_TOLERANCE = 1e-4  # relative to the score where that is beyond 1: a score is a sum over the pieces
ATTENTION_TOLERANCE = 3e-4  # of a weight, 0 to 1; 2.1e-4 was seen where the score is a product, which no tanh bounds
LONG_TEXT = 100  # pieces; beyond, the tolerance of the attention grows with the length, see `attention_agrees`


def compare(expected: Sequence[Prediction], actual: Sequence[Prediction], what: str) -> dict[str, Any]:
    """Compare the answers of an artefact with those of Keras.

    Args:
        expected: the answers of Keras.
        actual: the answers of the artefact to the same texts.
        what: the name of the artefact, for messages.

    Returns:
        The number of answers that were `compared` and that are `identical` (the output and every piece), and the
        largest differences of scores and of attention weights.

    Raises:
        WorkError: an answer differs, or a score or weight differs by more than the tolerance.
    """
    identical = [same(a, b) for a, b in zip(expected, actual, strict=True)]
    report = {
        "compared": len(expected),
        "identical": sum(identical),
        "max_score_difference": largest_difference((a.score, b.score) for a, b in zip(expected, actual, strict=True)),
        "max_attention_difference": largest(map(attention_difference, expected, actual)),
    }
    if not all(identical):
        i = identical.index(False)
        raise WorkError(
            f"{what} does not answer as Keras does: {len(identical) - sum(identical)} of {len(identical)} answers "
            f'differ. For "{expected[i].input[:80]}" Keras answers "{expected[i].output}", '
            f'{what} "{actual[i].output}".'
        )
    same_scores = report["max_score_difference"] <= SCORE_TOLERANCE
    for name, agrees in (("score", same_scores), ("attention", all(map(attention_agrees, expected, actual)))):
        if not agrees:
            difference = report[f"max_{name}_difference"]
            raise WorkError(f"{what} does not answer as Keras does: the {name} differs by {difference:.2g}.")
    return report


def same(a: Prediction, b: Prediction) -> bool:
    """Return whether two answers are the same, to every piece."""
    return a.output == b.output and a.target_pieces == b.target_pieces and a.source_pieces == b.source_pieces


def largest(differences: Iterable[float]) -> float:
    """Return the largest difference; NaN if any is NaN, which `max` would ignore."""
    return float(np.max(np.fromiter(differences, float), initial=0.0))


def score_difference(expected: float, actual: float) -> float:
    """Return the difference of two scores, relative to the first where that is beyond 1."""
    return abs(expected - actual) / max(1.0, abs(expected))


def largest_difference(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the largest `score_difference` of pairs of scores."""
    return largest(score_difference(*pair) for pair in pairs)


def attention_difference(a: Prediction | TextScore, b: Prediction | TextScore) -> float:
    """Return the largest difference of the attention weights of two answers or scores; infinity for other shapes."""
    if a.attention is None and b.attention is None:
        return 0.0
    if a.attention is None or b.attention is None or a.attention.shape != b.attention.shape:
        return float("inf")
    return float(np.max(np.abs(a.attention - b.attention), initial=0.0))


def attention_agrees(a: Prediction | TextScore, b: Prediction | TextScore) -> bool:
    """Return whether two answers' (or scores') attention weights differ by the tolerance at most.

    It grows with the length of a long text, over which a recurrence can amplify rounding: on 300 equal letters a
    `bahdanau_seq2seq` of `spoken-en` was in float32 3.5e-4 from itself in float64, on texts of up to `LONG_TEXT` pieces
    2.1e-5 (`python -m benchmarks.rounding` measures the presets).
    """
    pieces = 0 if a.attention is None else a.attention.shape[-1]
    return attention_difference(a, b) <= ATTENTION_TOLERANCE * max(1.0, pieces / LONG_TEXT)
