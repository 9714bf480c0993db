"""The proof that an artefact answers, scores and searches as Keras does."""

from collections.abc import Sequence
from typing import Any

from zoo.errors import WorkError
from zoo.export.parity.answers import (
    SCORE_TOLERANCE,
    attention_agrees,
    attention_difference,
    compare,
    largest,
    largest_difference,
)
from zoo.export.parity.beam import compare_beam
from zoo.predictor import Predictor


def compare_with_keras(expected: Predictor, actual: Predictor, texts: Sequence[str], what: str) -> dict[str, Any]:
    """Compare the answers to texts, the scores of given texts, and beam search, as far as both models have them.

    Args:
        expected: a predictor backed by the Keras model.
        actual: a predictor backed by the artefact.
        texts: the inputs.
        what: the name of the artefact, for messages.

    Returns:
        The figures of `parity.json`.

    Raises:
        WorkError: the models differ.
    """
    answers = expected.predict(texts)
    report = compare(answers, actual.predict(texts), what)
    both = expected.functions.keys() & actual.functions.keys()
    if "score_tokens" in both and expected.task == "translation":
        targets = [answer.output for answer in answers]
        whole = [i for i, is_cut in enumerate(actual.truncated(targets, as_targets=True)) if not is_cut]
        report |= compare_scores([texts[i] for i in whole], [targets[i] for i in whole], expected, actual, what)
    elif "score_tokens" in both:
        report |= compare_scores(texts, None, expected, actual, what)
    if "beam_tokens" in both:
        report |= compare_beam(texts, expected, actual, what)
    return report


def compare_scores(
    texts: Sequence[str], targets: Sequence[str] | None, expected: Predictor, actual: Predictor, what: str
) -> dict[str, Any]:
    """Compare the scores of whole texts, or for translation models of targets: also the tokens and the attention.

    Raises:
        WorkError: a score differs by more than the tolerance, relative to the score; or a number of tokens differs, or
            an attention weight by more than the tolerance.
    """
    pairs = list(zip(expected.score(texts, targets), actual.score(texts, targets), strict=True))
    difference = largest_difference((a.log_probability, b.log_probability) for a, b in pairs)
    if not difference <= SCORE_TOLERANCE:
        raise WorkError(f"{what} does not score as Keras does: a score differs by {difference:.2g} of itself.")
    if any(a.tokens != b.tokens for a, b in pairs):
        raise WorkError(f"{what} does not score as Keras does: it counts other tokens.")
    if not all(attention_agrees(a, b) for a, b in pairs):
        weight = largest(attention_difference(a, b) for a, b in pairs)
        raise WorkError(f"{what} does not score as Keras does: the attention differs by {weight:.2g}.")
    return {
        "scored": len(texts),
        "max_relative_score_difference": difference,
        "max_scored_attention_difference": largest(attention_difference(a, b) for a, b in pairs),
    }
