import json
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
from tensorflow.python.framework import config as tensorflow_config  # there is no public way back

import training.checkpoints
from training.callbacks import HISTORY, read_history
from training.checkpoints import checkpoints, read_position
from training.fit import resume, train, versions
from training.progress import ShowProgress
from training.settings import Settings
from zoo.errors import CallError, Stopped, WorkError
from zoo.run import CONFIG, MODEL, SAMPLES, load_run, read_config, write_json

FAST = {"units": 8, "dropout": 0.25}
NUMBERS = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.fixture(scope="module")
def fast_settings(tiny_settings):
    return replace(tiny_settings, epochs=3, patience=9, deterministic=True)


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    """A deterministic run changes its process; the tests of other modules are to find it as it was."""
    yield
    tensorflow_config.disable_op_determinism()


@pytest.fixture(scope="module")
def fast(tmp_path_factory, tiny_data, fast_settings):
    """A run of the fastest model that was never stopped."""
    out = tmp_path_factory.mktemp("fit") / "fast"
    return train("tanh_dnn", **tiny_data["classification"], out=out, options=FAST, settings=fast_settings)


@pytest.fixture
def copy(fast, tmp_path):
    return shutil.copytree(fast.path, tmp_path / "run")


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


def assert_same_history(a, b):
    a, b = read_history(a), read_history(b)
    assert [row["epoch"] for row in a] == [row["epoch"] for row in b]
    for name in NUMBERS:
        np.testing.assert_allclose([row[name] for row in a], [row[name] for row in b], rtol=0, atol=1e-5)


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


@pytest.mark.parametrize("fixture", ["tiny_run", "tiny_classifier", "tiny_lm"])
def test_a_run_folder_holds_everything(request, fixture, tiny_data, tiny_settings):
    run = request.getfixturevalue(fixture)
    config = json.loads((run.path / CONFIG).read_text(encoding="utf-8"))
    vocabularies = {"source.model", "target.model"} if run.task == "translation" else {"source.model"}
    expected = {CONFIG, MODEL, SAMPLES, HISTORY, "metrics.json", "checkpoints", "logs", *vocabularies}
    assert {path.name for path in run.path.iterdir()} == expected
    assert list((run.path / "logs").rglob("events.out.tfevents.*"))
    assert [path.name for path in checkpoints(run.path)] == [
        "epoch-0002-step-000000",
        "epoch-0001-step-000000",
    ]
    assert config["model"] == run.model.name and config["task"] == run.task
    assert config["training"] == {**vars(tiny_settings)} and config["training"]["seed"] == 1
    assert config["options"].items() <= run.model.options.items() and config["options"]["units"] == 16
    assert config["versions"] == versions() and config["versions"].keys() >= {"python", "tensorflow", "keras"}
    for split, count in (("train", 160), ("valid", 24)):
        assert config["data"][split]["origin"] == tiny_data[run.task][split]
        assert config["data"][split]["count"] == count and len(config["data"][split]["digest"]) == 64
    assert len((run.path / SAMPLES).read_text(encoding="utf-8").split("\n")) == 24
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
    from training.batches import batches, encode
    from training.corpora import read_corpus
    from training.trainer import Trainer

    metrics = json.loads((fast.path / "metrics.json").read_text(encoding="utf-8"))
    corpus = read_corpus(tiny_data["classification"]["valid"], task=fast.task)
    examples = encode(corpus, fast.task, fast.vocabularies, fast.config["labels"], max_length=100)
    trainer = Trainer(load_run(fast.path).model)
    trainer.compile()
    scores = trainer.evaluate(batches(examples, fast_settings.batch_size), verbose=0, return_dict=True)
    assert scores["accuracy"] == pytest.approx(metrics["val_accuracy"], abs=1e-6)
    assert scores["loss"] == pytest.approx(metrics["val_loss"], abs=1e-5)


def test_the_time_of_a_run_is_that_of_all_its_epochs(fast):
    metrics = json.loads((fast.path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["seconds"] == pytest.approx(sum(row["seconds"] for row in read_history(fast.path)), abs=0.06)


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


def test_the_order_of_the_batches_depends_on_seed_and_epoch_alone(tiny_data, fast):
    """So a checkpoint needs no iterator: skipping what was done is exact."""
    from training.batches import batches, encode, steps_per_epoch
    from training.corpora import read_corpus

    corpus = read_corpus(tiny_data["classification"]["train"], task=fast.task)
    examples = encode(corpus, fast.task, fast.vocabularies, fast.config["labels"], max_length=100)
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
        patch.setattr(training.checkpoints, "_to_disk", interrupt)
        resume(out)
    assert checkpoints(out)[0].name == "epoch-0000-step-000003" and (out / MODEL).exists()
    capsys.readouterr()
    resume(out)
    assert capsys.readouterr().err.startswith("epoch 1/3  ")
    assert result(out) == result(fast.path)


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
    from zoo.__main__ import main

    data = [f"--{split}={path}" for split, path in tiny_data["classification"].items()]
    stop_after(monkeypatch, 2, lambda _: os.kill(os.getpid(), number))
    arguments = ["train", "tanh_dnn", *data, "--out", str(tmp_path / "run"), "--units", "8", "--vocabulary-size", "120"]
    assert main(arguments) == status
    assert f"zoo: stopped. Go on with: zoo train --resume {tmp_path / 'run'}" in capsys.readouterr().err
    assert checkpoints(tmp_path / "run")[0].name.startswith("epoch-0000-step-00000")
    assert read_position(checkpoints(tmp_path / "run")[0])[0].step >= 2


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(copy, fast, capsys):
    newest = checkpoints(copy)[0]
    state = newest / "state.data-00000-of-00001"
    state.write_bytes(state.read_bytes()[:-100])
    resume(copy)
    seen = capsys.readouterr()
    assert f"warning: {newest} is damaged: {state.name} is not as " in seen.err
    assert "The one before it is used." in seen.err
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


def test_a_run_killed_before_its_first_checkpoint_begins_and_says_so(copy, fast, capsys):
    for name in ("checkpoints", "logs"):
        shutil.rmtree(copy / name)
    for name in (HISTORY, MODEL, "metrics.json"):
        (copy / name).unlink()
    resume(copy)
    assert f"{copy} has no checkpoint yet: it begins at step 0." in capsys.readouterr().err
    assert result(copy) == result(fast.path)


@pytest.mark.parametrize("content", [None, b"", b"epoch,loss\n1,many\n"])
def test_the_history_is_written_anew_from_the_checkpoint(copy, fast, content, capsys):
    (copy / HISTORY).unlink() if content is None else (copy / HISTORY).write_bytes(content)
    resume(copy)
    assert (copy / HISTORY).read_bytes() == (fast.path / HISTORY).read_bytes()
    assert ("history.csv is damaged" in capsys.readouterr().err) == bool(content)


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
    config = read_config(copy)
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
    [("training", "epochs", 4), ("training", "seed", 2), ("training", "clip", 2.0), ("options", "units", 9)],
)
def test_a_run_of_other_settings_or_another_model_is_refused(copy, part, name, value):
    config = read_config(copy)
    was = config[part][name]
    config[part][name] = value
    write_json(copy / CONFIG, config)
    with pytest.raises(CallError, match=f"cannot be continued: .*: {part}.{name} was {was} and is now {value}"):
        resume(copy)
    assert len(read_history(copy)) == 3


def test_another_vocabulary_is_refused(copy, tmp_path, tiny_data, tiny_settings):
    other = call(tmp_path, tiny_data, replace(tiny_settings, epochs=1, train_size=150))
    shutil.copy(other.path / "source.model", copy / "source.model")
    with pytest.raises(CallError, match=r"source\.model has changed since .*run was begun"):
        resume(copy)


def test_what_cannot_be_continued(tmp_path, copy):
    with pytest.raises(CallError, match="is no run folder"):
        resume(tmp_path / "none")
    config = read_config(copy)
    for name in ("training", "data", "labels", "vocabularies"):
        write_json(copy / CONFIG, {key: value for key, value in config.items() if key != name})
        with pytest.raises(CallError, match="does not say how it was trained"):
            resume(copy)
    (copy / CONFIG).write_bytes((copy / CONFIG).read_bytes()[:300])
    with pytest.raises(CallError, match=r"config\.json is damaged"):
        resume(copy)


def test_a_moved_run_goes_on(copy, tmp_path, fast):
    (checkpoints(copy)[0] / "SHA256SUMS").unlink()
    run = resume(copy.rename(tmp_path / "elsewhere é"))
    assert result(run.path) == result(fast.path)


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
        ("checkpoint_seconds", -1.0, "`checkpoint_seconds` must be a number, 0 or above. Received: -1.0."),
        ("seed", -1, "`seed` must be from 0"),
        ("seed", 2**31, "`seed` must be from 0"),
        ("text", "words", 'Received: "words"'),
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
    ],
)
def test_bad_calls(tmp_path, tiny_data, tiny_settings, options, message):
    with pytest.raises(CallError) as caught:
        call(tmp_path, tiny_data, tiny_settings, **options)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_bad_data_leaves_no_run_behind(tmp_path, tiny_data, tiny_settings):
    valid = tmp_path / "valid.tsv"
    valid.write_text("un\tnumber\nun\tnumbr\n")
    with pytest.raises(CallError, match=r'valid\.tsv, line 2: label "numbr" is not one of .*Did you mean "number"'):
        call(tmp_path, tiny_data, tiny_settings, valid=str(valid))
    with pytest.raises(CallError, match="every one of .* examples is longer than 1 pieces"):
        call(tmp_path, tiny_data, replace(tiny_settings, max_length=1))
    assert [path.name for path in tmp_path.iterdir()] == ["valid.tsv"]


def test_examples_that_are_too_long_are_counted(tmp_path, tiny_data, tiny_settings, capsys):
    train_set = tmp_path / "train.tsv"
    with open(tiny_data["classification"]["train"], encoding="utf-8") as lines:
        train_set.write_text(lines.read() + f"{'un ' * 200}\tnumber\n{'mai ' * 200}\tdate\n", encoding="utf-8")
    call(tmp_path, tiny_data, replace(tiny_settings, epochs=1), train=str(train_set))
    seen = capsys.readouterr()
    assert "train.tsv (train): left out 2 of 162 examples with more than 100 pieces on a side" in seen.err
    assert "(valid)" not in seen.err and seen.out == ""


def test_a_loss_that_is_no_number_fails_the_work(tmp_path, tiny_data, tiny_settings, monkeypatch):
    """The weights become no numbers in the second epoch; the model of the first stays, and so does the checkpoint."""

    def spoil(show):
        bias = show.model.model.logits.bias
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
    from training.batches import encode, steps_per_epoch
    from training.corpora import read_corpus
    from zoo.text import Vocabulary

    corpus = read_corpus(data["classification"]["train"], task="classification")
    vocabulary = Vocabulary.learn(corpus.sources, size=settings.vocabulary_size, kind=settings.text)
    labels = sorted(set(corpus.targets))
    examples = encode(corpus, "classification", {"source": vocabulary}, labels, max_length=100)
    return steps_per_epoch(examples, settings.batch_size)


def test_a_part_of_a_built_in_corpus(tmp_path, tiny_data, tiny_settings):
    settings = replace(tiny_settings, epochs=1, train_size=50)
    run = call(tmp_path, tiny_data, settings, train="numbers-fr-en")
    about = run.config["data"]["train"]
    assert (about["origin"], about["count"]) == ("numbers-fr-en:train", 50)
    (checkpoints(run.path)[0] / "SHA256SUMS").unlink()
    before = rows(run.path)
    resume(run.path)  # reads the same 50 again
    assert len(before) == 1 and [row["epoch"] for row in rows(run.path)] == [1]


@pytest.mark.slow
def test_the_seed_decides(tmp_path, tiny_data, fast, fast_settings):
    same = call(tmp_path, tiny_data, fast_settings)
    assert_same_history(same.path, fast.path)
    other = call(tmp_path, tiny_data, replace(fast_settings, seed=2), out=tmp_path / "other")
    assert read_history(other.path)[0]["loss"] != read_history(fast.path)[0]["loss"]


def test_settings_have_defaults_that_pass():
    Settings().check()


@pytest.mark.slow
def test_xla_gives_the_same_history(tmp_path, tiny_data, fast, fast_settings):
    run = call(tmp_path, tiny_data, replace(fast_settings, jit=True), options={**FAST, "dropout": 0.0})
    plain = call(tmp_path, tiny_data, fast_settings, options={**FAST, "dropout": 0.0}, out=tmp_path / "plain")
    assert_same_history(run.path, plain.path)
