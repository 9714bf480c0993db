"""Metrics of predictions: BLEU, chrF, exact match, accuracy and perplexity."""

import math
import re
from collections.abc import Sequence
from typing import Any

from zoo.prediction import TextScore

SPACE = re.compile(r"\s")  # no-break ones too, which a vocabulary reads as a plain one


def translation_scores(outputs: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Return `bleu` and `chrf` (0 to 100), `exact_match` (0 to 1) and sacrebleu's `signature`."""
    import sacrebleu  # imported here, because prediction does not need it

    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    correct = sum(is_exact(output, target) for output, target in zip(outputs, targets, strict=True))
    return {
        "bleu": round(bleu.corpus_score(outputs, [targets]).score, 2),
        "chrf": round(chrf.corpus_score(outputs, [targets]).score, 2),
        "exact_match": correct / len(outputs),
        "signature": f"BLEU {bleu.get_signature()} chrF {chrf.get_signature()}",
    }


def is_exact(output: str, target: str) -> bool:
    """Tell whether an output is its target; a space of any kind, as before a French "?", is a space."""
    return SPACE.sub(" ", output) == SPACE.sub(" ", target)


def accuracy(outputs: Sequence[str], labels: Sequence[str]) -> float:
    """Return the share of correct labels."""
    return sum(output == label for output, label in zip(outputs, labels, strict=True)) / len(outputs)


def perplexity(scores: Sequence[TextScore]) -> dict[str, Any]:
    """Return `perplexity`, per token, and `tokens`, the number of tokens."""
    tokens = sum(score.tokens for score in scores)
    return {"perplexity": math.exp(-sum(score.log_probability for score in scores) / tokens), "tokens": tokens}
