import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import zoo
from zoo.decoding import endpoints
from zoo.errors import CallError, WorkError
from zoo.prediction import Prediction
from zoo.training.data.corpora import read_corpus
from zoo.training.evaluate import evaluate
from zoo.training.fit import train
from zoo.training.run.history import read_history
from zoo.training.run.validation import ValidationScores, _table
from zoo.training.settings import Settings

SIZE = 6


@pytest.fixture
def validation(tiny_run, tiny_data, tmp_path):
    """The callback for the tiny run's model, its logs in a folder of the test."""
    corpus = read_corpus(tiny_data["translation"]["valid"], task="translation", size=SIZE)
    vocabularies = tiny_run.vocabularies["source"], tiny_run.vocabularies["target"]
    validation = ValidationScores(corpus.sources, corpus.targets, *vocabularies, folder=tmp_path / "logs" / "samples")
    tiny_run.model.compile("sgd")
    validation.set_model(tiny_run.model)
    return validation


def test_scores_are_those_of_evaluate(validation, tiny_run, tiny_data):
    corpus = read_corpus(tiny_data["translation"]["valid"], task="translation", size=SIZE)
    expected = evaluate(tiny_run, corpus)
    logs = {"loss": 1.0, "val_loss": 2.0}
    validation.on_epoch_end(0, logs)
    for name in ("bleu", "chrf", "exact_match"):
        assert logs[f"val_{name}"] == expected[name]
    assert logs["val_perplexity"] == pytest.approx(math.exp(2.0))


def test_scores_follow_the_weights_and_the_graph_is_traced_once(validation, monkeypatch):
    """By a model that says a single word, one and then another: its weights are read anew, its graph is the old one."""
    traced, greedy = [], endpoints.greedy
    monkeypatch.setattr(endpoints, "greedy", lambda *arguments: traced.append(1) or greedy(*arguments))
    bias = validation.model.logits.bias
    before, outputs = bias.numpy(), []
    for epoch, token in enumerate((5, 9)):
        bias.assign(np.eye(before.size)[token] * 1e3)
        validation.on_epoch_end(epoch, {})
        outputs.append(validation.predictor.predict(validation.sources[:1])[0].output)
    bias.assign(before)
    assert outputs[0] != outputs[1] and len(traced) == 1


def test_tensorboard_shows_translations_and_attention(validation, tmp_path):
    validation.on_epoch_end(3, {"val_loss": 1.0})
    validation.on_train_end()
    shown = EventAccumulator(str(tmp_path / "logs" / "samples")).Reload()
    tags = shown.Tags()["tensors"]
    assert set(tags) == {"translations", "attention"}
    (text,) = shown.Tensors("translations")
    table = text.tensor_proto.string_val[0].decode()
    assert text.step == 3 and table.count("\n") == 4
    assert all(one in table for one in (*validation.sources[:3], *validation.targets[:3]))
    (image,) = shown.Tensors("attention")
    width, height, png = image.tensor_proto.string_val
    assert png.startswith(b"\x89PNG") and int(width) > 50 and int(height) > 50


def test_a_second_fit_is_shown_too(validation, tmp_path):
    """A run that goes on inside an epoch is two fits: what is left of that epoch, and the rest."""
    validation.on_epoch_end(0, {"val_loss": 1.0})
    validation.on_train_end()
    validation.on_epoch_end(1, {"val_loss": 1.0})
    validation.on_train_end()
    files = EventAccumulator(str(tmp_path / "logs" / "samples"), size_guidance={"tensors": 0}).Reload()
    assert [one.step for one in files.Tensors("translations")] == [0, 1]


def test_a_bar_does_not_break_the_table():
    table = _table([Prediction(input="a|b", output="c", score=0.0)], ["d"])
    assert table.splitlines()[-1] == "| a&#124;b | c | d |"


@pytest.mark.parametrize(
    ("monitor", "rising"),
    [
        ("bleu", True),
        pytest.param("chrf", True, marks=pytest.mark.conformance),
        pytest.param("perplexity", False, marks=pytest.mark.conformance),
    ],
)
def test_the_best_epoch_is_by_the_monitor(tmp_path, tiny_data, monitor, rising):
    """The scores stand in the history, so they were in the logs before the run was written down."""
    settings = Settings(epochs=2, batch_size=64, vocabulary_size=120, monitor=monitor, watch_size=SIZE, patience=9)
    run = train("seq2seq", **tiny_data["translation"], out=tmp_path / "run", options={"units": 8}, settings=settings)
    scores = [row[f"val_{monitor}"] for row in read_history(run.path)]
    best = json.loads((run.path / "metrics.json").read_text())["best_epoch"]
    assert scores[best - 1] == (max(scores) if rising else min(scores))


def test_perplexity_alone_without_translations(tiny_lm):
    validation = ValidationScores()
    validation.set_model(tiny_lm.model)
    logs = {"val_loss": float("nan")}
    validation.on_epoch_end(0, logs)
    assert math.isnan(logs.pop("val_perplexity")) and set(logs) == {"val_loss"}


def test_a_full_disk_is_named(tiny_run, tmp_path, monkeypatch):
    """TensorFlow's own error would be taken for a lack of memory."""
    texts, vocabularies = ["cinq"], (tiny_run.source, tiny_run.target)
    scores = ValidationScores(texts, texts, *vocabularies, folder=tmp_path / "samples")
    scores.set_model(tiny_run.model)

    def full(*_, **options):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.summary, "text", full)
    with pytest.raises(WorkError, match=r"Could not write .*samples: No space left on device"):
        scores.on_epoch_end(0, {})


def test_scores_of_a_plain_fit(tmp_path):
    """Without a run folder; the callbacks after it can watch what it adds."""
    texts = ["un deux", "trois", "quatre un", "deux trois"]
    vocabulary = zoo.Vocabulary.learn(texts, size=30)
    model = zoo.seq2seq(vocabulary.size, vocabulary.size, units=4)
    model.compile("adam")
    data = zoo.pairs(texts, texts, vocabulary, vocabulary, batch_size=2)
    scores = zoo.ValidationScores(texts[:2], texts[:2], vocabulary, vocabulary)
    stop = keras.callbacks.EarlyStopping(monitor="val_bleu", mode="max", patience=0)
    history = model.fit(data, validation_data=data, epochs=5, verbose=0, callbacks=[scores, stop]).history
    assert {"val_bleu", "val_chrf", "val_exact_match", "val_perplexity"} <= history.keys()
    assert len(history["val_bleu"]) < 5


def test_wrong_arguments():
    with pytest.raises(CallError, match="1 sources and 0 targets"):
        ValidationScores(["a"])
    with pytest.raises(CallError, match="need `source_vocabulary`"):
        ValidationScores(["a"], ["b"])
