import math

import keras
import numpy as np
import pytest

from training.callbacks import (
    HISTORY,
    KeepRun,
    SeedDropout,
    ShowProgress,
    checkpoints,
    epoch_of,
    read_history,
    write_history,
)
from zoo.errors import CallError
from zoo.models import tanh_dnn
from zoo.run import MODEL, load_model

NAN = float("nan")


@pytest.fixture
def model():
    model = tanh_dnn(12, 3, units=4)
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_variables)
    return model


def keeper(run, model, *, monitor="val_accuracy", higher=True, patience=3):
    keep = KeepRun(run, monitor=monitor, higher=higher, patience=patience)
    keep.set_model(model)
    return keep


def play(keep, scores, *, first=0):
    """Let epochs end with these scores, each with weights of its own; return after how many it was stopped."""
    keep.model.stop_training = False
    for epoch, score in enumerate(scores, first):
        keep.on_epoch_begin(epoch)
        keep.model.logits.bias.assign(np.full(3, epoch + 1.0))
        keep.on_epoch_end(epoch, {"loss": 1.0, keep.monitor: score})
        if keep.model.stop_training:
            return epoch + 1
    return None


def kept(run):
    """Return after which epoch the kept model was written."""
    return load_model(run / MODEL).logits.bias.numpy()[0]


@pytest.mark.parametrize(
    ("scores", "higher", "best"),
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
def test_the_best_epoch_is_kept(tmp_path, model, scores, higher, best):
    keep = keeper(tmp_path, model, higher=higher, patience=9)
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
        model.logits.bias.assign(np.full(3, epoch + 1.0))
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
    assert [path.name for path in checkpoints(tmp_path)] == ["epoch-0004.keras", "epoch-0003.keras"]
    assert [epoch_of(path) for path in checkpoints(tmp_path)] == [4, 3]
    assert [load_model(path).logits.bias.numpy()[0] for path in checkpoints(tmp_path)] == [4, 3]
    assert not list(tmp_path.rglob("*.part*"))


def test_no_checkpoints(tmp_path):
    assert checkpoints(tmp_path) == []


def test_a_checkpoint_goes_on_with_the_optimizer_and_the_kept_model_has_none(tmp_path, model):
    inputs, labels = np.array([[4, 5], [6, 0]]), np.array([0, 1])
    model.fit(inputs, labels, epochs=1, verbose=0, callbacks=[keeper(tmp_path, model, monitor="loss")])
    loaded = load_model(checkpoints(tmp_path)[0])
    assert int(loaded.optimizer.iterations) == 1
    assert not load_model(tmp_path / MODEL).compiled
    np.testing.assert_array_equal(load_model(tmp_path / MODEL)(inputs), model(inputs))


def test_history_is_written_after_every_epoch(tmp_path, model):
    keep = keeper(tmp_path, model)
    play(keep, [0.5])
    assert [row["epoch"] for row in read_history(tmp_path)] == [1]
    play(keep, [0.25], first=1)
    rows = read_history(tmp_path)
    assert rows == keep.history
    assert [(row["epoch"], row["loss"], row["val_accuracy"]) for row in rows] == [(1, 1.0, 0.5), (2, 1.0, 0.25)]
    assert all(0 <= row["seconds"] < 60 for row in rows)


def test_a_run_that_goes_on_reads_what_was_before(tmp_path, model):
    play(keeper(tmp_path, model, patience=2), [0.5, 0.25])
    keep = keeper(tmp_path, model, patience=2)
    assert (keep.best_epoch(), keep.stale()) == (1, False)
    assert play(keep, [0.25], first=2) == 3
    assert kept(tmp_path) == 1
    assert [row["epoch"] for row in read_history(tmp_path)] == [1, 2, 3]


def test_history_round_trip(tmp_path):
    rows = [{"epoch": 1, "loss": 0.1 + 0.2, "val_loss": NAN}, {"epoch": 2, "loss": 1e-30, "val_loss": math.inf}]
    write_history(tmp_path, rows)
    first, second = read_history(tmp_path)
    assert math.isnan(first.pop("val_loss"))
    assert (first, second) == ({"epoch": 1, "loss": 0.1 + 0.2}, rows[1])
    assert (tmp_path / HISTORY).read_text().splitlines()[1].startswith("1,")
    write_history(tmp_path, read_history(tmp_path))
    assert (tmp_path / HISTORY).read_text().splitlines()[1].startswith("1,")


def test_no_history(tmp_path):
    assert read_history(tmp_path) == []
    write_history(tmp_path, [])
    assert read_history(tmp_path) == []


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.5\n2\n", "epoch,loss\n1,many\n", "loss\n0.5\n", "epoch\n1,2\n"])
def test_a_damaged_history_is_told(tmp_path, content):
    (tmp_path / HISTORY).write_text(content)
    with pytest.raises(CallError, match=r"history\.csv is damaged"):
        read_history(tmp_path)


def test_dropout_depends_on_seed_and_epoch_alone():
    def masks(seed, epochs):
        model = tanh_dnn(12, 3, units=8, dropout=0.5)
        keras.utils.set_random_seed(0)
        weights = [keras.random.normal(weight.shape, seed=i) for i, weight in enumerate(model.weights)]
        model.set_weights(weights)
        reseed = SeedDropout(seed)
        reseed.set_model(model)
        outputs = {}
        for epoch in epochs:
            reseed.on_epoch_begin(epoch)
            outputs[epoch] = [np.array(model(np.array([[4, 5]]), training=True)) for _ in range(2)]
        return outputs

    first = masks(1, [0, 1, 2])
    np.testing.assert_array_equal(first[2], masks(1, [2])[2])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[2][0], first[2][1])
    assert not np.array_equal(first[2], masks(2, [2])[2])


def progress(every):
    show = ShowProgress(2, 3, every=every)
    show.on_train_begin()
    for epoch in range(2):
        show.on_epoch_begin(epoch)
        for batch in range(3):
            show.on_train_batch_end(batch, {"loss": 1.0 / (batch + 1)})
        show.on_epoch_end(epoch, {"loss": 0.5, "val_accuracy": 0.25})
    show.on_train_end()


def test_progress_is_on_standard_error_alone(capsys):
    progress(every=3600)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.splitlines() == [f"epoch {k}/2  loss 0.5000  val_accuracy 0.2500" for k in (1, 2)]


def test_a_slow_epoch_shows_batches(capsys):
    progress(every=0)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "epoch 1/2  batch 2/3  loss 0.5000" in seen.err.splitlines()


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # by which rich takes standard error for a terminal
    monkeypatch.setenv("COLUMNS", "100")
    progress(every=0)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "epoch 2/2" in seen.err and "━" in seen.err and "batch 2/3" not in seen.err
