"""Scores with intervals: the score is that of `zoo evaluate`, and the interval that of the binomial distribution."""

from types import SimpleNamespace

import numpy as np
import pytest

from zoo.metrics import translation_scores
from zoo.prediction import Beam, TextScore
from zoo.presets.evaluation import evaluation_of

SOURCES = [f"text {i}" for i in range(400)]


def answering(task, outputs):
    """A predictor that gives these answers."""
    answers, beams = [SimpleNamespace(output=output) for output in outputs], []

    def predict(texts, beam):
        beams.append(beam)
        return answers

    return SimpleNamespace(task=task, predict=predict, beams=beams)


def test_a_classifier():
    outputs = ["a"] * 300 + ["b"] * 100
    result = evaluation_of(answering("classification", outputs), SOURCES, ["a"] * 400)
    score = result["scores"]["accuracy"]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert score["score"] == 0.75 and result["count"] == 400
    np.testing.assert_allclose([score["low"], score["high"]], [0.75 - half, 0.75 + half], atol=0.006)
    assert [failure["input"] for failure in result["failures"]] == [f"text {i}" for i in range(300, 400, 10)]
    assert result["failures"][0] == {"input": "text 300", "expected": "a", "output": "b"}


def test_a_space_of_any_kind_is_a_space():
    """A vocabulary reads a narrow no-break space as a space, so a model cannot write it."""
    result = evaluation_of(answering("translation", ["Vraiment ?", "Oui"]), ["a", "b"], ["Vraiment\u202f?", "Oui."])
    assert result["scores"]["exact_match"]["score"] == 0.5 and [one["output"] for one in result["failures"]] == ["Oui"]
    assert translation_scores(["Vraiment ?", "Oui"], ["Vraiment\u202f?", "Oui."])["exact_match"] == 0.5


def test_a_translation_model():
    targets = [f"the cat number {i % 7} sat on a mat" for i in range(400)]
    outputs = [target.replace("sat", "lay") if i % 4 == 0 else target for i, target in enumerate(targets)]
    model, beam = answering("translation", outputs), Beam(4)
    result = evaluation_of(model, SOURCES, targets, beam=beam)
    assert model.beams == [beam]
    expected = translation_scores(outputs, targets)
    assert list(result["scores"]) == ["bleu", "chrf", "exact_match"]
    for name, score in result["scores"].items():
        assert score["score"] == pytest.approx(expected[name], abs=0.06)
        assert score["low"] < score["score"] < score["high"]
    assert "bs:1000|seed:12345" in result["signature"] and result["signature"].startswith("BLEU nrefs:1")
    assert len(result["failures"]) == 10


def test_a_language_model():
    scores = [TextScore(log_probability=-float(2 + i % 2), tokens=2) for i in range(400)]
    result = evaluation_of(SimpleNamespace(task="language_model", score=lambda texts: scores), SOURCES, [])
    score = result["scores"]["perplexity"]
    assert score["score"] == pytest.approx(np.exp(1.25), abs=1e-3)
    assert score["low"] < score["score"] < score["high"] < score["low"] + 0.3
    assert result["failures"][0] == {"input": "text 1", "perplexity": 4.482}


def test_answers_without_a_failure():
    result = evaluation_of(answering("classification", ["a"] * 400), SOURCES, ["a"] * 400)
    assert result["failures"] == [] and result["scores"]["accuracy"] == {"score": 1.0, "low": 1.0, "high": 1.0}
