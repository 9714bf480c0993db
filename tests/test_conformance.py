"""The deployed file says what training said: every model, in every format, with every kind of weights.

Without quantisation the answers are the same to every piece, scores and attention to 1e-4 (of the score, when it is
beyond 1). Quantised weights give other numbers, and where two tokens are nearly equal another answer: what they are
held to is the log-probability that they give to the same text (a classifier: to each label).
"""

import numpy as np
import pytest

from benchmarks.matrix import KINDS
from export.load import load
from export.web import load_site
from tests.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.export_options import exporter

TOLERANCES = {"float16": 0.01, "int8": 0.25}  # of a token's log-probability; the logits here are spread wide


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_it_answers_as_keras_does(name, kind, tmp_path):
    run = untrained(name, "tanh", tmp_path)
    (tmp_path / "samples.targets.txt").write_text("\n".join("abca"[: len(TEXTS)]), encoding="utf-8")
    report = exporter(kind.format)(run, tmp_path / "out", **kind.options)
    parity, quantize = report["parity"], kind.options.get("quantize")
    expected = run.predictor()
    actual = load_site(run, tmp_path / "out") if kind.format == "web" else load(report["path"])
    if quantize is None:
        assert parity["compared"] == parity["identical"] >= len(TEXTS)
        assert parity["max_score_difference"] <= 1e-4 and parity["max_attention_difference"] <= 1e-4
        assert [one.output for one in actual.predict(TEXTS)] == [one.output for one in expected.predict(TEXTS)]
        return
    for a, b in zip(log_probabilities(expected), log_probabilities(actual), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCES[quantize])


def log_probabilities(predictor):
    """Return, for each text, the mean log-probability of a token of a target; of a classifier that of each label."""
    if predictor.task == "classification":
        ids = [[*predictor.source.encode([text])[0], 2] for text in TEXTS]
        return [np.log(predictor.functions["tokens"](np.array([one], np.int32))["probabilities"][0]) for one in ids]
    targets = TEXTS[::-1] if predictor.task == "translation" else None
    return [np.array(score / tokens) for score, tokens, _ in predictor.score(TEXTS, targets)]
