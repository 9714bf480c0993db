"""The deployed file says what training said: every model, in every format, with every kind of weights.

Without quantisation the answers are the same to every piece, scores and attention to 1e-4 (of the score, when it is
beyond 1). Quantised weights give other numbers, and where two tokens are nearly equal another answer: what they are
held to is the log-probability that they give to the same text (a classifier: to each label).
"""

import numpy as np
import pytest

from benchmarks.matrix import KINDS
from tests.support.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.constants import END
from zoo.export.formats import exporter
from zoo.export.load import load
from zoo.export.web.exporter import load_site

TOLERANCES = {"float16": 0.01, "int8": 0.25}  # of a token's log-probability; the logits here are spread wide


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
    if kind.format == "web" and run.task == "translation":  # a page has no scores of given targets
        pairs = [score_of_answer(actual, expected, text) for text in TEXTS]
    else:
        pairs = zip(log_probabilities(expected), log_probabilities(actual), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCES[quantize])


def score_of_answer(actual, expected, text):
    """Return the mean log-probability of a token of the answer, as its maker and as Keras scores it."""
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
