import math
import signal

import keras
import numpy as np
import pytest

import zoo.training.run.keep_run
from zoo.errors import CallError, Stopped, WorkError
from zoo.models.build import build
from zoo.run_folder import MODEL, load_model
from zoo.training.run.checkpoints import checkpoints, newest, read_position
from zoo.training.run.history import HISTORY, read_history
from zoo.training.run.keep_run import KeepRun
from zoo.training.run.signals import StopSignals
from zoo.training.settings import Monitor

NAN = float("nan")
STEPS = 4


@pytest.fixture
def model():
    """A compiled model with all its variables."""
    model = build("tanh_dnn", vocabulary_size=12, classes=3, units=4)
    model.compile(keras.optimizers.Adam(0.25))
    model.optimizer.build(model.trainable_variables)
    return model


def keeper(run, model, *, monitor="val_accuracy", rising=True, patience=3, record=None, **options):
    keep = KeepRun(
        run,
        monitor=Monitor(name=monitor, rising=rising),
        patience=patience,
        epochs=9,
        steps=STEPS,
        record=record or {"seed": 1},
        **options,
    )
    keep.resume_or_begin(model)
    keep.on_train_begin()
    return keep


def mark(model, number):
    """Give a model weights by which it is known."""
    model.logits.bias.assign(np.full(3, float(number)))


def play(keep, scores, *, first=0):
    """Let epochs end with these scores, each with weights of its own; return after how many it was stopped."""
    keep.model.stop_training = False
    for epoch, score in enumerate(scores, first):
        keep.on_epoch_begin(epoch)
        mark(keep.model, epoch + 1)
        keep.on_epoch_end(epoch, {"loss": 1.0, keep.monitor.name: score})
        if keep.model.stop_training:
            return epoch + 1
    return None


def play_steps(keep, epoch, losses):
    """Let the steps of an epoch end with these losses, each with weights of its own."""
    keep.on_epoch_begin(epoch)
    for batch, loss in enumerate(losses):
        mark(keep.model, 100 * (epoch + 1) + batch + 1)
        keep.model.task_metrics[0].update_state(loss)
        keep.on_train_batch_end(batch, {"loss": loss})


def kept(run):
    """Return after which epoch the kept model was written."""
    return load_model(run / MODEL).logits.bias.numpy()[0]


def marked(run, model):
    """Return by what the model of the newest checkpoint is known, and put it into the trainer."""
    zoo.training.run.keep_run.restore_state(newest(run), model)
    return model.logits.bias.numpy()[0]


@pytest.mark.parametrize(
    ("scores", "rising", "best"),
    [
        ([0.1, 0.3, 0.2], True, 2),
        ([3.0, 2.0, 2.5], False, 2),
        ([0.3, 0.3], True, 1),
        ([NAN, 0.1], True, 2),
        ([0.1, NAN], True, 1),
        ([2.0, NAN], False, 1),
        ([0.0, 0.0, 0.4], True, 3),
    ],
)
def test_the_best_epoch_is_kept(tmp_path, model, scores, rising, best):
    keep = keeper(tmp_path, model, rising=rising, patience=9)
    assert keep.best_epoch() == 0
    play(keep, scores)
    assert keep.best_epoch() == best
    assert kept(tmp_path) == best


def test_a_model_without_finite_scores_is_not_kept(tmp_path, model):
    keep = keeper(tmp_path, model)
    play(keep, [NAN, math.inf])
    assert keep.best_epoch() == 0 and not (tmp_path / MODEL).exists()


def test_a_model_whose_loss_is_no_number_is_never_the_best(tmp_path, model):
    keep = keeper(tmp_path, model)
    for epoch, (loss, val_loss, accuracy) in enumerate([(1.0, 1.0, 0.2), (NAN, 1.0, 0.9), (1.0, NAN, 0.9)]):
        mark(model, epoch + 1)
        keep.on_epoch_end(epoch, {"loss": loss, "val_loss": val_loss, "val_accuracy": accuracy})
    assert keep.best_epoch() == 1 and kept(tmp_path) == 1


@pytest.mark.parametrize(
    ("scores", "patience", "stopped"),
    [
        ([0.1, 0.2, 0.3, 0.4], 1, None),
        ([0.3, 0.2], 1, 2),
        ([0.3, 0.2, 0.4, 0.1, 0.1, 0.5], 2, 5),
        ([0.3, 0.2], 2, None),
    ],
)
def test_patience(tmp_path, model, scores, patience, stopped):
    keep = keeper(tmp_path, model, patience=patience)
    assert play(keep, scores) == stopped
    assert keep.stale() == (stopped is not None)


def test_only_the_two_newest_checkpoints_are_kept(tmp_path, model):
    play(keeper(tmp_path, model, patience=9), [0.1, 0.2, 0.3, 0.4])
    assert [path.name for path in checkpoints(tmp_path)] == ["epoch-0004-step-000000", "epoch-0003-step-000000"]
    assert marked(tmp_path, model) == 4
    assert not list(tmp_path.rglob("*.part*"))


def test_the_first_checkpoint_is_of_before_the_first_step(tmp_path, model):
    mark(model, 7)
    keeper(tmp_path, model)
    assert [path.name for path in checkpoints(tmp_path)] == ["epoch-0000-step-000000"]
    mark(model, 8)
    assert marked(tmp_path, model) == 7


def test_the_kept_model_has_no_optimizer(tmp_path, model):
    inputs, labels = np.array([[4, 5], [6, 0]]), np.array([0, 1])
    model.fit(inputs, labels, epochs=1, verbose=0, callbacks=[keeper(tmp_path, model, monitor="loss")])
    loaded = load_model(tmp_path / MODEL)
    assert not loaded.compiled and not hasattr(loaded, "optimizer")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_history_is_written_after_every_epoch(tmp_path, model):
    keep = keeper(tmp_path, model)
    play(keep, [0.5])
    assert [row["epoch"] for row in read_history(tmp_path)] == [1]
    play(keep, [0.25], first=1)
    rows = read_history(tmp_path)
    assert rows == keep.history
    assert [(row["epoch"], row["loss"], row["val_accuracy"]) for row in rows] == [(1, 1.0, 0.5), (2, 1.0, 0.25)]
    assert all(0 <= row["seconds"] < 60 for row in rows)


def test_a_run_that_goes_on_knows_what_was_before(tmp_path, model):
    play(keeper(tmp_path, model, patience=2), [0.5, 0.25])
    keep = keeper(tmp_path, model, patience=2)
    assert (keep.best_epoch(), keep.stale(), keep.finished()) == (1, False, False)
    assert play(keep, [0.25], first=2) == 3
    assert kept(tmp_path) == 1 and keep.finished()
    assert [row["epoch"] for row in read_history(tmp_path)] == [1, 2, 3]


def test_a_run_is_finished_after_its_last_epoch(tmp_path, model):
    keep = keeper(tmp_path, model, patience=99)
    assert not keep.finished()
    play(keep, [0.1] * 8)
    assert not keep.finished()
    play(keep, [0.1], first=8)
    assert keep.finished() and keeper(tmp_path, model, patience=99).finished()


def test_a_checkpoint_inside_an_epoch_after_so_many_seconds(tmp_path, model, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(zoo.training.run.keep_run.time, "monotonic", lambda: clock[0])
    keep = keeper(tmp_path, model, checkpoint_seconds=10)
    keep.on_epoch_begin(0)
    for batch, (seconds, newest_step) in enumerate([(9.9, 0), (0.1, 2), (9.9, 2)]):
        clock[0] += seconds
        mark(model, batch + 1)
        keep.on_train_batch_end(batch, {"loss": 1.0})
        assert checkpoints(tmp_path)[0].name == f"epoch-0000-step-{newest_step:06d}"
    clock[0] += 99
    keep.on_train_batch_end(3, {"loss": 1.0})  # the last of the epoch: its end will write one
    assert checkpoints(tmp_path)[0].name == "epoch-0000-step-000002"
    assert read_position(newest(tmp_path))[0].seconds == 10.0
    assert marked(tmp_path, model) == 2


def test_inside_an_epoch_the_scores_so_far_go_on_and_at_its_begin_they_do_not(tmp_path, model):
    play_steps(keeper(tmp_path, model, checkpoint_seconds=0), 0, [4.0, 2.0])
    model.reset_metrics()  # as fit does
    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    mark(model, 0)
    keep.on_epoch_begin(0)
    assert keep.position.step == 2 and float(model.task_metrics[0].result()) == 3.0
    assert model.logits.bias.numpy()[0] == 102
    keep.on_epoch_end(0, {"loss": 3.0, "val_accuracy": 0.5})  # the metrics hold what the validation left
    keep = keeper(tmp_path, model)
    keep.on_epoch_begin(1)
    assert keep.position.step == 0 and float(model.task_metrics[0].result()) == 0.0


def test_the_time_of_an_epoch_is_that_before_and_after_it_was_stopped(tmp_path, model, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(zoo.training.run.keep_run.time, "monotonic", lambda: clock[0])
    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    keep.on_epoch_begin(0)
    clock[0] += 7
    keep.on_train_batch_end(0, {"loss": 1.0})
    clock[0] += 1000
    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    keep.on_epoch_begin(0)
    clock[0] += 5
    keep.on_epoch_end(0, {"loss": 1.0, "val_accuracy": 0.5})
    assert read_history(tmp_path)[0]["seconds"] == 12.0


def test_a_better_model_of_an_epoch_that_is_done_again_decides_nothing(tmp_path, model, monkeypatch):
    """Killed between the model of the second epoch and its checkpoint; the second time the epoch ends worse."""

    def killed(*_, **__):
        raise KeyboardInterrupt

    keep = keeper(tmp_path, model)
    play(keep, [0.5])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(zoo.training.run.keep_run, "write_checkpoint", killed)
        play(keep, [0.9], first=1)
    assert kept(tmp_path) == 2
    keep = keeper(tmp_path, model)
    assert kept(tmp_path) == 1
    play(keep, [0.4], first=1)
    assert kept(tmp_path) == 1 and keep.best_epoch() == 1


def test_an_older_checkpoint_takes_history_and_best_model_back_with_it(tmp_path, model, caplog):
    play(keeper(tmp_path, model), [0.1, 0.2, 0.3])
    (checkpoints(tmp_path)[0] / "state.index").write_bytes(b"")
    keep = keeper(tmp_path, model)
    damaged, lost = caplog.messages
    assert "The one before it is used" in damaged
    assert "history.csv has 3 epochs and" in lost and "has 2: the epochs after that are trained again" in lost
    assert kept(tmp_path) == keep.best_epoch() == 2
    assert [row["epoch"] for row in read_history(tmp_path)] == [1, 2]


def test_a_damaged_history_is_written_again(tmp_path, model, caplog):
    play(keeper(tmp_path, model), [0.1, 0.2])
    rows = (tmp_path / HISTORY).read_text()
    (tmp_path / HISTORY).write_text("epoch,loss\n1,many\n")
    keeper(tmp_path, model)
    (warning,) = caplog.messages
    assert "history.csv is damaged" in warning and "It is written again from" in warning
    assert (tmp_path / HISTORY).read_text() == rows


def test_a_run_that_has_lost_its_checkpoints_is_not_begun_anew(tmp_path, model):
    play(keeper(tmp_path, model), [0.1])
    for name in (HISTORY, MODEL):
        run = tmp_path / name.replace(".", "-")
        run.mkdir()
        (run / name).write_bytes((tmp_path / name).read_bytes())
        with pytest.raises(WorkError, match="its checkpoints are gone; it cannot be continued"):
            keeper(run, model)


def test_a_run_of_other_settings_is_refused(tmp_path, model):
    play(keeper(tmp_path, model), [0.1])
    with pytest.raises(CallError, match="seed was 1 and is now 2"):
        keeper(tmp_path, model, record={"seed": 2})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_training_after_its_step_with_a_checkpoint(tmp_path, model, number):
    with StopSignals() as signals:
        keep = keeper(tmp_path, model, signals=signals)
        play_steps(keep, 0, [1.0])
        signal.raise_signal(number)
        mark(model, 2)
        with pytest.raises(Stopped):
            keep.on_train_batch_end(1, {"loss": 1.0})
    assert checkpoints(tmp_path)[0].name == "epoch-0000-step-000002" and marked(tmp_path, model) == 2


def test_a_signal_in_the_validation_ends_the_training_after_the_epoch(tmp_path, model):
    with StopSignals() as signals:
        keep = keeper(tmp_path, model, signals=signals)
        play_steps(keep, 0, [1.0] * STEPS)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped):
            keep.on_epoch_end(0, {"loss": 1.0, "val_accuracy": 0.5})
    assert checkpoints(tmp_path)[0].name == "epoch-0001-step-000000" and len(read_history(tmp_path)) == 1


@pytest.mark.parametrize("loss", [NAN, math.inf])
def test_a_loss_that_is_no_number_stops_at_its_step(tmp_path, model, loss):
    rates = keras.optimizers.schedules.PiecewiseConstantDecay([1, 6], [0.1, 0.25, 0.5])
    model.compile(keras.optimizers.Adam(rates))
    model.optimizer.build(model.trainable_variables)
    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    play(keep, [0.5])
    play_steps(keep, 1, [1.0, 1.0])
    model.optimizer.iterations.assign(7)  # the seventh step has been done, with the learning rate of after six
    with pytest.raises(WorkError) as caught:
        keep.on_train_batch_end(2, {"loss": loss})
    last = checkpoints(tmp_path)[0]
    assert last.name == "epoch-0001-step-000002" and marked(tmp_path, model) == 202
    message = str(caught.value)
    assert "the loss is no longer a number at step 7 (epoch 2, batch 3 of 4; learning rate 0.25)" in message
    assert f"The last good checkpoint is {last}." in message and "lower --learning-rate" in message


@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_weight_that_is_no_number_is_in_no_checkpoint(tmp_path, model, at_the_end):
    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    play_steps(keep, 0, [1.0] * (STEPS if at_the_end else 2))
    before = checkpoints(tmp_path)
    mark(model, NAN)
    with pytest.raises(WorkError, match=r"a weight is no longer a number at step . \(epoch 1"):
        if at_the_end:
            keep.on_epoch_end(0, {"loss": 1.0, "val_accuracy": 0.5})
        else:
            keep.on_train_batch_end(2, {"loss": 1.0})
    assert checkpoints(tmp_path) == before and not (tmp_path / HISTORY).exists() and not (tmp_path / MODEL).exists()


def test_a_full_disk_names_the_last_good_checkpoint(tmp_path, model, monkeypatch):
    def full(*_, **__):
        raise WorkError("Could not write it: No space left on device.") from OSError(28, "No space left on device")

    keep = keeper(tmp_path, model, checkpoint_seconds=0)
    play_steps(keep, 0, [1.0])
    monkeypatch.setattr(zoo.training.run.keep_run, "write_checkpoint", full)
    last = r"The last good checkpoint is .*epoch-0000-step-000001\. Go on with: zoo train --resume"
    with pytest.raises(WorkError, match=f"No space left on device. {last}"):
        keep.on_train_batch_end(1, {"loss": 1.0})
    monkeypatch.setattr(zoo.training.run.keep_run, "new_file", full)
    with pytest.raises(WorkError, match=last):  # when it is the model that cannot be written
        keep.on_epoch_end(0, {"loss": 1.0, "val_accuracy": 0.5})
