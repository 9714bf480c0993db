"""Runs that are stopped, killed, damaged or changed, and go on: to the same end bit for bit, or not at all."""

import gzip
import json
import logging
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import zoo.training.run.checkpoints
from tests.support.summaries import scalars
from zoo.atomic_files import alone_in
from zoo.errors import CallError, Stopped, WorkError
from zoo.json_files import write_json
from zoo.pipeline import load_run
from zoo.run_folder import CONFIG, MODEL, read_config
from zoo.training.fit import resume, train
from zoo.training.run.checkpoints import checkpoints, read_position
from zoo.training.run.history import HISTORY, read_history
from zoo.training.run.progress import ShowProgress

FAST = {"units": 8, "dropout": 0.25}


@pytest.fixture(scope="module")
def fast_settings(tiny_settings):
    return replace(tiny_settings, epochs=3, patience=9, subword_alpha=0.3, deterministic=True)


@pytest.fixture(scope="module")
def fast(tmp_path_factory, tiny_data, fast_settings):
    """A run of the fastest model that was never stopped."""
    out = tmp_path_factory.mktemp("resume") / "fast"
    return train("tanh_dnn", **tiny_data["classification"], out=out, options=FAST, settings=fast_settings)


@pytest.fixture
def copy(fast, tmp_path):
    return shutil.copytree(fast.path, tmp_path / "run")


def call(tmp_path, data, settings, **options):
    arguments = {"model": "tanh_dnn", **data["classification"], "out": tmp_path / "out", "settings": settings}
    arguments |= {"options": FAST, **options}
    return train(arguments.pop("model"), **arguments)


def rows(run):
    """Return the history of a run without the seconds."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_history(run)]


def result(run):
    """Return all that a run has come to, to be compared bit for bit."""
    last = checkpoints(run)[0]
    reader = tf.train.load_checkpoint(str(last / "state"))
    names = [name for name in reader.get_variable_to_shape_map() if "VARIABLE" in name]
    state = {name: reader.get_tensor(name).tobytes() for name in names}
    best = [weight.tobytes() for weight in load_run(run).model.get_weights()]
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8")) | {"seconds": 0}
    assert len(state) > len(best)
    return last.name, state, best, rows(run), metrics


def stop_after(monkeypatch, steps, act):
    """Do something after so many steps of the process, before the checkpoint of the step."""
    move, done = ShowProgress.on_train_batch_end, []

    def stop(self, batch, logs=None):
        move(self, batch, logs)
        done.append(batch)
        if len(done) == steps:
            act(self)

    monkeypatch.setattr(ShowProgress, "on_train_batch_end", stop)


def interrupt(_):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_translation_goes_on_to_the_same_end(tmp_path, monkeypatch, tiny_data, tiny_settings):
    settings = replace(tiny_settings, deterministic=True)
    arguments = tiny_data["translation"] | {"options": {"units": 16, "dropout": 0.25}, "settings": settings}
    whole = train("bahdanau_seq2seq", **arguments, out=tmp_path / "whole")
    out, steps = tmp_path / "run", len(rows(whole.path))
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(patch, 8, lambda _: signal.raise_signal(signal.SIGINT))
        train("bahdanau_seq2seq", **arguments, out=out)
    assert read_position(checkpoints(out)[0])[0].step > 0 and len(rows(out)) < steps
    assert not (out / "metrics.json").exists()
    resume(out)
    assert result(out) == result(whole.path)


@pytest.mark.conformance
def test_a_stopped_student_goes_on_to_the_same_end(tmp_path, monkeypatch, tiny_data, fast_settings, fast):
    whole = call(tmp_path, tiny_data, fast_settings, teachers=[fast.path])
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(patch, 8, lambda _: signal.raise_signal(signal.SIGTERM))
        call(tmp_path, tiny_data, fast_settings, teachers=[fast.path], out=out)
    assert read_position(checkpoints(out)[0])[0].step > 0
    resume(out)
    assert result(out) == result(whole.path)
    assert rows(out) != rows(fast.path)


def test_the_order_of_the_batches_depends_on_seed_and_epoch_alone(tiny_data, fast):
    """So a checkpoint needs no iterator: skipping what was done is exact."""
    from zoo.training.data.batches import batches, steps_per_epoch
    from zoo.training.data.corpora import read_corpus
    from zoo.training.data.examples import encode

    corpus = read_corpus(tiny_data["classification"]["train"], task=fast.task)
    examples = encode(corpus, fast.task, fast.vocabularies, fast.config.labels, max_length=100)
    steps = steps_per_epoch(examples, 32)
    whole = [batch[0].numpy() for batch in batches(examples, 32, shuffle_seed=1).map(lambda *x: x).take(3 * steps)]
    for epoch, step in ((0, 3), (1, 0), (1, 2), (2, steps - 1)):
        data = (
            batches(examples, 32, shuffle_seed=1, first_epoch=epoch).skip(step).take(3 * steps - epoch * steps - step)
        )
        for one, other in zip(data, whole[epoch * steps + step :], strict=True):
            np.testing.assert_array_equal(one[0], other)


def test_a_run_stopped_again_and_again_goes_on_to_the_same_end_bit_for_bit(
    tmp_path, monkeypatch, fast, fast_settings, tiny_data, capsys
):
    """Ended in its first epoch, by SIGTERM, and in the writing of a checkpoint; with dropout."""
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(patch, 2, interrupt)
        train("tanh_dnn", **tiny_data["classification"], out=out, options=FAST, settings=fast_settings)
    assert [path.name for path in checkpoints(out)] == ["epoch-0000-step-000000"] and read_history(out) == []
    with monkeypatch.context() as patch, pytest.raises(Stopped) as caught:
        stop_after(patch, 3, lambda _: signal.raise_signal(signal.SIGTERM))
        resume(out)
    assert caught.value.exit_status == 143 and checkpoints(out)[0].name == "epoch-0000-step-000003"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(zoo.training.run.checkpoints, "_to_disk", interrupt)
        resume(out)
    assert checkpoints(out)[0].name == "epoch-0000-step-000003" and (out / MODEL).exists()
    capsys.readouterr()
    resume(out)
    assert capsys.readouterr().err.startswith("epoch 1/3  ")
    assert result(out) == result(fast.path)
    assert set(scalars(out / "logs")) == set(scalars(fast.path / "logs"))


def test_a_run_on_shards_is_stopped_and_ends_as_a_run_on_one_file(
    tmp_path, monkeypatch, fast, fast_settings, tiny_data
):
    shards, lines = tmp_path / "shards", open(tiny_data["classification"]["train"], encoding="utf-8").readlines()
    shards.mkdir()
    for number, begin in enumerate(range(0, len(lines), 50)):
        with gzip.open(shards / f"{number}.tsv.gz", "wt", encoding="utf-8") as file:
            file.writelines(lines[begin : begin + 50])
    data = {"classification": {**tiny_data["classification"], "train": str(shards / "*.tsv.gz")}}
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(patch, 7, lambda _: signal.raise_signal(signal.SIGTERM))
        call(tmp_path, data, fast_settings)
    assert read_position(checkpoints(tmp_path / "out")[0])[0].step > 0
    resume(tmp_path / "out")
    assert result(tmp_path / "out") == result(fast.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "shards"]
    (shards / "9.tsv.gz").write_bytes(gzip.compress(lines[0].encode()))
    with pytest.raises(CallError, match=r"shards/\*\.tsv\.gz has changed since"):
        resume(tmp_path / "out", epochs=4)


def test_how_often_checkpoints_are_written_changes_nothing(tmp_path, fast, fast_settings, tiny_data):
    run = call(tmp_path, tiny_data, replace(fast_settings, checkpoint_seconds=0))
    assert result(run.path)[1:] == result(fast.path)[1:]


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
def test_a_run_killed_at_any_moment_goes_on_to_the_same_end_bit_for_bit(tmp_path, tiny_data, jit):
    """By SIGKILL, in processes of the command; `python -m benchmarks.faults` does more of it."""
    command = [sys.executable, "-m", "zoo", "train"]
    data = [f"--{split}={path}" for split, path in tiny_data["classification"].items()]
    how = ["--units=8", "--dropout=0.2", "--epochs=2", "--batch-size=8", "--deterministic", "--checkpoint-seconds=0"]
    begin = [*command, "tanh_rnn", *data, *how, "--vocabulary-size=120", *(["--jit"] if jit else [])]
    subprocess.run([*begin, "--out", tmp_path / "whole"], check=True, capture_output=True)
    run = tmp_path / "run"
    for steps in (3, 9, 6):
        go_on = [*command, "--resume", run] if run.exists() else [*begin, "--out", run]
        before, process = checkpoints(run)[:1], subprocess.Popen(go_on, stderr=subprocess.DEVNULL)
        seen = set()
        while len(seen) < steps and process.poll() is None:
            seen |= set(checkpoints(run)[:1]) - set(before)
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run([*command, "--resume", run], check=True, capture_output=True)
    assert result(run) == result(tmp_path / "whole")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_tells_how_to_go_on_after_a_signal(tmp_path, monkeypatch, tiny_data, capsys, number, status):
    from zoo.command.main import main

    data = [f"--{split}={path}" for split, path in tiny_data["classification"].items()]
    stop_after(monkeypatch, 2, lambda _: os.kill(os.getpid(), number))
    arguments = ["train", "tanh_dnn", *data, "--out", str(tmp_path / "run"), "--units", "8", "--vocabulary-size", "120"]
    assert main(arguments) == status
    assert f"zoo: stopped. Go on with: zoo train --resume {tmp_path / 'run'}" in capsys.readouterr().err
    assert checkpoints(tmp_path / "run")[0].name.startswith("epoch-0000-step-00000")
    assert read_position(checkpoints(tmp_path / "run")[0])[0].step >= 2


@pytest.mark.parametrize(
    "left", [pytest.param(0, marks=pytest.mark.conformance), 8_192, pytest.param(28_672, marks=pytest.mark.conformance)]
)
def test_a_disk_that_fills_up_ends_the_work_and_the_run_goes_on(
    tmp_path, monkeypatch, fast, fast_settings, tiny_data, left, capsys
):
    """Full at the end of the first epoch: for everything, for the best model, or for the checkpoint."""
    from zoo.command.main import main

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    run, ballast = disk / "run", disk / "ballast"
    data = [f"--{split}={path}" for split, path in tiny_data["classification"].items()]
    how = ["--units=8", "--dropout=0.25", "--epochs=3", "--patience=9", "--batch-size=32", "--vocabulary-size=120"]
    how += ["--subword-alpha=0.3", "--deterministic", f"--seed={fast_settings.seed}"]
    try:
        with monkeypatch.context() as patch:
            stop_after(patch, 12, lambda _: ballast.write_bytes(b"x" * (shutil.disk_usage(disk).free - left)))
            assert main(["train", "tanh_dnn", *data, "--out", str(run), *how]) == 1
        err = capsys.readouterr().err
        assert "zoo: Could not write " in err and "The last good checkpoint is " in err and "Traceback" not in err
        assert err.count(f"Go on with: zoo train --resume {run}") == 1
        ballast.unlink()
        assert main(["train", "--resume", str(run)]) == 0
        assert result(run) == result(fast.path)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(copy, fast, capsys, caplog):
    newest = checkpoints(copy)[0]
    state = newest / "state.data-00000-of-00001"
    state.write_bytes(state.read_bytes()[:-100])
    resume(copy)
    seen = capsys.readouterr()
    damaged = caplog.messages[0]
    assert damaged.startswith(f"{newest} is damaged: {state.name} is not as ")
    assert damaged.endswith("The one before it is used.")
    assert "epoch 3/3" in seen.err and "epoch 2/3" not in seen.err
    assert seen.out == ""
    assert result(copy) == result(fast.path)


def test_a_run_whose_checkpoints_are_all_damaged(copy):
    for checkpoint in checkpoints(copy):
        (checkpoint / "state.index").write_bytes(b"")
    with pytest.raises(WorkError, match="none of its 2 checkpoints can be used"):
        resume(copy)
    assert len(read_history(copy)) == 3 and len(checkpoints(copy)) == 2


def test_a_run_that_has_lost_its_checkpoints_is_not_begun_anew(copy):
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(WorkError, match="its checkpoints are gone; it cannot be continued"):
        resume(copy)
    assert len(read_history(copy)) == 3 and (copy / MODEL).exists()


def test_a_run_killed_before_its_first_checkpoint_begins_and_says_so(copy, fast, caplog):
    caplog.set_level(logging.INFO, logger="zoo")
    for name in ("checkpoints", "logs"):
        shutil.rmtree(copy / name)
    for name in (HISTORY, MODEL, "metrics.json"):
        (copy / name).unlink()
    resume(copy)
    assert f"{copy} has no checkpoint yet: it begins at step 0." in caplog.messages
    assert result(copy) == result(fast.path)


@pytest.mark.parametrize("content", [None, b"", b"epoch,loss\n1,many\n"])
def test_the_history_is_written_anew_from_the_checkpoint(copy, fast, content, caplog):
    (copy / HISTORY).unlink() if content is None else (copy / HISTORY).write_bytes(content)
    resume(copy)
    assert (copy / HISTORY).read_bytes() == (fast.path / HISTORY).read_bytes()
    assert any("history.csv is damaged" in message for message in caplog.messages) == bool(content)


def test_a_finished_run_stays_as_it_is(copy, fast, capsys):
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    resume(copy)
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == before
    assert "epoch" not in capsys.readouterr().err


def test_a_run_that_had_lost_patience_stays_as_it_is(tmp_path, tiny_data, fast_settings):
    """With a learning rate of almost nothing the accuracy never becomes better."""
    run = call(tmp_path, tiny_data, replace(fast_settings, epochs=9, patience=2, learning_rate=1e-12))
    assert len(read_history(run.path)) == 3
    before = result(run.path)
    resume(run.path)
    assert result(run.path) == before


def test_changed_data_is_refused(tmp_path, copy, tiny_data):
    changed = tmp_path / "train.tsv"
    shutil.copy(tiny_data["classification"]["train"], changed)
    config = read_config(copy).as_json()
    config["data"]["train"]["origin"] = str(changed)  # a file may be moved
    write_json(copy / CONFIG, config)
    resume(copy)
    with changed.open("a") as file:
        file.write("un\tnumber\n")
    with pytest.raises(CallError, match=r"train\.tsv has changed since .*run was begun"):
        resume(copy)
    changed.unlink()
    with pytest.raises(CallError, match=r"No such file: .*train\.tsv"):
        resume(copy)
    assert len(read_history(copy)) == 3


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("training", "seed", 2), ("training", "clip", 2.0), ("options", "units", 9)],
)
def test_a_run_of_other_settings_or_another_model_is_refused(copy, part, name, value):
    config = read_config(copy).as_json()
    was = config[part][name]
    config[part][name] = value
    write_json(copy / CONFIG, config)
    with pytest.raises(CallError, match=f"cannot be continued: .*: {part}.{name} was {was} and is now {value}"):
        resume(copy)
    assert len(read_history(copy)) == 3


def test_another_vocabulary_is_refused(copy, tmp_path, tiny_data, tiny_settings):
    other = call(tmp_path, tiny_data, replace(tiny_settings, epochs=1, train_size=150))
    shutil.copy(other.path / "source.model", copy / "source.model")
    with pytest.raises(CallError, match=r"source\.model is damaged or of another run"):
        resume(copy)


def test_what_cannot_be_continued(tmp_path, copy):
    with pytest.raises(CallError, match="is no run folder"):
        resume(tmp_path / "none")
    config = read_config(copy).as_json()
    for name in ("training", "data", "labels", "vocabularies"):
        write_json(copy / CONFIG, {key: value for key, value in config.items() if key != name})
        with pytest.raises(CallError, match="does not say how it was trained"):
            resume(copy)
        write_json(copy / CONFIG, config | {name: "none"})
        with pytest.raises(CallError, match=rf"config\.json is damaged: `{name}` must be a (dict|list)"):
            resume(copy)
    write_json(copy / CONFIG, config | {"training": config["training"] | {"epochs": "3"}})
    with pytest.raises(CallError, match="`epochs` must be a positive integer. Received: epochs='3'"):
        resume(copy)
    write_json(copy / CONFIG, config)
    before = (copy / CONFIG).read_bytes()
    with alone_in(copy, "trained"), pytest.raises(CallError, match="is being trained by another process"):
        resume(copy, epochs=9)
    assert (copy / CONFIG).read_bytes() == before
    (copy / CONFIG).write_bytes((copy / CONFIG).read_bytes()[:300])
    with pytest.raises(CallError, match=r"config\.json is damaged"):
        resume(copy)


def test_a_moved_run_goes_on(copy, tmp_path, fast):
    (checkpoints(copy)[0] / "SHA256SUMS").unlink()
    run = resume(copy.rename(tmp_path / "elsewhere é"))
    assert result(run.path) == result(fast.path)


def test_a_loss_that_is_no_number_fails_the_work(tmp_path, tiny_data, tiny_settings, monkeypatch):
    """The weights become no numbers in the second epoch; the model of the first stays, and so does the checkpoint."""

    def spoil(show):
        bias = show.model.logits.bias
        bias.assign(bias * math.nan)

    steps = read_steps(tiny_data, tiny_settings, tmp_path)
    stop_after(monkeypatch, steps + 1, spoil)
    message = rf"the loss is no longer a number at step {steps + 2} \(epoch 2, batch 2 of {steps}; learning rate 0"
    with pytest.raises(WorkError, match=message) as caught:
        call(tmp_path, tiny_data, tiny_settings)
    run = tmp_path / "out"
    assert f"The last good checkpoint is {run / 'checkpoints' / 'epoch-0001-step-000000'}." in str(caught.value)
    assert "lower --learning-rate" in str(caught.value)
    assert not (run / "metrics.json").exists()
    assert np.isfinite(load_run(run).model.get_weights()[-1]).all()
    assert len(read_history(run)) == 1
    monkeypatch.undo()
    resume(run)
    assert len(read_history(run)) == 2


def read_steps(data, settings, tmp_path):
    """Return how many batches an epoch has."""
    from zoo.text import Vocabulary
    from zoo.training.data.batches import steps_per_epoch
    from zoo.training.data.corpora import read_corpus
    from zoo.training.data.examples import encode

    corpus = read_corpus(data["classification"]["train"], task="classification")
    vocabulary = Vocabulary.learn(corpus.sources, size=settings.vocabulary_size, kind=settings.text)
    labels = sorted(set(corpus.targets))
    examples = encode(corpus, "classification", {"source": vocabulary}, labels, max_length=100)
    return steps_per_epoch(examples, settings.batch_size)
