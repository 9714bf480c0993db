"""What shows how a training goes: a bar on standard error, and curves in TensorBoard."""

import sys
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from zoo.errors import WorkError


class ShowProgress(keras.callbacks.Callback):
    """Shows the progress of each epoch on standard error: a bar on a terminal, a line now and then elsewhere.

    Args:
        epochs: how many there will be.
        steps: batches an epoch.
        first_step: how many batches of the first epoch are done already.
        every: seconds between two lines where there is no terminal.
    """

    def __init__(self, epochs: int, steps: int, *, first_step: int = 0, every: float = 15.0):
        super().__init__()
        self.step = first_step
        self.epochs = epochs
        self.steps = steps
        self.every = every
        self.console = Console(file=sys.stderr, highlight=False)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[logs]}"),
        )
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task: Any = None
        self.spoke = time.monotonic()

    def on_train_begin(self, logs=None):
        """Show the bar."""
        self.bar.start()

    def on_train_end(self, logs=None):
        """Take the bar away."""
        self.bar.stop()

    def on_epoch_begin(self, epoch, logs=None):
        """Begin a new bar."""
        self.name = f"epoch {epoch + 1}/{self.epochs}"
        self.task = self.bar.add_task(self.name, total=self.steps, completed=self.step, logs="")

    def on_train_batch_end(self, batch, logs=None):
        """Move the bar."""
        text = _text(logs or {})
        self.step += 1
        self.bar.update(self.task, completed=self.step, logs=text)
        if not self.console.is_terminal and time.monotonic() - self.spoke > self.every:
            self.spoke = time.monotonic()
            self.console.print(f"{self.name}  batch {self.step}/{self.steps}  {text}", soft_wrap=True)

    def on_epoch_end(self, epoch, logs=None):
        """Leave one line behind."""
        self.step = 0
        self.bar.remove_task(self.task)
        self.spoke = time.monotonic()
        self.console.print(f"{self.name}  {_text(logs or {})}", soft_wrap=True)


def _text(logs):
    return "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())


class Board(keras.callbacks.Callback):
    """Writes the scores of each epoch for TensorBoard, to the disk before the checkpoint that knows of the epoch.

    Args:
        folder: where; "train" and "validation" are made in it.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs=None):
        """Open the files."""
        self.writers = {
            part: tf.summary.create_file_writer(str(self.folder / part)) for part in ("train", "validation")
        }

    def on_epoch_end(self, epoch, logs=None):
        """Write the scores."""
        try:
            for name, value in {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}.items():
                with self.writers["validation" if name.startswith("val_") else "train"].as_default(epoch):
                    tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value)
            for writer in self.writers.values():
                writer.flush()
        except tf.errors.OpError as error:  # a full disk is no OSError to TensorFlow
            raise WorkError(f"Could not write {self.folder}: {error.message.splitlines()[0]}") from error

    def on_train_end(self, logs=None):
        """Close the files."""
        for writer in self.writers.values():
            writer.close()
