"""What happens between the batches: a run folder is kept from which the run can go on."""

import contextlib
import csv
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from zoo.atomic_files import new_file
from zoo.errors import CallError, WorkError
from zoo.run_folder import MODEL, resume_command
from zoo.training.distribute import as_chief
from zoo.training.run.checkpoints import Position, is_finite, newest, put_back_best, read_position, restore, write
from zoo.training.run.provenance import check_same
from zoo.training.run.signals import StopSignals
from zoo.training.step.replicas import part_dropout

HISTORY = "history.csv"


def read_history(run: Path) -> list[dict[str, float]]:
    """Return the rows of `history.csv`, one an epoch.

    Raises:
        CallError: it is damaged.
    """
    file = run / HISTORY
    if not file.is_file():
        return []
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]
        return [{**row, "epoch": int(row["epoch"])} for row in rows]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise CallError(f"{file} is damaged: {type(error).__name__}: {error}.") from error


def write_history(run: Path, history: list[dict[str, float]]) -> None:
    """Write `history.csv`, whole or not at all."""
    with new_file(run / HISTORY) as draft, draft.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(history[0]) if history else ["epoch"])
        writer.writeheader()
        writer.writerows(history)


class KeepRun(keras.callbacks.Callback):
    """Keeps a run folder so that the run can go on from there, exactly.

    Writes a checkpoint after every epoch, and inside an epoch now and then and when a signal has come; the model, when
    the score is the best so far; and the history. Stops the training when the score has not improved for `patience`
    epochs, and at the step whose loss is no number. What it knows it reads from the checkpoint. It wants to be the last
    of the callbacks: what the others add to the logs of an epoch is part of the history.

    Args:
        run: the run folder.
        monitor: the name of the score in the logs.
        higher: whether a higher score is better.
        patience: epochs without a better score before the training stops.
        epochs: how many there will be at most.
        steps: batches an epoch.
        record: what the run is of, for its checkpoints.
        every: seconds between two checkpoints inside an epoch.
        signals: what notes Ctrl-C and SIGTERM.
    """

    def __init__(
        self,
        run: Path,
        *,
        monitor: str,
        higher: bool,
        patience: int,
        epochs: int,
        steps: int,
        record: Mapping[str, Any],
        every: float = math.inf,
        signals: StopSignals | None = None,
    ):
        super().__init__()
        self.run = run
        self.monitor = monitor
        self.sign = 1 if higher else -1
        self.patience = patience
        self.epochs = epochs
        self.steps = steps
        self.record = record
        self.every = every
        self.signals = signals or StopSignals()
        self.position = Position()
        self.checkpoint: Path | None = None
        self.wrote = self.began = time.monotonic()

    def go_on(self, trainer: keras.Model) -> None:
        """Take up the run at its newest sound checkpoint, or write its first.

        Raises:
            CallError: the run is no longer what it was begun as.
            WorkError: no checkpoint can be used.
        """
        self.set_model(trainer)
        self.checkpoint = newest(self.run)
        if self.checkpoint is None:
            if (self.run / HISTORY).exists() or (self.run / MODEL).exists():
                raise WorkError(f"{self.run}: its checkpoints are gone; it cannot be continued.")
            self._save()
            return
        self.position, record = read_position(self.checkpoint)
        check_same(self.run, self.record, record)
        self._say_what_is_lost()
        put_back_best(self.checkpoint, self.run)
        write_history(self.run, self.history)

    def _say_what_is_lost(self):
        try:
            written = len(read_history(self.run))
        except CallError as error:
            print(f"warning: {error} It is written anew from {self.checkpoint}.", file=sys.stderr)
            return
        if written > self.position.epoch:
            told = f"{self.run / HISTORY} is of {written} epochs and {self.checkpoint} of {self.position.epoch}"
            print(f"warning: {told}: what came after that is done again.", file=sys.stderr)

    @property
    def history(self) -> list[dict[str, float]]:
        """A row of scores for each epoch that is done."""
        return self.position.history

    def _score(self, row):
        # The accuracy of a model whose weights are no numbers is a number.
        whole = all(math.isfinite(value) for value in row.values())
        return self.sign * row[self.monitor] if whole else -math.inf

    def best_epoch(self) -> int:
        """Return the number of the epoch with the best score, 0 when there is none whose numbers are finite."""
        scores = [self._score(row) for row in self.history]
        best = max(scores, default=-math.inf)
        return 1 + scores.index(best) if best > -math.inf else 0

    def stale(self) -> bool:
        """Tell whether the score has not improved for too long."""
        return len(self.history) - self.best_epoch() >= self.patience

    def finished(self) -> bool:
        """Tell whether there is nothing left to do."""
        return self.position.epoch >= self.epochs or (bool(self.history) and self.stale())

    def on_train_begin(self, logs=None):
        """Note that the state is to be taken from the checkpoint."""
        self.fresh = True

    def on_epoch_begin(self, epoch, logs=None):
        """Take the state from the checkpoint, at first; here, for `fit` has set the metrics to zero before."""
        if self.fresh and self.checkpoint:
            restore(self.checkpoint, self.model)
            part_dropout(self.model.model)
            if not self.position.step:  # what the metrics hold is of the validation before
                self.model.reset_metrics()
        self.fresh = False
        self.began = time.monotonic() - self.position.seconds

    def on_train_batch_end(self, batch, logs=None):
        """Look at the loss, and write a checkpoint if it is time."""
        self.position.step += 1
        if not math.isfinite(logs["loss"]):
            raise self._diverged("the loss")
        if self.position.step == self.steps:
            return  # the end of the epoch does it, after the validation
        if self.signals.received or time.monotonic() - self.wrote >= self.every:
            self._save()
        self.signals.stop_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        """Write what the run needs to go on: the model, if it is the best; then the checkpoint; then the history."""
        scores = {name: float(value) for name, value in (logs or {}).items()}
        scores["seconds"] = round(time.monotonic() - self.began, 2)
        row = {"epoch": epoch + 1, **as_chief(scores)}
        if not is_finite(self.model):
            raise self._diverged("a weight")
        self.position = Position(epoch + 1, history=[*self.history, row])
        self.began = time.monotonic()
        with self._last_good_named():
            if self.best_epoch() == epoch + 1:
                self._save_best()
        self._save()
        with self._last_good_named():
            write_history(self.run, self.history)
        if self.stale():
            self.model.stop_training = True
        self.signals.stop_if_asked()

    def _save_best(self):
        with new_file(self.run / MODEL) as draft:
            self.model.save_model(draft)

    def _save(self):
        if not is_finite(self.model):
            raise self._diverged("a weight")
        self.position.seconds = time.monotonic() - self.began if self.position.step else 0.0
        best = self.best_epoch() > 0
        with self._last_good_named():
            self.checkpoint = write(self.run, self.model, self.position, self.record, best=best, before=self.checkpoint)
        self.wrote = time.monotonic()

    @contextlib.contextmanager
    def _last_good_named(self):
        try:
            yield
        except WorkError as error:
            last = f"The last good checkpoint is {self.checkpoint}." if self.checkpoint else "It has no checkpoint yet."
            raise WorkError(f"{error} {last} Go on with: {resume_command(self.run)}") from error

    def _diverged(self, what):
        optimizer = self.model.optimizer
        if not hasattr(optimizer, "inner_optimizer"):  # which has not counted the step
            optimizer.iterations.assign_sub(1)  # the learning rate is to be that of the step
        step = self.position.epoch * self.steps + self.position.step
        return WorkError(
            f"{self.run}: {what} is no longer a number at step {step:,} (epoch {self.position.epoch + 1}, batch "
            f"{self.position.step} of {self.steps}; learning rate {float(optimizer.learning_rate):.3g}). The last good "
            f"checkpoint is {self.checkpoint}. Going on from there would end the same way: begin anew with a lower "
            "--learning-rate, a longer --warm-up or a lower --clip, and look for odd examples in the data."
        )
