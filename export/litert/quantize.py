"""Smaller weights for a .tflite, and what they cost in answers."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.errors import CallError, WorkError
from zoo.export.artefact import compare_with_keras
from zoo.export.parity.answers import same, search_both
from zoo.metrics import accuracy, perplexity, translation_scores
from zoo.predictor import Predictor
from zoo.run_folder import Run, sample_pairs

KINDS = ("none", "float16", "int8")
MAX_DROP = 0.5


def check_quantize(quantize: str, max_drop: float) -> None:
    """Check the options of a quantised export.

    Raises:
        CallError: one is bad.
    """
    if quantize not in KINDS:
        raise CallError(f'`quantize` must be {", ".join(KINDS)}. Received: "{quantize}".')
    if not max_drop >= 0:
        raise CallError(f"`max_drop` must be a number of 0 or more. Received: {max_drop}.")


def set_precision(converter: tf.lite.TFLiteConverter, quantize: str) -> None:
    """Tell a converter how weights are to be stored.

    float16 weights are read back as float32. int8 weights have one scale a row or a tensor; the products with them take
    int8 inputs too, scaled as they come ("dynamic range"), and everything else stays float32.
    """
    if quantize == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]


def judge_by(quantize: str, max_drop: float, float32_bytes: Sequence[int], what: str) -> Callable[..., dict[str, Any]]:
    """Return how an artefact is judged, for `zoo.export.artefact.export_folder`: as Keras answers, or by its score.

    Args:
        quantize, max_drop: of the export.
        float32_bytes: one number, the size of the unquantised model, which is there when the artefact is written.
        what: the name of the format.
    """

    def judge(run: Run, expected: Predictor, actual: Predictor, texts: list[str]) -> dict[str, Any]:
        if quantize == "none":
            return compare_with_keras(run, expected, actual, texts, what)
        report = measure_drop(run, expected, actual, texts, max_drop=max_drop)
        return {"quantize": quantize, **report, "float32_bytes": float32_bytes[0]}

    return judge


def measure_drop(
    run: Run, expected: Predictor, actual: Predictor, texts: Sequence[str], *, max_drop: float
) -> dict[str, Any]:
    """Score a quantised artefact and Keras on the samples of the run.

    Args:
        run: the trained model.
        expected, actual: what answers with Keras, and with the artefact.
        texts: for which the answers are compared.
        max_drop: how much worse the artefact may score.

    Returns:
        `compared`, `identical` and `identical_share` of the answers to `texts`; `beam_compared` and `beam_identical` of
        a beam's best where there is one; and for the samples of the validation set that are among them how many were
        `scored`, by what `measure` (bleu, accuracy in per cent, or perplexity), `score`, `float32_score` and `drop`:
        points, for a perplexity how many per cent it is higher.

    Raises:
        CallError: the run keeps no translations or labels of its samples.
        WorkError: the drop is larger than `max_drop`.
    """
    before, after = expected.predict(texts), actual.predict(texts)
    searched: dict[str, int] = {}
    if "beam_tokens" in expected.functions.keys() & actual.functions.keys():
        searched, _ = search_both(texts, expected, actual)
    identical = sum(same(a, b) for a, b in zip(before, after, strict=True))
    report: dict[str, Any] = {
        "compared": len(texts),
        "identical": identical,
        "identical_share": round(identical / len(texts), 4),
    }
    outputs = [[one.output for one in both] for both in (before, after)]
    report |= searched | _scores(run, expected, actual, texts, outputs)
    report["max_drop"] = max_drop
    if not report["drop"] <= max_drop:
        unit = "per cent" if report["measure"] == "perplexity" else "points"
        raise WorkError(
            f"Quantised, the {report['measure']} on {report['scored']} validation samples is {report['score']}, "
            f"in float32 {report['float32_score']}: {report['drop']} {unit} worse, more than {max_drop:g} "
            "(see --max-drop)."
        )
    return report


def _scores(run, expected, actual, texts, outputs):
    if run.task == "language_model":
        known = [text for text in texts if text.strip()]
        first, second = (perplexity(one.score(known))["perplexity"] for one in (expected, actual))
        drop = 100 * (second / first - 1)
        return _report("perplexity", len(known), first, second, drop)
    pairs = sample_pairs(run.path)
    kept, wanted = _aligned(texts, pairs)
    chosen = [[one[i] for i in kept] for one in outputs]
    if run.task == "classification":
        first, second = (100 * accuracy(one, wanted) for one in chosen)
        return _report("accuracy", len(kept), first, second, first - second)
    first, second = (translation_scores(one, wanted)["bleu"] for one in chosen)
    return _report("bleu", len(kept), first, second, first - second)


def _aligned(texts, pairs):
    """Return which texts are samples, and their targets; texts are some of the samples, in their order, and others."""
    kept, wanted, rest = [], [], iter(enumerate(texts))
    for source, target in pairs:
        if source in texts:
            kept.append(next(i for i, text in rest if text == source))
            wanted.append(target)
    return kept, wanted


def _report(measure, scored, first, second, drop):
    numbers = {"float32_score": first, "score": second, "drop": drop}
    return {"measure": measure, "scored": scored, **{name: round(value, 4) for name, value in numbers.items()}}
