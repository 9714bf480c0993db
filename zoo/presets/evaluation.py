"""The scores of a preset on a test set, with 95 % intervals, and some of its failures."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.metrics import is_exact, perplexity
from zoo.prediction import Beam, TextScore
from zoo.predictor import Predictor

RESAMPLES = 1000  # of the bootstrap
SEED = 12345  # the one of sacrebleu's bootstrap
FAILURES = 10


def evaluation_of(
    predictor: Predictor, sources: Sequence[str], targets: Sequence[str], *, beam: Beam | None = None
) -> dict[str, Any]:
    """Score a model on a test set.

    The intervals are those of the bootstrap: percentiles 2.5 and 97.5 over 1,000 draws of as many texts as there are,
    with replacement; for BLEU and chrF sacrebleu's, the mean of its draws and 1.96 standard deviations.

    Args:
        predictor: the model with its vocabularies.
        sources: the texts.
        targets: their translations or labels; empty for a language model.
        beam: the options of beam search, for translation alone; default: greedy decoding.

    Returns:
        `count`; `scores`, each with `score`, `low` and `high`, the main one first: bleu and chrf (0 to 100) and
        exact_match (0 to 1), accuracy (0 to 1), or perplexity; `signature`, that of sacrebleu, for a translation model;
        `failures`, ten at most, evenly spaced among all of them: `input`, `expected` and `output`, or the texts with
        the highest `perplexity`.

    Source: Koehn 2004, Statistical significance tests for machine translation evaluation.
    """
    if predictor.task == "language_model":
        return _of_language_model(sources, predictor.score(sources))
    outputs = [prediction.output for prediction in predictor.predict(sources, beam=beam)]
    correct = np.array([is_exact(output, target) for output, target in zip(outputs, targets, strict=True)], float)
    failures = failures_of(sources, targets, outputs)
    share = resampled(len(correct), lambda drawn: float(correct[drawn].mean()))
    if predictor.task == "classification":
        return {"count": len(sources), "scores": {"accuracy": share}, "failures": failures}
    scores, signature = _translation_scores(outputs, targets)
    scores["exact_match"] = share
    return {"count": len(sources), "scores": scores, "signature": signature, "failures": failures}


def failures_of(sources: Sequence[str], targets: Sequence[str], outputs: Sequence[str]) -> list[dict[str, str]]:
    """Return ten at most of the outputs that differ from their targets, evenly spaced among all of them."""
    answers = zip(sources, targets, outputs, strict=True)
    wrong = [
        {"input": source, "expected": target, "output": output}
        for source, target, output in answers
        if not is_exact(output, target)
    ]
    return _spread(wrong, FAILURES)


def _of_language_model(texts: Sequence[str], scores: Sequence[TextScore]) -> dict[str, Any]:
    def perplexity_of(drawn: Sequence[int]) -> float:
        return round(perplexity([scores[i] for i in drawn])["perplexity"], 3)

    of_each = np.array([perplexity_of([i]) for i in range(len(texts))])
    hardest = np.argsort(-of_each, kind="stable")[:FAILURES]
    return {
        "count": len(texts),
        "scores": {"perplexity": resampled(len(texts), perplexity_of)},
        "failures": [{"input": texts[i], "perplexity": float(of_each[i])} for i in hardest],
    }


def _translation_scores(outputs: Sequence[str], targets: Sequence[str]) -> tuple[dict[str, Any], str]:
    import sacrebleu

    scores, signatures = {}, []
    for name, title, metric in (("bleu", "BLEU", sacrebleu.BLEU()), ("chrf", "chrF", sacrebleu.CHRF())):
        _count_in_floats(metric)
        score = metric.corpus_score(outputs, [targets], n_bootstrap=RESAMPLES)
        signature = str(metric.get_signature())
        found = json.loads(score.format(is_json=True, signature=signature))
        mean, half = found.get("confidence_mean", 0.0), found.get("confidence_var", 0.0)  # a score of 0 has none
        low, high = round(max(0.0, mean - half), 1), round(min(100.0, mean + half), 1)
        scores[name] = {"score": found["score"], "low": low, "high": high}
        signatures.append(f"{title} {signature}")
    return scores, " ".join(signatures)


def _count_in_floats(metric: Any) -> None:
    """Make a metric of sacrebleu average the scores of resamples of which some have no match at all.

    `statistics.mean`, which sacrebleu uses, refuses the 0.0 of Python that these have beside the float32 of NumPy that
    the others have. This replaces a private method.
    """
    score = metric._compute_score_from_stats
    metric._compute_score_from_stats = lambda counts: score([float(count) for count in counts])


def resampled(count: int, statistic: Callable[[Any], float], *, digits: int = 4) -> dict[str, float]:
    """Return a statistic of all texts, given their indices, with its interval: `score`, `low` and `high`."""
    dice = np.random.default_rng(SEED)
    draws = [statistic(dice.integers(count, size=count)) for _ in range(RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    values = {"score": statistic(np.arange(count)), "low": low, "high": high}
    return {name: round(float(value), digits) for name, value in values.items()}


def _spread(items: list[Any], count: int) -> list[Any]:
    """Return `count` of the items, evenly spaced; all of them if there are fewer."""
    if len(items) <= count:
        return items
    return [items[i * len(items) // count] for i in range(count)]
