"""The history of a run: a row of scores for each epoch, in `history.csv`, and the best of them."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from zoo.atomic_files import new_file
from zoo.errors import CallError
from zoo.training.settings import Monitor

HISTORY = "history.csv"

Row = dict[str, float]


def read_history(run: Path) -> list[Row]:
    """Return the rows of `history.csv`; none if there is no such file.

    Raises:
        CallError: it is damaged.
    """
    file = run / HISTORY
    if not file.is_file():
        return []
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = [{name: float(value) for name, value in row.items() if value != ""} for row in csv.DictReader(lines)]
        return [{**row, "epoch": int(row["epoch"])} for row in rows]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise CallError(f"{file} is damaged: {type(error).__name__}: {error}.") from error


def write_history(run: Path, history: Sequence[Row]) -> None:
    """Write `history.csv`, whole or not at all. A score that an epoch does not have is an empty field."""
    names = list(dict.fromkeys(name for row in history for name in row)) or ["epoch"]
    with new_file(run / HISTORY) as draft, draft.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, names)
        writer.writeheader()
        writer.writerows(history)


def best_epoch(history: Sequence[Row], monitor: Monitor) -> int:
    """Return the number of the epoch with the best score, from 1; 0 when the scores of no epoch are finite."""
    scores = [_score(row, monitor) for row in history]
    best = max(scores, default=-math.inf)
    return 1 + scores.index(best) if best > -math.inf else 0


def _score(row: Row, monitor: Monitor) -> float:
    """Return the score of an epoch, higher for a better one."""
    # All scores must be finite: a model with weights that are NaN has a finite accuracy.
    if monitor.name not in row or not all(math.isfinite(value) for value in row.values()):
        return -math.inf
    return row[monitor.name] if monitor.rising else -row[monitor.name]
