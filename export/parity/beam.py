"""The comparison of beam search: the hypotheses of two models, their scores and attention."""

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from zoo.constants import END
from zoo.errors import WorkError
from zoo.export.parity.answers import (
    SCORE_TOLERANCE,
    attention_agrees,
    attention_difference,
    largest,
    largest_difference,
    same,
    score_difference,
)
from zoo.export.parity.samples import about_a_hundred
from zoo.prediction import Beam, Prediction
from zoo.predictor import Predictor

BEAM_LEEWAY = 20  # one hypothesis in so many may have another score


def compare_beam(texts: Sequence[str], expected: Predictor, actual: Predictor, what: str) -> dict[str, Any]:
    """Compare all four hypotheses of a beam, for about a hundred of the texts.

    Where two hypotheses are equally good, rounding chooses between them: `beam_identical` may be less than
    `beam_compared`, but the score of the best is the same. Such a choice in the middle of the search changes the
    other hypotheses too, but seldom: one in `BEAM_LEEWAY` may have another score.

    Raises:
        WorkError: the score of a best hypothesis, or those of too many others, or an attention weight, differs by more
            than the tolerance.
    """
    report, pairs = search_both(texts, expected, actual)
    best = largest_difference((a.score, b.score) for a, b in pairs)
    if not best <= SCORE_TOLERANCE:
        raise WorkError(f"{what} does not search as Keras does: the score of a best hypothesis differs by {best:.2g}.")
    equal = [score_difference(*scores) <= SCORE_TOLERANCE for a, b in pairs for scores in _scores_of_all(a, b)]
    different = len(equal) - sum(equal)
    if different > max(1, len(equal) / BEAM_LEEWAY):
        counts = f"{different} of {len(equal)}"
        raise WorkError(f"{what} does not search as Keras does: {counts} hypotheses of a beam have another score.")
    _check_choices(expected, [b for a, b in pairs if not same(a, b)], what)
    alike = [(a, b) for a, b in pairs if same(a, b)]
    if not all(attention_agrees(a, b) for a, b in alike):
        difference = largest(attention_difference(a, b) for a, b in alike)
        raise WorkError(f"{what} does not search as Keras does: the attention differs by {difference:.2g}.")
    return report | {"max_beam_score_difference": best}


def _check_choices(expected: Predictor, answers: Sequence[Prediction], what: str) -> None:
    """Check that Keras gives the best hypotheses that it did not choose the scores that the artefact gives them.

    Raises:
        WorkError: it gives one another score, so the artefact did not find what it scored.
    """
    if expected.task != "translation" or not answers:
        return
    if getattr(getattr(expected, "model", None), "shortlist", None) is not None:  # a search counts its candidates alone
        return
    scores = expected.score([answer.input for answer in answers], [answer.output for answer in answers])
    for answer, ids, score in zip(
        answers, expected.target.encode([answer.output for answer in answers]), scores, strict=True
    ):
        found = answer.target_pieces in (expected.target.pieces(ids), expected.target.pieces([*ids, END]))
        if found and not score_difference(score.log_probability, answer.score) <= SCORE_TOLERANCE:
            raise WorkError(
                f'{what} does not search as Keras does: for "{answer.input[:80]}" it answers "{answer.output}" with '
                f"the score {answer.score:.4g}. The score of this answer is {score.log_probability:.4g}."
            )


def search_both(
    texts: Sequence[str], expected: Predictor, actual: Predictor
) -> tuple[dict[str, int], list[tuple[Prediction, Prediction]]]:
    """Search with two models for about a hundred of the texts.

    Returns:
        The numbers of best hypotheses that were compared and that are identical, and the predictions of both models.
    """
    texts = about_a_hundred(texts)
    beam = Beam(4, n_best=4, length_penalty=0.0)
    pairs = list(zip(expected.predict(texts, beam=beam), actual.predict(texts, beam=beam), strict=True))
    return {"beam_compared": len(texts), "beam_identical": sum(same(a, b) for a, b in pairs)}, pairs


def _scores_of_all(a: Prediction, b: Prediction) -> list[tuple[float, float]]:
    """Return the scores of the hypotheses of two beams in pairs; infinity where a beam has fewer."""
    both = zip_longest(a.alternatives, b.alternatives)
    return [tuple(answer.score if answer else math.inf for answer in pair) for pair in both]  # type: ignore[misc]
