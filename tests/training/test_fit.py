import json
import logging
import math
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from zoo.atomic_files import alone_in
from zoo.errors import CallError, WorkError
from zoo.pipeline import load_run
from zoo.run_folder import CONFIG, MODEL, SAMPLE_TARGETS, SAMPLES
from zoo.training.fit import resume, train
from zoo.training.run.checkpoints import checkpoints
from zoo.training.run.history import HISTORY, read_history
from zoo.training.run.provenance import versions
from zoo.training.step.precision import for_device

FAST = {"units": 8, "dropout": 0.25}
NUMBERS = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.fixture(scope="module")
def fast_settings(tiny_settings):
    return replace(tiny_settings, epochs=3, patience=9)


@pytest.fixture(scope="module")
def fast(tmp_path_factory, tiny_data, fast_settings):
    """A run of the fastest model that was never stopped."""
    out = tmp_path_factory.mktemp("fit") / "fast"
    return train("tanh_dnn", **tiny_data["classification"], out=out, options=FAST, settings=fast_settings)


def assert_same_history(a, b):
    a, b = read_history(a), read_history(b)
    assert [row["epoch"] for row in a] == [row["epoch"] for row in b]
    for name in NUMBERS:
        np.testing.assert_allclose([row[name] for row in a], [row[name] for row in b], rtol=0, atol=1e-5)


@pytest.mark.parametrize("fixture", ["tiny_run", "tiny_classifier", "tiny_lm"])
def test_a_run_folder_holds_everything(request, fixture, tiny_data, tiny_settings):
    run = request.getfixturevalue(fixture)
    config = json.loads((run.path / CONFIG).read_text(encoding="utf-8"))
    vocabularies = {"source.model", "target.model"} if run.task == "translation" else {"source.model"}
    expected = {CONFIG, MODEL, SAMPLES, HISTORY, "metrics.json", "checkpoints", "logs", *vocabularies}
    expected |= set() if run.task == "language_model" else {SAMPLE_TARGETS}
    assert {path.name for path in run.path.iterdir()} == expected
    assert list((run.path / "logs").rglob("events.out.tfevents.*"))
    assert [path.name for path in checkpoints(run.path)] == [
        "epoch-0002-step-000000",
        "epoch-0001-step-000000",
    ]
    assert config["model"] == run.model.name and config["task"] == run.task
    assert config["training"] == vars(for_device(tiny_settings, 16))
    assert config["options"].items() <= run.model.options.items() and config["options"]["units"] == 16
    assert config["versions"] == versions() and config["versions"].keys() >= {"python", "tensorflow", "keras"}
    for split, count in (("train", 160), ("valid", 24)):
        assert config["data"][split]["origin"] == tiny_data[run.task][split]
        assert config["data"][split]["count"] == count and len(config["data"][split]["digest"]) == 64
    for file in expected & {SAMPLES, SAMPLE_TARGETS}:
        assert len((run.path / file).read_text(encoding="utf-8").split("\n")) == 24
    assert (len(config["labels"]) > 1) == (run.task == "classification")


@pytest.mark.parametrize("fixture", ["tiny_run", "tiny_classifier", "tiny_lm"])
def test_training_goes_down_and_is_written_down(request, fixture):
    run = request.getfixturevalue(fixture)
    history = read_history(run.path)
    assert [row["epoch"] for row in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]
    metrics = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    monitor, best = ("val_loss", min) if run.task == "language_model" else ("val_accuracy", max)
    row = best(history, key=lambda row: row[monitor])
    assert metrics["best_epoch"] == row["epoch"] and metrics["epochs"] == 2
    assert {name: metrics[name] for name in NUMBERS} == {name: row[name] for name in NUMBERS}


def test_the_kept_model_is_the_one_of_the_best_epoch(fast, fast_settings, tiny_data):
    from zoo.training.data.batches import batches
    from zoo.training.data.corpora import read_corpus
    from zoo.training.data.examples import encode

    metrics = json.loads((fast.path / "metrics.json").read_text(encoding="utf-8"))
    corpus = read_corpus(tiny_data["classification"]["valid"], task=fast.task)
    examples = encode(corpus, fast.task, fast.vocabularies, fast.config.labels, max_length=100)
    trainer = load_run(fast.path).model
    trainer.compile()
    scores = trainer.evaluate(batches(examples, fast_settings.batch_size), verbose=0, return_dict=True)
    assert scores["accuracy"] == pytest.approx(metrics["val_accuracy"], abs=1e-6)
    assert scores["loss"] == pytest.approx(metrics["val_loss"], abs=1e-5)


def test_the_time_of_a_run_is_that_of_all_its_epochs(fast):
    metrics = json.loads((fast.path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["seconds"] == pytest.approx(sum(row["seconds"] for row in read_history(fast.path)), abs=0.06)


def call(tmp_path, data, settings, **options):
    arguments = {"model": "tanh_dnn", **data["classification"], "out": tmp_path / "out", "settings": settings}
    arguments |= {"options": FAST, **options}
    return train(arguments.pop("model"), **arguments)


def test_an_old_folder_is_kept(tmp_path, tiny_data, tiny_settings):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(CallError, match="out already exists.*--force"):
        call(tmp_path, tiny_data, tiny_settings)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_force_replaces_and_standard_output_stays_empty(tmp_path, tiny_data, tiny_settings, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    run = call(tmp_path, tiny_data, replace(tiny_settings, epochs=1), force=True)
    assert not (run.path / "mine").exists() and (run.path / MODEL).exists()
    seen = capsys.readouterr()
    assert seen.out == "" and "epoch 1/1" in seen.err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "`epochs` must be a positive integer. Received: epochs=0."),
        ("epochs", 1.5, "`epochs` must be a positive integer. Received: epochs=1.5."),
        ("batch_size", -1, "`batch_size` must be a positive integer"),
        ("patience", 0, "`patience` must be a positive integer"),
        ("max_length", 0, "`max_length` must be a positive integer"),
        ("vocabulary_size", 0, "`vocabulary_size` must be a positive integer"),
        ("vocabulary_size", 9, "No unigram vocabulary of 9 pieces"),
        ("train_size", 0, "`train_size` must be a positive integer"),
        ("warm_up", 1.0, "`warm_up` must be a number from 0 up to 1"),
        ("learning_rate", 0, "`learning_rate` must be a number above 0. Received: learning_rate=0."),
        ("learning_rate", float("nan"), "`learning_rate` must be a number above 0"),
        ("clip", -1.0, "`clip` must be a number above 0"),
        (
            "checkpoint_seconds",
            -1.0,
            "`checkpoint_seconds` must be a number of 0 or more. Received: checkpoint",
        ),
        ("seed", -1, "`seed` must be a whole number from 0"),
        ("seed", 2**31, "`seed` must be a whole number from 0"),
        ("text", "words", "`text` must be one of"),
        ("text", "char,word,char", "`text` must be one of"),
        ("text", 5, "`text` must be one of"),
        ("learning_rate", "fast", "`learning_rate` must be a number above 0. Received: learning_rate='fast'"),
        (
            "checkpoint_seconds",
            math.inf,
            "checkpoint_seconds=inf.",
        ),
        ("seed", 1.5, "`seed` must be a whole number"),
        ("subword_alpha", -1, "`subword_alpha` must be a number of 0 or more"),
        ("jit", "no", "`jit` must be true or false. Received: jit='no'"),
        ("deterministic", "no", "`deterministic` must be true or false"),
    ],
)
def test_bad_settings(tmp_path, tiny_data, tiny_settings, name, value, message):
    with pytest.raises(CallError) as caught:
        call(tmp_path, tiny_data, replace(tiny_settings, **{name: value}))
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "tanh_dn"}, 'There is no model "tanh_dn"'),
        ({"options": {"unit": 8}}, 'has no option "unit"'),
        ({"options": {"units": 0}}, "`units` must be a positive integer"),
        ({"options": {"dropout": 1.0}}, "`dropout` must be a number from 0 up to 1"),
        ({"train": "none.tsv"}, "No such file: none.tsv"),
        (
            {"model": "seq2seq", "options": {"bidirectional": "no"}},
            "`bidirectional` must be true or false. Received: bidirectional='no'",
        ),
    ],
)
def test_bad_calls(tmp_path, tiny_data, tiny_settings, options, message):
    with pytest.raises(CallError) as caught:
        call(tmp_path, tiny_data, tiny_settings, **options)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_out_of_memory_is_explained(tmp_path, tiny_data, tiny_settings, monkeypatch):
    def fails(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nand more")

    monkeypatch.setattr("zoo.training.fit.build", fails)
    with pytest.raises(
        WorkError, match=r"out of memory \(OOM when allocating tensor\). Start a new run with a smaller"
    ):
        call(tmp_path, tiny_data, tiny_settings)
    assert not list(tmp_path.iterdir())


def test_a_run_does_not_replace_its_data(tmp_path, tiny_settings):
    (tmp_path / "data").mkdir()
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / "data" / name).write_text("un\tone\ndeux\ttwo\n" * 20)
    data = {"train": tmp_path / "data" / "a.tsv", "valid": tmp_path / "data" / "b.tsv"}
    with pytest.raises(CallError, match="would take the place of"):
        train("seq2seq", **data, out=tmp_path / "data", settings=tiny_settings, force=True)
    assert (tmp_path / "data" / "a.tsv").is_file()


def test_a_run_under_training_is_not_replaced(tmp_path, tiny_data, tiny_settings):
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out", "trained"), pytest.raises(CallError, match="is being trained by another process"):
        call(tmp_path, tiny_data, tiny_settings, force=True)


def test_a_run_that_another_began_meanwhile_is_not_replaced(tmp_path, tiny_data, tiny_settings, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "its").write_text("own")
    monkeypatch.setattr("zoo.training.fit.refuse_trained", lambda run: None)  # there was none yet
    with alone_in(tmp_path / "out", "trained"), pytest.raises(CallError, match="is being trained by another process"):
        call(tmp_path, tiny_data, tiny_settings, force=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "its"]


def test_bad_data_leaves_no_run_behind(tmp_path, tiny_data, tiny_settings):
    valid = tmp_path / "valid.tsv"
    valid.write_text("un\tnumber\nun\tnumbr\n")
    with pytest.raises(CallError, match=r'valid\.tsv, line 2: label "numbr" is not one of .*Did you mean "number"'):
        call(tmp_path, tiny_data, tiny_settings, valid=str(valid))
    with pytest.raises(CallError, match="every one of .* examples is longer than 1 pieces"):
        call(tmp_path, tiny_data, replace(tiny_settings, max_length=1))
    assert [path.name for path in tmp_path.iterdir()] == ["valid.tsv"]


def test_examples_that_are_too_long_are_counted(tmp_path, tiny_data, tiny_settings, caplog, capsys):
    caplog.set_level(logging.INFO, logger="zoo")
    train_set = tmp_path / "train.tsv"
    with open(tiny_data["classification"]["train"], encoding="utf-8") as lines:
        train_set.write_text(lines.read() + f"{'un ' * 200}\tnumber\n{'mai ' * 200}\tdate\n", encoding="utf-8")
    call(tmp_path, tiny_data, replace(tiny_settings, epochs=1), train=str(train_set))
    *_, message = (message for message in caplog.messages if "left out" in message)
    assert message.endswith("train.tsv (train): left out 2 of 162 examples with more than 100 pieces on a side")
    assert capsys.readouterr().out == ""


def test_a_part_of_a_built_in_corpus(tmp_path, tiny_data, tiny_settings):
    settings = replace(tiny_settings, epochs=1, train_size=50)
    run = call(tmp_path, tiny_data, settings, train="numbers-fr-en")
    about = run.config.data["train"]
    assert (about["origin"], about["count"]) == ("numbers-fr-en:train", 50)
    (checkpoints(run.path)[0] / "SHA256SUMS").unlink()
    resume(run.path)  # reads the same 50 again
    assert [row["epoch"] for row in read_history(run.path)] == [1]


@pytest.mark.slow
def test_the_seed_decides(tmp_path, tiny_data, fast, fast_settings):
    same = call(tmp_path, tiny_data, fast_settings)
    assert_same_history(same.path, fast.path)
    other = call(tmp_path, tiny_data, replace(fast_settings, seed=2), out=tmp_path / "other")
    assert read_history(other.path)[0]["loss"] != read_history(fast.path)[0]["loss"]


@pytest.mark.slow
def test_xla_gives_the_same_history(tmp_path, tiny_data, fast, fast_settings):
    run = call(tmp_path, tiny_data, replace(fast_settings, jit=True), options={**FAST, "dropout": 0.0})
    plain = call(tmp_path, tiny_data, fast_settings, options={**FAST, "dropout": 0.0}, out=tmp_path / "plain")
    assert_same_history(run.path, plain.path)
