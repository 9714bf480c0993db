"""Runs that begin with another run or with files, and runs that get more epochs."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.pipeline import load_run
from zoo.run_folder import MODEL, read_config
from zoo.training.fit import resume, train
from zoo.training.run import keep_run
from zoo.training.run.beginning import INITIAL
from zoo.training.run.checkpoints import checkpoints
from zoo.training.run.history import read_history

FAST = {"units": 8, "dropout": 0.25}


@pytest.fixture(scope="module")
def settings(tiny_settings):
    return replace(tiny_settings, epochs=2, patience=9, deterministic=True, schedule="constant", warm_up=0.0)


@pytest.fixture(scope="module")
def first(tmp_path_factory, tiny_data, settings):
    out = tmp_path_factory.mktemp("first") / "run"
    return train("tanh_dnn", **tiny_data["classification"], out=out, options=FAST, settings=settings)


@pytest.fixture
def other_data(tmp_path, tiny_data):
    """A corpus of other lines, without one of the labels."""
    paths = {}
    for split, path in tiny_data["classification"].items():
        lines = open(path, encoding="utf-8").read().splitlines()
        paths[split] = str(tmp_path / f"other.{split}.tsv")
        kept = [line for line in lines if not line.endswith("\tdate")][: len(lines) // 2]
        open(paths[split], "w", encoding="utf-8").write("\n".join(kept) + "\n")
    return paths


def state(run):
    """Return all variables in the newest checkpoint."""
    reader = tf.train.load_checkpoint(str(checkpoints(run)[0] / "state"))
    names = [name for name in reader.get_variable_to_shape_map() if "VARIABLE" in name]
    return checkpoints(run)[0].name, {name: reader.get_tensor(name).tobytes() for name in names}


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_a_run_that_begins_with_another_takes_over_all_but_the_settings(tmp_path, first, other_data, settings):
    chosen = replace(settings, epochs=1, learning_rate=1e-12, vocabulary_size=50)
    run = train(None, **other_data, out=tmp_path / "run", settings=chosen, initial=first.path)
    assert run.config.labels == first.config.labels and run.config.options == first.config.options
    assert run.config.vocabularies == first.config.vocabularies
    assert run.config.training["learning_rate"] == 1e-12 and run.config.training["vocabulary_size"] == 120
    assert run.config.initial == {"origin": str(first.path), "digest": sha256_of(first.path / MODEL)}
    assert json.loads((run.path / "config.json").read_text())["initial"] == run.config.initial
    for one, other in zip(run.model.get_weights(), first.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not (run.path / INITIAL).exists() and first.config.initial is None


@pytest.mark.parametrize("moment", ["before the first checkpoint", "in the first epoch"])
def test_it_is_resumed_exactly_and_without_the_other_run(tmp_path, first, other_data, settings, monkeypatch, moment):
    source = shutil.copytree(first.path, tmp_path / "source")
    whole = train("tanh_dnn", **other_data, out=tmp_path / "whole", settings=settings, initial=source)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        what = "write_checkpoint" if moment.startswith("before") else "restore_state"
        patch.setattr(keep_run, what, interrupt)
        train(None, **other_data, out=tmp_path / "run", settings=settings, initial=source)
    assert bool(checkpoints(tmp_path / "run")) == (moment == "in the first epoch")
    shutil.rmtree(source)
    resume(tmp_path / "run")
    assert state(tmp_path / "run") == state(whole.path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": {"units": 9}}, "keeps its options. Received besides: units"),
        ({"vocabularies": {"source": "v.model"}}, "keeps its vocabularies. Received besides: source"),
        ({"model": "tanh_rnn"}, "holds the model tanh_dnn. Received: tanh_rnn"),
        ({"initial": "nowhere"}, "There is no run folder nowhere"),
    ],
)
def test_what_does_not_go_with_another_run(tmp_path, first, other_data, settings, arguments, message):
    call = {"model": None, "initial": first.path, **other_data, "out": tmp_path / "run", "settings": settings}
    call |= arguments
    with pytest.raises(CallError, match=message):
        train(call.pop("model"), **call)
    assert not (tmp_path / "run").exists()


def test_a_label_that_the_other_run_does_not_know(tmp_path, first, other_data, settings):
    with open(other_data["train"], "a", encoding="utf-8") as file:
        file.write("un\tunheard\n")
    with pytest.raises(CallError, match='label "unheard" is not one of'):
        train(None, **other_data, out=tmp_path / "run", settings=settings, initial=first.path)


def test_vocabularies_from_files(tmp_path, first, other_data, settings):
    files = {"source": first.path / "source.model"}
    run = train("tanh_dnn", **other_data, out=tmp_path / "run", options=FAST, settings=settings, vocabularies=files)
    assert run.config.vocabularies == first.config.vocabularies and run.config.initial is None
    for files, message in (({"target": "v"}, "tanh_dnn has no target vocabulary"), ({"source": "v"}, "vocabulary v")):
        with pytest.raises(CallError, match=message):
            train("tanh_dnn", **other_data, out=tmp_path / "b", options=FAST, settings=settings, vocabularies=files)


def test_more_epochs_of_a_finished_run(tmp_path, first, tiny_data, settings):
    """With a constant learning rate it ends as a run that had so many epochs from the beginning."""
    data = tiny_data["classification"]
    whole = train("tanh_dnn", **data, out=tmp_path / "whole", options=FAST, settings=replace(settings, epochs=3))
    run = shutil.copytree(first.path, tmp_path / "run")
    resume(run, epochs=3)
    assert state(run) == state(whole.path) and read_config(run).training["epochs"] == 3
    assert [row["epoch"] for row in read_history(run)] == [1, 2, 3]
    for one, other in zip(load_run(run).model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    resume(run)
    assert state(run) == state(whole.path)


def test_more_epochs_of_a_run_that_was_stopped(tmp_path, first, monkeypatch):
    run = shutil.copytree(first.path, tmp_path / "run")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(keep_run, "restore_state", interrupt)
        resume(run, epochs=3)
    resume(run)  # the config has the 3 epochs already, the checkpoint is of before
    assert len(read_history(run)) == 3


@pytest.mark.parametrize(
    ("epochs", "message"), [(1, "has 2 epochs: expected more. Received: epochs=1"), (0, "`epochs` must be a positive")]
)
def test_fewer_epochs_are_refused(first, epochs, message):
    before = (first.path / "config.json").read_bytes()
    with pytest.raises(CallError, match=message):
        resume(first.path, epochs=epochs)
    assert (first.path / "config.json").read_bytes() == before


def test_more_epochs_do_not_bring_patience_back(tmp_path, tiny_data, settings, caplog):
    chosen = replace(settings, learning_rate=1e-12, patience=1)
    run = train("tanh_dnn", **tiny_data["classification"], out=tmp_path / "run", options=FAST, settings=chosen)
    caplog.set_level("INFO", logger="zoo")
    resume(run.path, epochs=9)
    assert len(read_history(run.path)) == 2
    assert any("no better score for 1 epochs: no epoch is left" in message for message in caplog.messages)
