"""The loss of quality of quantised weights, measured on the validation samples of the run."""

from collections.abc import Sequence
from typing import Any

from zoo.errors import CallError, WorkError
from zoo.export.parity.answers import same
from zoo.export.parity.beam import search_both
from zoo.metrics import accuracy, perplexity, translation_scores
from zoo.pipeline import Pipeline
from zoo.prediction import Prediction
from zoo.predictor import Predictor


def measure_drop(pipeline: Pipeline, actual: Predictor, texts: Sequence[str], *, max_drop: float) -> dict[str, Any]:
    """Score Keras and a quantised artefact on the samples of the run.

    Args:
        pipeline: the trained model with its vocabularies.
        actual: a predictor backed by the artefact.
        texts: the inputs for which the answers are compared; the samples among them are scored.
        max_drop: the largest drop that is accepted.

    Returns:
        `compared`, `identical` and `identical_share` of the answers to `texts`; `beam_compared` and `beam_identical` of
        the best hypotheses of a beam, for models that search; the number of samples that were `scored`, the `measure`
        (bleu, accuracy in per cent, or perplexity), `score`, `float32_score` and `drop`: in points, for a perplexity
        the increase in per cent.

    Raises:
        CallError: the run keeps no translations or labels of its samples, or none of them fits the artefact.
        WorkError: the drop is larger than `max_drop`.
    """
    before, after = pipeline.predict(texts), actual.predict(texts)
    identical = sum(same(a, b) for a, b in zip(before, after, strict=True))
    report: dict[str, Any] = {
        "compared": len(texts),
        "identical": identical,
        "identical_share": round(identical / len(texts), 4),
    }
    if "beam_tokens" in pipeline.functions.keys() & actual.functions.keys():
        report |= search_both(texts, pipeline, actual)[0]
    if pipeline.task == "language_model":
        report |= _perplexities(pipeline, actual, texts)
    else:
        report |= _scores_of_answers(pipeline, texts, before, after)
    report["max_drop"] = max_drop
    if not report["drop"] <= max_drop:
        unit = "per cent" if report["measure"] == "perplexity" else "points"
        raise WorkError(
            f"Quantised, the {report['measure']} on {report['scored']} validation samples is {report['score']}, "
            f"in float32 {report['float32_score']}: {report['drop']} {unit} worse, more than {max_drop:g} "
            "(see --max-drop)."
        )
    return report


def _perplexities(expected: Pipeline, actual: Predictor, texts: Sequence[str]) -> dict[str, Any]:
    samples = {*expected.samples.sources}
    known = [text for text in texts if text in samples and text.strip()]
    _check_any(known)
    before, after = (perplexity(model.score(known))["perplexity"] for model in (expected, actual))
    return _report("perplexity", len(known), before, after, 100 * (after / before - 1))


def _scores_of_answers(
    pipeline: Pipeline, texts: Sequence[str], before: list[Prediction], after: list[Prediction]
) -> dict[str, Any]:
    kept, wanted = _aligned(texts, pipeline.samples.pairs())
    _check_any(kept)
    outputs = [[answers[i].output for i in kept] for answers in (before, after)]
    if pipeline.task == "classification":
        first, second = (100 * accuracy(labels, wanted) for labels in outputs)
        return _report("accuracy", len(kept), first, second, first - second)
    first, second = (translation_scores(translations, wanted)["bleu"] for translations in outputs)
    return _report("bleu", len(kept), first, second, first - second)


def _check_any(samples: Sequence[Any]) -> None:
    if not samples:
        raise CallError("No sample is short enough for the shape, so the loss of quality cannot be measured.")


def _aligned(texts: Sequence[str], pairs: list[tuple[str, str]]) -> tuple[list[int], list[str]]:
    """Return which texts are samples, and the targets of these; the texts are a subset of the samples, and others."""
    kept, wanted, rest = [], [], iter(enumerate(texts))
    for source, target in pairs:
        if source in texts:
            kept.append(next(i for i, text in rest if text == source))
            wanted.append(target)
    return kept, wanted


def _report(measure: str, scored: int, before: float, after: float, drop: float) -> dict[str, Any]:
    numbers = {"float32_score": before, "score": after, "drop": drop}
    return {"measure": measure, "scored": scored, **{name: round(value, 4) for name, value in numbers.items()}}
