"""The callback that keeps a run folder from which the run can be resumed."""

import contextlib
import math
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from zoo.atomic_files import new_file
from zoo.errors import CallError, WorkError
from zoo.fitting.replicas import separate_dropout
from zoo.log import logger
from zoo.run_folder import MODEL, resume_command
from zoo.training.distribute import from_chief
from zoo.training.run.checkpoints import (
    Position,
    is_finite,
    newest,
    read_position,
    restore_best_model,
    restore_state,
    write_checkpoint,
)
from zoo.training.run.history import HISTORY, Row, best_epoch, read_history, write_history
from zoo.training.run.provenance import check_same
from zoo.training.run.signals import StopSignals
from zoo.training.settings import Monitor


class KeepRun(keras.callbacks.Callback):
    """Keeps a run folder from which the run can be resumed exactly.

    It writes a checkpoint after every epoch and, inside an epoch, at intervals and after a signal; the model, when its
    score is the best so far; and the history. It stops the training when the score has not improved for `patience`
    epochs, and at the step whose loss is not finite. Everything it remembers comes from the checkpoint. It must be the
    last of the callbacks: the scores that the others add to the logs of an epoch are part of the history.

    Args:
        run: the run folder.
        monitor: the score that chooses the best epoch; None: no model is kept and no epoch is too many.
        patience: epochs without a better score before the training stops.
        epochs: the most epochs.
        steps: batches an epoch.
        record: the record of the run, for its checkpoints; see `zoo.training.run.provenance`.
        checkpoint_seconds: seconds between two checkpoints inside an epoch.
        signals: the note of Ctrl-C and SIGTERM.
        may_differ: names in the record that may differ from those in the checkpoint.
    """

    def __init__(
        self,
        run: Path,
        *,
        monitor: Monitor | None,
        patience: float,
        epochs: int,
        steps: int,
        record: Mapping[str, Any],
        checkpoint_seconds: float = math.inf,
        signals: StopSignals | None = None,
        may_differ: Collection[str] = (),
    ):
        super().__init__()
        self.run = run
        self.go_on = resume_command(run)
        self.monitor = monitor
        self.patience = patience
        self.epochs = epochs
        self.steps = steps
        self.record = record
        self.checkpoint_seconds = checkpoint_seconds
        self.may_differ = may_differ
        self.signals = signals or StopSignals()
        self.position = Position()
        self.checkpoint: Path | None = None
        self.must_restore = False
        self.first_step = 0
        self.last_written = self.epoch_began = time.monotonic()

    advice = "a lower --learning-rate, a longer --warm-up or a lower --clip"

    def resume_or_begin(self, model: keras.Model) -> None:
        """Resume the run from its newest sound checkpoint, or write its first one.

        Raises:
            CallError: the data, vocabularies, model or settings of the run have changed.
            WorkError: no checkpoint can be used.
        """
        self.set_model(model)
        self.checkpoint = newest(self.run)
        if self.checkpoint is None:
            if (self.run / HISTORY).exists() or (self.monitor and (self.run / MODEL).exists()):
                raise WorkError(f"{self.run}: its checkpoints are gone; it cannot be continued.")
            self._write_checkpoint()
            return
        self.position, record = read_position(self.checkpoint)
        self._check_record(record)
        self._warn_of_lost_epochs()
        if self.monitor:
            restore_best_model(self.checkpoint, self.run)
        write_history(self.run, self.history)

    def _check_record(self, record: Mapping[str, Any]) -> None:
        check_same(self.run, self.record, record, may_differ=self.may_differ)

    def _warn_of_lost_epochs(self) -> None:
        try:
            written = len(read_history(self.run))
        except CallError as error:
            logger.warning(f"{error} It is written again from {self.checkpoint}.")
            return
        done = self.position.epoch
        if written > done:
            lengths = f"{self.run / HISTORY} has {written} epochs and {self.checkpoint} has {done}"
            logger.warning(f"{lengths}: the epochs after that are trained again.")

    @property
    def history(self) -> list[Row]:
        """A row of scores for each finished epoch."""
        return self.position.history

    def best_epoch(self) -> int:
        """Return the number of the epoch with the best score, 0 when the scores of none are finite."""
        return best_epoch(self.history, self.monitor) if self.monitor else 0

    def stale(self) -> bool:
        """Tell whether the score has not improved for `patience` epochs."""
        return bool(self.monitor) and len(self.history) - self.best_epoch() >= self.patience

    def finished(self) -> bool:
        """Tell whether no epoch is left."""
        return self.position.epoch >= self.epochs or (bool(self.history) and self.stale())

    def on_train_begin(self, logs=None):
        """Note that the state must be restored from the checkpoint."""
        self.must_restore = True

    def on_epoch_begin(self, epoch, logs=None):
        """Restore the state from the checkpoint, in the first epoch; not before, for `fit` resets the metrics."""
        if self.must_restore and self.checkpoint:
            restore_state(self.checkpoint, self.model)
            separate_dropout(self.model)
            if not self.position.step:  # the metrics in the checkpoint are those of the validation before
                self.model.reset_metrics()
        self.must_restore = False
        self.first_step = self.position.step
        self.epoch_began = time.monotonic() - self.position.seconds

    def on_train_batch_end(self, batch, logs=None):
        """Check the loss, and write a checkpoint if it is time."""
        self.position.step = min(self.first_step + batch + 1, self.steps)  # `batch` counts those of one execution too
        if not math.isfinite(logs["loss"]):
            raise self._diverged("the loss")
        if self.position.step == self.steps:
            return  # `on_epoch_end` writes the checkpoint, after the validation
        if self.signals.received or time.monotonic() - self.last_written >= self.checkpoint_seconds:
            self._write_checkpoint()
        self.signals.stop_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        """Write the model, if it is the best; then the checkpoint; then the history.

        Of an epoch that another callback stopped before its last batch only a checkpoint is written: it goes on there.
        """
        if self.model.stop_training and self.position.step < self.steps:
            self._write_checkpoint()
            return
        scores = {name: float(value) for name, value in (logs or {}).items()}
        scores["seconds"] = round(time.monotonic() - self.epoch_began, 2)
        row = {"epoch": epoch + 1, **from_chief(scores)}
        if not is_finite(self.model):
            raise self._diverged("a weight")
        self.position = Position(epoch + 1, history=[*self.history, row])
        self.epoch_began = time.monotonic()
        with self._naming_last_checkpoint():
            if self.best_epoch() == epoch + 1:
                self._save_best_model()
        self._write_checkpoint()
        with self._naming_last_checkpoint():
            write_history(self.run, self.history)
        self._check_monitor(row)
        if self.stale():
            self.model.stop_training = True
        self.signals.stop_if_asked()

    def _check_monitor(self, row: Row) -> None:
        """Refuse a monitor that an epoch has no score for, unless it had no validation."""
        if self.monitor is None or self.monitor.name in row:
            return
        validated = any(name.startswith("val_") for name in row)
        if validated or not self.monitor.name.startswith("val_"):
            raise CallError(f"`monitor` must be one of {', '.join(row)}. Received: {self.monitor.name!r}.")
        logger.warning(f"epoch {row['epoch']} has no {self.monitor.name}: it had no validation.")

    def _save_best_model(self) -> None:
        with new_file(self.run / MODEL) as draft:
            self.model.save_for_inference(draft)

    def _write_checkpoint(self) -> None:
        if not is_finite(self.model):
            raise self._diverged("a weight")
        self.position.seconds = time.monotonic() - self.epoch_began if self.position.step else 0.0
        with self._naming_last_checkpoint():
            self.checkpoint = write_checkpoint(
                self.run,
                self.model,
                self.position,
                self.record,
                with_best_model=self.best_epoch() > 0,
                previous=self.checkpoint,
            )
        self.last_written = time.monotonic()

    @contextlib.contextmanager
    def _naming_last_checkpoint(self) -> Iterator[None]:
        """Add the last good checkpoint, and the command that resumes the run, to a `WorkError`."""
        try:
            yield
        except WorkError as error:
            last = f"The last good checkpoint is {self.checkpoint}." if self.checkpoint else "It has no checkpoint yet."
            raise WorkError(f"{error} {last} Go on with: {self.go_on}") from error

    def _diverged(self, what: str) -> WorkError:
        optimizer = self.model.optimizer
        if not hasattr(optimizer, "inner_optimizer"):  # a loss scale does not count the step
            counted = getattr(optimizer, "_iterations", optimizer.iterations)  # with accumulated gradients its own
            counted.assign_sub(1)  # so that the learning rate is that of the step
        step = self.position.epoch * self.steps + self.position.step
        return WorkError(
            f"{self.run}: {what} is no longer a number at step {step:,} (epoch {self.position.epoch + 1}, batch "
            f"{self.position.step} of {self.steps}; learning rate {float(optimizer.learning_rate):.3g}). The last good "
            f"checkpoint is {self.checkpoint}. A run resumed from there would end the same way: start a new one with "
            f"{self.advice}, and look for odd examples in the data."
        )
