"""The progress of a training on standard error."""

import sys
import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ShowProgress(keras.callbacks.Callback):
    """Shows the progress of each epoch on standard error: a bar on a terminal, elsewhere a line every few seconds.

    Args:
        epochs: the number of epochs.
        steps: batches an epoch.
        first_step: the number of batches of the first epoch that are already done.
        every: seconds between two lines where standard error is no terminal.
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
        """Remove the bar."""
        self.bar.stop()

    def on_epoch_begin(self, epoch, logs=None):
        """Start a new bar."""
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
        """Replace the bar by a line of scores."""
        self.step = 0
        self.bar.remove_task(self.task)
        self.spoke = time.monotonic()
        self.console.print(f"{self.name}  {_text(logs or {})}", soft_wrap=True)


def _text(logs):
    return "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
