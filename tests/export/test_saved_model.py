"""SavedModels: their signatures, and answers equal to those of Keras."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support.untrained import TEXTS
from zoo.errors import CallError


@pytest.mark.parametrize(
    ("model", "signatures"),
    [
        ("bahdanau_seq2seq", {"serving_default", "detail", "beam", "score", "tokens", "beam_tokens", "score_tokens"}),
        ("self_attention_rnn", {"serving_default", "detail", "tokens"}),
        pytest.param(
            "self_attention_lm",
            {
                "serving_default",
                "detail",
                "generate",
                "score",
                "tokens",
                "beam_tokens",
                "score_tokens",
                "sample_tokens",
            },
            marks=pytest.mark.conformance,
        ),
    ],
)
def test_text_signatures(model, signatures, fresh, exported):
    run = fresh(model)
    report = exported(run, "saved_model")
    assert report["parity"]["text_compared"] == report["parity"]["text_identical"] > len(TEXTS)
    loaded = tf.saved_model.load(report["path"])
    assert set(loaded.signatures) == signatures
    answer = loaded.signatures["serving_default"](text=tf.constant(TEXTS))
    key = "label" if run.task == "classification" else "text"
    expected = [answer.output for answer in run.predict(TEXTS)]
    assert [text.decode() for text in answer[key].numpy()] == expected
    if run.task == "language_model":
        scores = loaded.signatures["score"](text=tf.constant(TEXTS))
        expected = run.score(TEXTS)
        np.testing.assert_allclose(scores["score"], [score.log_probability for score in expected], rtol=1e-5)
        np.testing.assert_array_equal(scores["tokens"], [score.tokens for score in expected])


def test_without_tensorflow_text_the_saved_model_takes_ids(fresh, tmp_path, monkeypatch):
    from zoo.export import saved_model

    run = fresh("bahdanau_seq2seq")
    monkeypatch.setattr(saved_model, "tensorflow_text", lambda: None)
    report = saved_model.export_saved_model(run, tmp_path / "out")
    assert "tensorflow-text is not installed" in report["parity"]["text_signatures"]
    assert set(tf.saved_model.load(report["path"]).signatures) == {"tokens", "beam_tokens", "score_tokens"}
    predicted = saved_model.load_saved_model(report["path"]).predict(TEXTS)
    assert [a.output for a in predicted] == [b.output for b in run.predict(TEXTS)]


def test_what_needs_tensorflow_text_is_not_called_damaged(tmp_path, monkeypatch):
    from zoo.export import saved_model

    def fails(path):
        raise ValueError("Op type not registered 'SentencepieceOp' in binary")

    monkeypatch.setattr(saved_model.tf.saved_model, "load", fails)
    monkeypatch.setattr(saved_model, "tensorflow_text", lambda: None)
    with pytest.raises(CallError, match="cannot be run here: its signatures over text need tensorflow-text"):
        saved_model._load_graph(tmp_path)
    monkeypatch.setattr(saved_model, "tensorflow_text", lambda: tf)
    with pytest.raises(CallError, match="is damaged or no SavedModel: Op type not registered"):
        saved_model._load_graph(tmp_path)
