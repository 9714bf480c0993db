"""The deployed file answers as training did: every model, in every format, with every type of weights.

Without quantisation the answers are the same to every piece, scores and attention to 1e-4 (relative to the score where
that is beyond 1). Quantised weights give other numbers, and where two tokens are nearly equal another answer: compared
is the log-probability that they give to the same text (a classifier: to each label).

All pairs take minutes, and run with `pytest -m conformance`; plain `pytest` exports some models by the tests of each
exporter.
"""

import numpy as np
import pytest

from tests.support.kinds import KINDS
from tests.support.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.constants import END
from zoo.export.formats import exporter
from zoo.export.load import load
from zoo.export.web.exporter import load_site

TOLERANCES = {"float16": 0.01, "int8": 0.25}  # of a token's log-probability; the logits here are spread wide
MODELS = [entry.name for entry in CATALOG]


def name_of(value):
    return value if isinstance(value, str) else value.name.replace(" ", "-")


@pytest.mark.conformance
@pytest.mark.parametrize("kind", KINDS, ids=name_of)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_in_every_format(name, kind, tmp_path):
    check(name, kind, tmp_path)


def check(name, kind, folder):
    for format, package in (("onnx", "tf2onnx"), ("serving", "tensorflow_serving")):
        if kind.format == format:
            pytest.importorskip(package, reason=f"{package} is not installed: pip install 'attention-zoo[{format}]'")
    run = untrained(name, None, folder)
    (folder / "samples.targets.txt").write_text("\n".join("abca"[: len(TEXTS)]), encoding="utf-8")
    report = exporter(kind.format)(run, folder / "out", **kind.options)
    parity, quantize = report["parity"], kind.options.get("quantize")
    assert report["format"] == kind.format and report["bytes"] > 1000
    expected = run
    actual = load_site(run, folder / "out") if kind.format == "web" else load(report["path"])
    if quantize is None:
        assert parity["compared"] == parity["identical"] >= len(TEXTS)
        assert parity["max_score_difference"] <= 1e-4 and parity["max_attention_difference"] <= 1e-4
        assert [a.output for a in actual.predict(TEXTS)] == [b.output for b in expected.predict(TEXTS)]
        return
    if kind.format == "web" and run.task == "translation":  # a page has no scores of given targets
        pairs = [score_of_answer(actual, expected, text) for text in TEXTS]
    else:
        pairs = zip(log_probabilities(expected), log_probabilities(actual), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCES[quantize])


def score_of_answer(actual, expected, text):
    """Return the mean log-probability of a token of the answer, by the artefact and by Keras."""
    ids = ids_of(actual, text)
    answer = actual.functions["tokens"](ids)
    scored = expected.functions["score_tokens"](ids, target_ids=answer["ids"])
    return answer["score"] / scored["tokens"], scored["score"] / scored["tokens"]


def ids_of(predictor, text):
    return np.array([[*predictor.source.encode([text])[0], END]], np.int32)


def log_probabilities(predictor):
    """Return, for each text, the mean log-probability of a token of a target; of a classifier that of each label."""
    if predictor.task == "classification":
        answers = [predictor.functions["tokens"](ids_of(predictor, text)) for text in TEXTS]
        return [np.log(answer["probabilities"][0]) for answer in answers]
    targets = TEXTS[::-1] if predictor.task == "translation" else None
    return [np.array(score.log_probability / score.tokens) for score in predictor.score(TEXTS, targets)]
