"""Weights of float16 and int8: smaller, measured, and refused when the score drops too much."""

import json
from pathlib import Path

import pytest

from zoo.errors import CallError, WorkError
from zoo.export.parity.samples import ODD_TEXTS


@pytest.fixture
def measured(tiny_run, exported):
    """A quantised pipeline without beam search, and the texts to compare."""
    from zoo.export.lite import LiteModel

    actual = LiteModel(exported(tiny_run, "tflite", quantize="float16", max_drop=100)["path"])
    del actual.functions["beam_tokens"]
    return actual, tiny_run.samples.sources + ODD_TEXTS


@pytest.mark.parametrize("quantize", ["float16", pytest.param("int8", marks=pytest.mark.slow)])
def test_a_quantised_translator_is_measured(quantize, tiny_run, exported):
    from zoo.export.lite import LiteModel

    report = exported(tiny_run, "tflite", quantize=quantize, max_drop=100)
    path, parity = Path(report["path"]), report["parity"]
    assert json.loads((path.parent / "parity.json").read_text()) == parity
    assert parity["quantize"] == quantize and parity["measure"] == "bleu" and parity["scored"] == 24
    assert parity["drop"] == pytest.approx(parity["float32_score"] - parity["score"], abs=1e-3)
    assert 0 <= parity["identical"] <= parity["compared"] and parity["compared"] > 24
    assert parity["identical_share"] == pytest.approx(parity["identical"] / parity["compared"], abs=1e-4)
    assert 0.2 * parity["float32_model_bytes"] < parity["model_bytes"] < path.stat().st_size
    assert 0 <= parity["beam_identical"] <= parity["beam_compared"]
    answers = LiteModel(report["path"]).predict(["cinq", ""])
    assert answers[1].output == ""


def test_weights_are_smaller(tmp_path):
    """Of a model whose weights are nearly all of the file."""
    from tests.support.untrained import untrained
    from zoo.export.litert.convert import convert
    from zoo.export.signatures import litert_signatures

    run = untrained("tanh_dnn", "tanh", tmp_path, units=512)
    sizes = {
        kind: len(m)
        for kind, m in convert(run.model, litert_signatures(run.model), {"none", "float16", "int8"}).items()
    }
    assert sizes["float16"] < 0.55 * sizes["none"] and sizes["int8"] < 0.3 * sizes["none"]


@pytest.mark.conformance
@pytest.mark.parametrize(("fixture", "measure"), [("tiny_classifier", "accuracy"), ("tiny_lm", "perplexity")])
def test_what_is_measured(fixture, measure, request, exported):
    report = exported(request.getfixturevalue(fixture), "tflite", quantize="float16", max_drop=100)
    assert report["parity"]["measure"] == measure and report["parity"]["scored"] >= 24
    assert report["parity"]["score"] > 0


def test_what_costs_too_much_is_refused(tiny_run, measured, monkeypatch):
    from zoo.export.parity import quantized

    scores = iter([{"bleu": 30.0}, {"bleu": 29.0}, {"bleu": 30.0}, {"bleu": 29.0}])
    monkeypatch.setattr(quantized, "translation_scores", lambda outputs, targets: next(scores))
    message = "the bleu on 24 validation samples is 29.0, in float32 30.0: 1.0 points worse, more than 0.5"
    with pytest.raises(WorkError, match=message):
        quantized.measure_drop(tiny_run, *measured, max_drop=0.5)
    assert quantized.measure_drop(tiny_run, *measured, max_drop=1)["drop"] == 1.0


def test_targets_go_with_their_samples():
    """Also where a sample was left out, or stands there twice with two translations."""
    from zoo.export.parity.quantized import _aligned

    pairs = [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]
    assert _aligned(["a", "a", "c", "", "a"], pairs) == ([0, 1, 2], ["1", "3", "4"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int4"}, '`quantize` must be none, float16, int8. Received: "int4"'),
        ({"quantize": "int8", "max_drop": -1.0}, "`max_drop` must be a number of 0 or more. Received: -1.0"),
        ({"quantize": "int8", "max_drop": float("nan")}, "`max_drop` must be"),
    ],
)
def test_options_that_are_none(options, message, tiny_run, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    with pytest.raises(CallError, match=message):
        export_tflite(tiny_run, tmp_path / "out", **options)


def test_a_run_without_targets_says_so(tiny_run, measured, tmp_path):
    import copy

    from zoo.export.parity.quantized import measure_drop
    from zoo.run_folder import SAMPLE_TARGETS, SAMPLES

    def run():
        changed = copy.copy(tiny_run)
        changed.path = tmp_path
        vars(changed).pop("samples", None)
        return changed

    (tmp_path / SAMPLES).write_bytes((tiny_run.path / SAMPLES).read_bytes())
    (tmp_path / SAMPLE_TARGETS).write_text("one")
    with pytest.raises(CallError, match="is damaged: expected 24 lines, as samples.txt has. Received: 1."):
        measure_drop(run(), *measured, max_drop=100)
    (tmp_path / SAMPLE_TARGETS).unlink()
    with pytest.raises(CallError, match="expected `samples` as pairs"):
        measure_drop(run(), *measured, max_drop=100)


def test_the_perplexity_is_that_of_the_samples_alone(tiny_lm, monkeypatch):
    """Odd texts, which are compared too, would outweigh small samples."""
    from zoo.export.parity import quantized

    scored = []

    class Scores:
        def predict(self, texts):
            return tiny_lm.predict(["un"]) * len(texts)

        def score(self, texts):
            scored.append(texts)
            return tiny_lm.score(texts[:2])

        task, functions, samples = "language_model", {}, tiny_lm.samples

    samples = tiny_lm.samples.sources
    report = quantized.measure_drop(Scores(), Scores(), samples[:3] + ODD_TEXTS, max_drop=1)
    assert scored == [samples[:3]] * 2 and report["scored"] == 3
    with pytest.raises(CallError, match="No sample is short enough for the shape"):
        quantized.measure_drop(Scores(), Scores(), ["a" * 300], max_drop=1)
