"""What happens between the batches: progress on standard error, and a run folder that can be continued."""

import csv
import math
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from training.distribute import part_dropout
from zoo.errors import CallError
from zoo.files import new_file
from zoo.run import MODEL

HISTORY = "history.csv"
CHECKPOINTS = "checkpoints"


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


def checkpoints(run: Path) -> list[Path]:
    """Return the checkpoints of a run, the newest first."""
    return sorted((run / CHECKPOINTS).glob("epoch-*.keras"), reverse=True)


def epoch_of(checkpoint: Path) -> int:
    """Return after how many epochs a checkpoint was written."""
    return int(checkpoint.stem.removeprefix("epoch-"))


class KeepRun(keras.callbacks.Callback):
    """Writes the history, a checkpoint and, when the score is the best so far, the model, after every epoch.

    Also stops the training when the score has not improved for `patience` epochs. What it knows it
    reads from the history, so a run that is continued goes on as if it had not been stopped.

    Args:
        run: the run folder.
        monitor: the name of the score in the logs.
        higher: whether a higher score is better.
        patience: epochs without a better score before the training stops.
    """

    def __init__(self, run: Path, *, monitor: str, higher: bool, patience: int):
        super().__init__()
        self.run = run
        self.monitor = monitor
        self.sign = 1 if higher else -1
        self.patience = patience
        self.history = read_history(run)
        self.began = time.monotonic()

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

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Write what the run needs to go on, the checkpoint first and the history last."""
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        row["seconds"] = round(time.monotonic() - self.began, 2)
        self.history.append(row)
        with new_file(self.run / CHECKPOINTS / f"epoch-{epoch + 1:04d}.keras") as draft:
            self.model.save(draft)
        if self.best_epoch() == epoch + 1:
            with new_file(self.run / MODEL) as draft:
                self.model.model.save(draft)
        write_history(self.run, self.history)
        for old in checkpoints(self.run)[2:]:
            old.unlink()
        if self.stale():
            self.model.stop_training = True


class SeedDropout(keras.callbacks.Callback):
    """Seeds every random layer anew at each epoch, from the run's seed and the number of the epoch alone.

    A .keras file does not hold the state of these layers; so a run that is continued drops as if it had not been
    stopped.

    Args:
        seed: the seed of the run.
    """

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        """Set the seeds."""
        model = self.model.model
        weights = {id(variable) for variable in model.weights}
        states = [variable for variable in model.variables if id(variable) not in weights]
        for i, state in enumerate(states):
            state.assign(np.random.SeedSequence([self.seed, epoch, i]).generate_state(2))
        part_dropout(model)


class ShowProgress(keras.callbacks.Callback):
    """Shows the progress of each epoch on standard error: a bar on a terminal, a line now and then elsewhere.

    Args:
        epochs: how many there will be.
        steps: batches an epoch.
        every: seconds between two lines where there is no terminal.
    """

    def __init__(self, epochs: int, steps: int, *, every: float = 15.0):
        super().__init__()
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
        self.task = self.bar.add_task(self.name, total=self.steps, logs="")

    def on_train_batch_end(self, batch, logs=None):
        """Move the bar."""
        text = _text(logs or {})
        self.bar.update(self.task, completed=batch + 1, logs=text)
        if not self.console.is_terminal and time.monotonic() - self.spoke > self.every:
            self.spoke = time.monotonic()
            self.console.print(f"{self.name}  batch {batch + 1}/{self.steps}  {text}", soft_wrap=True)

    def on_epoch_end(self, epoch, logs=None):
        """Leave one line behind."""
        self.bar.remove_task(self.task)
        self.spoke = time.monotonic()
        self.console.print(f"{self.name}  {_text(logs or {})}", soft_wrap=True)


def _text(logs):
    return "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
