"""A pipeline: a model with its vocabularies answers, is saved, loaded and exported, and refuses what does not fit."""

import json

import numpy as np
import pytest

import zoo
from tests.support.parameters import few
from tests.support.untrained import TEXTS
from zoo.errors import CallError
from zoo.run_folder import SAMPLE_TARGETS, SAMPLES
from zoo.text import Vocabulary

LINES = [f"{text} et {other}" for text in TEXTS for other in TEXTS]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.learn(TEXTS, size=60)


def pipeline_of(builder, vocabulary, **options):
    task = zoo.tasks.TASKS[zoo.catalog.find(builder).task]
    sizes = dict.fromkeys(task.size_options.values(), vocabulary.size) | ({"classes": 2} if task.labelled else {})
    model = getattr(zoo, builder)(**sizes, units=8, **options)
    return zoo.Pipeline(model, **dict.fromkeys(task.sides, vocabulary), labels=["a", "b"] if task.labelled else [])


def test_the_path_of_a_vocabulary_is_no_vocabulary():
    model = zoo.seq2seq(60, 60, units=4)
    with pytest.raises(CallError, match="`source` must be a `zoo.Vocabulary`. Received: 'fr.model'"):
        zoo.Pipeline(model, "fr.model", "en.model")


@pytest.mark.parametrize("name", few(zoo.names(), "tanh_dnn", "bahdanau_seq2seq", "self_attention_lm"))
def test_a_saved_pipeline_answers_as_before(name, vocabulary, tmp_path):
    pipeline = pipeline_of(name, vocabulary)
    assert pipeline.save(tmp_path / "run", samples=LINES) == tmp_path / "run"
    loaded = zoo.load(tmp_path / "run")
    assert loaded.config.model == name and loaded.samples.sources == LINES
    before, after = pipeline.predict(TEXTS), loaded.predict(TEXTS)
    assert [one.output for one in after] == [one.output for one in before]
    np.testing.assert_allclose([one.score for one in after], [one.score for one in before], rtol=1e-6)


def test_config_of_a_model_in_memory(vocabulary, tmp_path):
    pipeline = pipeline_of("bahdanau_seq2seq", vocabulary, cell="gru", name="mine")
    pipeline.save(tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["model"] == "bahdanau_seq2seq" and config["options"]["cell"] == "gru"
    assert config["options"]["source_vocabulary_size"] == vocabulary.size
    assert set(config["vocabularies"]) == {"source.model", "target.model"} and config["versions"]["keras"]
    assert not (tmp_path / "run" / SAMPLES).exists()


def test_a_model_of_no_builder_keeps_its_name(vocabulary):
    class Odd(zoo.Seq2Seq):
        pass

    model = Odd(vocabulary.size, vocabulary.size, units=4, name="odd")
    assert zoo.Pipeline(model, vocabulary, vocabulary).config.model == "odd"


def test_a_model_in_bfloat16_is_saved_in_float32(vocabulary, tmp_path):
    pipeline = pipeline_of("tanh_rnn_lm", vocabulary, dtype="mixed_bfloat16")
    pipeline.save(tmp_path / "run")
    loaded = zoo.load(tmp_path / "run")
    assert loaded.model.compute_dtype == "float32"
    for saved, weight in zip(loaded.model.get_weights(), pipeline.model.get_weights(), strict=True):
        np.testing.assert_array_equal(saved, weight)


def test_a_folder_that_exists_is_kept(vocabulary, tmp_path):
    pipeline = pipeline_of("tanh_dnn", vocabulary)
    (tmp_path / "run").mkdir()
    with pytest.raises(CallError, match="already exists"):
        pipeline.save(tmp_path / "run")
    pipeline.save(tmp_path / "run", force=True)
    assert zoo.load(tmp_path / "run").labels == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda model, v, small: (model, small, v), "source vocabulary must have the source_vocabulary_size"),
        (lambda model, v, small: (model, v, small), "target vocabulary must have the target_vocabulary_size"),
        (lambda model, v, small: (model, v), "needs the vocabularies `source` and `target`. Received: `source`"),
        (lambda model, v, small: (model.encoder, v, v), "`model` must be a model of the zoo.*Received: RecurrentStack"),
    ],
)
def test_vocabularies_that_do_not_fit(arguments, message, vocabulary):
    model = zoo.seq2seq(vocabulary.size, vocabulary.size, units=4)
    small = Vocabulary.learn(TEXTS[:1], size=60)
    with pytest.raises(CallError, match=message):
        zoo.Pipeline(*arguments(model, vocabulary, small))


@pytest.mark.parametrize("labels", [[], ["a"], "ab", [0, 1]])
def test_labels_that_do_not_fit(labels, vocabulary):
    with pytest.raises(CallError, match="`labels` must be a list of 2 labels"):
        zoo.Pipeline(zoo.tanh_dnn(vocabulary.size, 2, units=4), vocabulary, labels=labels)


def test_export_with_samples_of_the_caller(vocabulary, tmp_path):
    pipeline = pipeline_of("bahdanau_seq2seq", vocabulary)
    report = pipeline.export(tmp_path / "lite", format="tflite", samples=LINES)
    assert report["parity"]["compared"] == report["parity"]["identical"] == len(LINES) + 7
    lite = zoo.load(report["path"])
    assert [one.output for one in lite.predict(TEXTS)] == [one.output for one in pipeline.predict(TEXTS)]
    assert lite.config.model == "bahdanau_seq2seq" and lite.model is None
    with pytest.raises(CallError, match="is an artefact. Only a run folder or a model in memory can be exported"):
        lite.export(tmp_path / "again", samples=LINES)
    with pytest.raises(CallError, match="is an artefact"):
        lite.save(tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.conformance
@pytest.mark.parametrize("format", ["saved_model", "tflite"])
def test_a_model_in_bfloat16_is_exported_in_float32(format, vocabulary, tmp_path):
    mixed = pipeline_of("bahdanau_seq2seq", vocabulary, dtype="mixed_bfloat16")
    mixed.save(tmp_path / "run", samples=LINES)
    answers = zoo.load(tmp_path / "run").predict(TEXTS)
    exported = zoo.load(mixed.export(tmp_path / "out", format=format, samples=LINES)["path"]).predict(TEXTS)
    assert mixed.model.compute_dtype == "bfloat16"
    assert [one.output for one in exported] == [one.output for one in answers]
    np.testing.assert_allclose([a.score for a in exported], [b.score for b in answers], rtol=1e-4)


@pytest.mark.conformance
def test_a_shape_that_no_sample_fits(vocabulary, tmp_path):
    pairs = [("le 28 octobre 1934", "a date"), ("vingt et un mai", "a day")]
    pipeline = pipeline_of("bahdanau_seq2seq", vocabulary)
    with pytest.raises(CallError, match="No sample is short enough for the shape"):
        pipeline.export(tmp_path / "out", format="tflite", shape=(1, 2), quantize="int8", samples=pairs)
    assert not (tmp_path / "out").exists()


@pytest.mark.conformance
def test_quantised_weights_are_scored_on_pairs(vocabulary, tmp_path):
    pipeline = pipeline_of("seq2seq", vocabulary)
    with pytest.raises(CallError, match="expected `samples` as pairs. Received texts alone"):
        pipeline.export(tmp_path / "lite", format="tflite", quantize="int8", samples=LINES)
    assert not (tmp_path / "lite").exists()
    pairs = list(zip(LINES, reversed(LINES), strict=True))
    report = pipeline.export(tmp_path / "lite", format="tflite", quantize="int8", max_drop=100, samples=pairs)
    assert report["parity"]["scored"] == len(LINES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Expected `samples`: texts for which the export is compared with Keras. Received none"),
        ({"samples": []}, "`samples` must be a list of texts, or of pairs"),
        ({"samples": "vingt"}, "^$"),
        ({"samples": [("a", "b"), "c"]}, "`samples` must be a list of texts, or of pairs"),
        ({"samples": [1, 2]}, "`samples` must be a list of texts"),
        ({"samples": LINES, "format": "saved_modle"}, "Received: 'saved_modle'. Did you mean \"saved_model\""),
        ({"samples": LINES, "format": "tflite", "quantise": "int8"}, 'no option "quantise".*Did you mean "quantize"'),
    ],
)
def test_exports_that_are_refused(options, message, vocabulary, tmp_path):
    pipeline = pipeline_of("tanh_dnn", vocabulary)
    if message == "^$":
        assert pipeline.export(tmp_path / "out", **options)["parity"]["compared"] == 8
        return
    with pytest.raises(CallError, match=message):
        pipeline.export(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_samples_are_kept_in_a_run_folder(vocabulary, tmp_path):
    pairs = [("cinq", "five\nsix"), ("dix", "ten")]
    pipeline_of("seq2seq", vocabulary).save(tmp_path / "run", samples=pairs)
    assert (tmp_path / "run" / SAMPLE_TARGETS).read_text() == "five six\nten"
    loaded = zoo.load(tmp_path / "run")
    assert loaded.samples.pairs() == [("cinq", "five six"), ("dix", "ten")]
    copied = loaded.save(tmp_path / "copy")
    assert zoo.load(copied).samples == loaded.samples


def test_a_folder_without_samples_says_how_to_export_it(vocabulary, tmp_path):
    run = pipeline_of("tanh_dnn", vocabulary).save(tmp_path / "run")
    with pytest.raises(CallError, match="Cannot read .*samples.txt.*also takes them as `samples`"):
        zoo.load(run).export(tmp_path / "out")
    assert zoo.load(run).export(tmp_path / "out", samples=LINES)["parity"]["identical"] == len(LINES) + 7


def test_generate(vocabulary):
    pipeline = pipeline_of("tanh_rnn_lm", vocabulary)
    drawn = pipeline.generate(["trois", "", "le 28"], max_length=5, seed=3)
    again = pipeline.generate(["trois", "", "le 28"], max_length=5, seed=3, batch_size=1)
    assert [one.output for one in drawn] == [one.output for one in again]
    assert all(one.output.startswith(prompt) for one, prompt in zip(drawn, ["trois", "", "le 28"], strict=True))
    others = [pipeline.generate(["trois"], max_length=5, seed=seed)[0].output for seed in range(5)]
    assert len(set(others)) > 1
    greedy = pipeline.generate(["trois"], temperature=0.0, seed=9)[0].output
    assert greedy == pipeline.predict(["trois"])[0].output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 0}, "`max_length` must be a whole number from 1 to 256"),
        ({"temperature": -1.0}, "`temperature` must be a number of 0 or more"),
        ({"top_p": 2.0}, "`top_p` must be a number from 0 to 1"),
        ({"seed": 0.5}, "`seed` must be a whole number"),
    ],
)
def test_draws_that_are_refused(options, message, vocabulary):
    with pytest.raises(CallError, match=message):
        pipeline_of("tanh_rnn_lm", vocabulary).generate(["a"], **options)


def test_only_language_models_generate(vocabulary):
    with pytest.raises(CallError, match="Only a language model generates texts. Received: a model for translation"):
        pipeline_of("seq2seq", vocabulary).generate(["a"])
