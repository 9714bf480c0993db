"""The callback that makes a `fit` of one's own resumable, with the code of `zoo train`."""

import json
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from zoo.checks import positive
from zoo.errors import CallError
from zoo.fitting.model import FittedModel
from zoo.training.cluster import this_worker
from zoo.training.data.batches import Epochs
from zoo.training.run.checkpoints import remove_drafts, restore_state
from zoo.training.run.keep_run import KeepRun
from zoo.training.run.provenance import check_same
from zoo.training.settings import FALLING_MONITORS, Monitor


class ExactResume(KeepRun):
    """Makes a `fit` resumable: a script that was stopped and is started again ends with the same bits.

    It writes checkpoints into a folder, with a digest of every byte, after every epoch and inside epochs, and continues
    at the same batch from the newest sound one. With `monitor` it also keeps the best model, as `model.keras`, with
    averaged weights if the optimizer averages them. For equal bits the script sets its seeds and calls
    `tf.config.experimental.enable_op_determinism()`.

    It must be the last of the callbacks. What other callbacks remember, `EarlyStopping` for example, is not restored:
    use `patience`.

    Args:
        folder: the folder of the checkpoints, the history and the best model; made if missing.
        data: the training data of the `fit`, as `zoo.pairs`, `zoo.texts` or `zoo.labelled` returned them, with
            `shuffle`.
        monitor: the score that chooses the best epoch, "val_loss" for example; None: keep no best model.
        mode: "min" or "max": whether a lower or a higher score is better; default: "min" for losses and perplexities.
        patience: stop after this many epochs without a better score.
        checkpoint_seconds: seconds between two checkpoints inside an epoch.

    Raises:
        CallError: other data, a wrong argument, or, when the training begins, a folder of another training or a model
            that is none of the zoo.
    """

    advice = "a lower learning rate, or with gradients that are clipped"

    def __init__(
        self,
        folder: str | os.PathLike,
        data: Any,
        *,
        monitor: str | None = None,
        mode: str | None = None,
        patience: int | None = None,
        checkpoint_seconds: float = 120.0,
    ):
        self.epochs_of_data: Any = getattr(data, "epochs", None)
        if not isinstance(self.epochs_of_data, Epochs):
            raise CallError("`data` must be a dataset of `zoo.pairs`, `zoo.texts` or `zoo.labelled`, with `shuffle`.")
        if mode not in (None, "min", "max"):
            raise CallError(f'`mode` must be "min" or "max". Received: mode={mode!r}.')
        if patience is not None and monitor is None:
            raise CallError("`patience` needs a `monitor`.")
        self.batch_spec = data.element_spec
        falling = mode == "min" if mode else (monitor or "").removeprefix("val_") in FALLING_MONITORS
        super().__init__(
            Path(folder),
            monitor=Monitor(name=monitor, rising=not falling) if monitor else None,
            patience=math.inf if patience is None else positive("patience", patience),
            epochs=0,
            steps=self.epochs_of_data.steps,
            record={},
            checkpoint_seconds=checkpoint_seconds,
        )
        self.go_on = "the same script"

    def on_train_begin(self, logs=None):
        """Resume from the newest sound checkpoint, or write the first one."""
        if self.model.distribute_strategy.num_replicas_in_sync > 1 or this_worker().count > 1:
            raise CallError("`ExactResume` is for one device. `zoo train` is resumed exactly on several.")
        if not isinstance(self.model, FittedModel):
            raise CallError(f"`ExactResume` is for models of the zoo. Received: {type(self.model).__name__}.")
        if self.params["steps"] != self.steps:
            raise CallError(
                f"`fit` must do all {self.steps} steps of an epoch. Received: steps_per_epoch={self.params['steps']}."
            )
        self.model._symbolic_build(data_batch=self.batch_spec)  # so that all variables are in the first checkpoint
        self.epochs, self.record = self.params["epochs"], self._make_record()
        self.run.mkdir(parents=True, exist_ok=True)
        remove_drafts(self.run)
        self.resume_or_begin(self.model)
        restore_state(self.checkpoint, self.model)  # inside an epoch again, when `fit` has reset the metrics
        super().on_train_begin(logs)
        if self.finished():
            self.position.epoch = max(self.position.epoch, self.epochs)
        self.model._initial_epoch = self.position.epoch  # as Keras's own BackupAndRestore does
        self.epochs_of_data.done = 0 if self.finished() else self.position.step
        self.quiet: Any = warnings.catch_warnings()
        self.quiet.__enter__()
        warnings.filterwarnings("ignore", "Your input ran out of data")  # the rest of an epoch is shorter

    def on_epoch_begin(self, epoch, logs=None):
        """Tell the data which epoch it is."""
        self.model._initial_epoch = None
        self.epochs_of_data.number = epoch
        if not self.position.step:  # all is restored, and another callback may have set the learning rate since
            self.must_restore = False
        super().on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch, logs=None):
        """Write the best model, the checkpoint and the history."""
        self._speak()
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs=None):
        """Leave the model as it was found."""
        self._speak()
        self.model._initial_epoch = None

    def _speak(self):
        if self.quiet is not None:
            self.quiet.__exit__(None, None, None)
            self.quiet = None

    def _make_record(self) -> dict[str, Any]:
        """Return the part of the script that decides the result, as far as it can be seen from here."""
        model = {"class": type(self.model).__name__, **self.model.get_config()}
        model.pop("name", None)  # of a second model in a process Keras makes another one
        optimizer = keras.saving.serialize_keras_object(self.model.optimizer)["config"]
        for name in ("name", "learning_rate"):  # a learning rate that is no schedule is in the checkpoint
            if not isinstance(optimizer.get(name), dict):
                optimizer.pop(name, None)
        record = {"model": model, "optimizer": optimizer, "task": self.model.task_options}
        record |= {"data": self.epochs_of_data.record, **self.model.teachers.record()}
        if self.monitor:  # the best epoch was chosen by it
            record["monitor"] = asdict(self.monitor)
        return json.loads(json.dumps(record, default=str))

    def _check_record(self, record: Mapping[str, Any]) -> None:
        check_same(self.run, self.record, record, what="the training")
