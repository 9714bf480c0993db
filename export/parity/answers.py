"""The proof that an artefact answers as Keras does."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import CallError, WorkError
from zoo.prediction import Beam, Prediction
from zoo.predictor import Predictor
from zoo.run_folder import SAMPLES

SCORE_TOLERANCE = 1e-4  # of the score
ATTENTION_TOLERANCE = 1e-4
BEAM_LEEWAY = 20

# Inputs that training data seldom holds; every artefact must read them as Keras does.
ODD_TEXTS = ["", " ", "a", "ÉÈÊ çà", "\U0001f600 \u4f60\u597d", "a\tb\u00a0c", "x" * 300]


def sample_texts(run: Path) -> list[str]:
    """Return the sentences that came with a run, for the comparison, and some odd ones.

    Raises:
        CallError: the run has none.
    """
    file = run / SAMPLES
    try:
        return file.read_text(encoding="utf-8").split("\n") + ODD_TEXTS
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"Cannot read the sample sentences {file}: {error}.") from error


def compare(
    texts: Sequence[str],
    expected: Sequence[Prediction],
    predict: Callable[[Sequence[str]], list[Prediction]],
    what: str,
) -> dict[str, Any]:
    """Compare the answers of an artefact with those of Keras.

    Args:
        texts: the inputs.
        expected: what Keras answers.
        predict: what answers with the artefact.
        what: the name of the artefact, for the message.

    Returns:
        How many answers were `compared` and were `identical` (output and every piece of it), and the largest
        differences of scores (relative to the score, when it is beyond 1: it is a sum over the pieces) and
        attention weights.

    Raises:
        WorkError: an answer differs, or a score or weight by more than the tolerance.
    """
    answers = predict(texts)
    alike = [same(a, b) for a, b in zip(expected, answers, strict=True)]
    report = {
        "compared": len(texts),
        "identical": sum(alike),
        "max_score_difference": largest_difference((a.score, b.score) for a, b in zip(expected, answers, strict=True)),
        "max_attention_difference": _largest(map(_attention_difference, expected, answers)),
    }
    if not all(alike):
        i = alike.index(False)
        raise WorkError(
            f"{what} does not answer as Keras does: {len(alike) - sum(alike)} of {len(alike)} answers differ. "
            f'For "{texts[i][:80]}" Keras says "{expected[i].output}", it says "{answers[i].output}".'
        )
    for name, tolerance in (("score", SCORE_TOLERANCE), ("attention", ATTENTION_TOLERANCE)):
        difference = report[f"max_{name}_difference"]
        if not difference <= tolerance:
            raise WorkError(f"{what} does not answer as Keras does: the {name} differs by {difference:.2g}.")
    return report


def same(a: Prediction, b: Prediction) -> bool:
    """Tell whether two answers are the same, to every piece."""
    return a.output == b.output and a.target_pieces == b.target_pieces and a.source_pieces == b.source_pieces


def _largest(differences: Iterable[float]) -> float:
    """Return the largest difference; NaN if there is one, which `max` passes over."""
    return float(np.max(np.fromiter(differences, float), initial=0.0))


def largest_difference(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the largest difference between two scores, relative to the first where that is beyond 1."""
    return _largest(_difference(*pair) for pair in pairs)


def a_hundred(texts: Sequence[str]) -> Sequence[str]:
    """Return about a hundred of the texts, from all over them, for what takes long."""
    return texts[:: max(1, len(texts) // 100)]


def _difference(expected: float, actual: float) -> float:
    return abs(expected - actual) / max(1.0, abs(expected))


def _attention_difference(a: Prediction, b: Prediction) -> float:
    if a.attention is None and b.attention is None:
        return 0.0
    if a.attention is None or b.attention is None or a.attention.shape != b.attention.shape:
        return float("inf")
    return float(np.max(np.abs(a.attention - b.attention), initial=0.0))


def compare_scores(
    texts: Sequence[str], targets: Sequence[str] | None, expected: Predictor, actual: Predictor, what: str
) -> dict[str, Any]:
    """Compare the scores that two models give to whole texts, or translation models to targets.

    Raises:
        WorkError: they differ by more than the tolerance, relative to the score.
    """
    pairs = zip(expected.score(texts, targets), actual.score(texts, targets), strict=True)
    difference = largest_difference((a.log_probability, b.log_probability) for a, b in pairs)
    if not difference <= SCORE_TOLERANCE:
        raise WorkError(f"{what} does not score as Keras does: a score differs by {difference:.2g} of itself.")
    return {"scored": len(texts), "max_relative_score_difference": difference}


def compare_beam(texts: Sequence[str], expected: Predictor, actual: Predictor, what: str) -> dict[str, Any]:
    """Compare all four hypotheses of a beam, on a hundred of the texts.

    Two hypotheses may be as good as each other, so that rounding chooses between them: `beam_identical` may be less
    than `beam_compared`, but the score of the best, which they are ordered by here, is the same. A choice in the midst
    of the search changes the others as well, but seldom: one in `BEAM_LEEWAY` may have another score.

    Raises:
        WorkError: a best's score, or too many of the others', or an attention weight, differs by more than the
            tolerance, relative to the score when it is beyond 1.
    """
    report, pairs = search_both(texts, expected, actual)
    best = largest_difference((a.score, b.score) for a, b in pairs)
    if not best <= SCORE_TOLERANCE:
        raise WorkError(f"{what} does not search as Keras does: the score of a beam's best differs by {best:.2g}.")
    others = [_difference(*scores) <= SCORE_TOLERANCE for a, b in pairs for scores in _scores_of_all(a, b)]
    if len(others) - sum(others) > max(1, len(others) / BEAM_LEEWAY):
        differ = f"{len(others) - sum(others)} of {len(others)}"
        raise WorkError(f"{what} does not search as Keras does: {differ} hypotheses of a beam have another score.")
    alike = [_attention_difference(a, b) for a, b in pairs if same(a, b)]
    if not _largest([0.0, *alike]) <= ATTENTION_TOLERANCE:
        raise WorkError(f"{what} does not search as Keras does: the attention differs by {_largest(alike):.2g}.")
    return report | {"max_beam_score_difference": best}


def search_both(
    texts: Sequence[str], expected: Predictor, actual: Predictor
) -> tuple[dict[str, int], list[tuple[Prediction, Prediction]]]:
    """Return how many of two models' best hypotheses are identical, and both for every text of a hundred."""
    texts = a_hundred(texts)
    beam = Beam(4, n_best=4, length_penalty=0.0)
    pairs = list(zip(expected.predict(texts, beam=beam), actual.predict(texts, beam=beam), strict=True))
    return {"beam_compared": len(texts), "beam_identical": sum(same(a, b) for a, b in pairs)}, pairs


def _scores_of_all(a: Prediction, b: Prediction) -> list[tuple[float, float]]:
    """Return the scores of two beams' hypotheses side by side; of one that the other lacks it is infinite."""
    both = zip_longest(a.alternatives, b.alternatives)
    return [tuple(one.score if one else math.inf for one in pair) for pair in both]  # type: ignore[misc]
