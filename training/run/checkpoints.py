"""Checkpoints: everything that decides the rest of a run, checked to the last byte before it is used.

A checkpoint is a folder `RUN/checkpoints/epoch-EEEE-step-SSSSSS`, of after that many epochs and steps of the next:

- `state.index`, `state.data-*`: every variable by `tf.train.Checkpoint`: weights, the state of random layers, the
  metrics of the epoch so far, the optimizer with its moments, averages and count of steps;
- `position.json`: the position, the history so far (so the best score and the patience), and what the run is of;
- `best.keras`: the best model so far. `RUN/model.keras` may already be of an epoch that has to be done again;
- `SHA256SUMS`: the digests of the others. TensorFlow's own checksums do not cover every byte.

There is no iterator of the data in it: the order of the batches depends on the run's seed and the number of the epoch
alone (`zoo.training.data.batches`), so to go on is to skip the batches that were done, exactly.

A folder gets its name when all of it is on the disk; the last two are kept.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo.atomic_files import new_file, new_folder, sha256_of
from zoo.errors import CallError, WorkError
from zoo.run_folder import MODEL

FOLDER = "checkpoints"
STATE = "state"
POSITION = "position.json"
BEST = "best.keras"
SUMS = "SHA256SUMS"


@dataclass
class Position:
    """Where a run is.

    Attributes:
        epoch: how many epochs are done.
        step: how many steps of the next are done.
        seconds: how long those steps took.
        history: a row of scores for each epoch that is done.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of its checkpoint."""
        return f"epoch-{self.epoch:04d}-step-{self.step:06d}"


def checkpoints(run: Path) -> list[Path]:
    """Return the checkpoints of a run, the newest first."""
    found = (run / FOLDER).glob("epoch-*-step-*")
    return sorted(found, key=lambda one: [int(number) for number in re.findall("[0-9]+", one.name)], reverse=True)


def newest(run: Path) -> Path | None:
    """Return the newest checkpoint whose every byte is as it was written; say which are not. None without any.

    Raises:
        WorkError: there are checkpoints and all are damaged.
    """
    found = checkpoints(run)
    for i, checkpoint in enumerate(found):
        problem = damage(checkpoint)
        if not problem:
            return checkpoint
        rest = " The one before it is used." if found[i + 1 :] else ""
        print(f"warning: {checkpoint} is damaged: {problem}.{rest}", file=sys.stderr)
    if found:
        raise WorkError(f"{run}: none of its {len(found)} checkpoints can be used; it cannot be continued.")
    return None


def damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint, None when every byte is as it was written."""
    try:
        written, now = (checkpoint / SUMS).read_bytes(), _sums(checkpoint)
    except OSError as error:
        return f"{Path(error.filename or checkpoint).name}: {error.strerror}"
    if written == now:
        return None
    right = set(written.split(b"\n"))
    wrong = [line.split()[-1].decode() for line in now.split(b"\n") if line and line not in right]
    return f"{' and '.join(wrong) or 'a missing file'} is not as {SUMS} says"


def read_position(checkpoint: Path) -> tuple[Position, dict[str, Any]]:
    """Return the position of a sound checkpoint and the record of what its run is of."""
    content = json.loads((checkpoint / POSITION).read_text(encoding="utf-8"))
    return Position(**content["position"]), content["record"]


def restore(checkpoint: Path, trainer: keras.Model) -> None:
    """Put the state of a sound checkpoint into a trainer that is compiled and has its optimizer's variables.

    Raises:
        CallError: it is of a trainer with other variables.
    """
    variables = _variables(trainer)
    then = json.loads((checkpoint / POSITION).read_text(encoding="utf-8"))["variables"]
    for a, b in zip(then, _described(variables), strict=False):
        if a != b:
            raise CallError(f"{checkpoint} is of another model: it holds {a}. Expected: {b}.")
    if len(then) != len(variables):
        raise CallError(f"{checkpoint} is of another model: it holds {len(then)} variables, not {len(variables)}.")
    _tensorflow_checkpoint(variables).read(str(checkpoint / STATE)).assert_consumed()


def put_back_best(checkpoint: Path, run: Path) -> None:
    """Make the run's model the best one that the checkpoint knows of; remove it when there is none."""
    if not (checkpoint / BEST).exists():
        (run / MODEL).unlink(missing_ok=True)
        return
    with new_file(run / MODEL) as draft:
        shutil.copyfile(checkpoint / BEST, draft)


def write(
    run: Path,
    trainer: keras.Model,
    position: Position,
    record: Mapping[str, Any],
    *,
    best: bool,
    before: Path | None = None,
) -> Path:
    """Write a checkpoint, then remove all others but the one before it.

    Args:
        run: the run folder.
        trainer: what to write the state of.
        position: where it is.
        record: what the run is of.
        best: whether the run's model belongs to it.
        before: the sound checkpoint that the run had or went on from. One that is newer was damaged.

    Raises:
        WorkError: the disk is full; the checkpoints before it are as they were.
    """
    path = run / FOLDER / position.name
    variables = _variables(trainer)
    content = {"position": asdict(position), "record": record, "variables": _described(variables)}
    with new_folder(path, force=True) as draft:
        try:
            _tensorflow_checkpoint(variables).write(str(draft / STATE))
        except tf.errors.OpError as error:  # a full disk is no OSError to TensorFlow
            raise OSError(error.message.split("\n")[0]) from error
        (draft / POSITION).write_text(json.dumps(content), encoding="utf-8")
        if best:
            shutil.copyfile(run / MODEL, draft / BEST)
        (draft / SUMS).write_bytes(_sums(draft))
        for file in [*draft.iterdir(), draft]:
            _to_disk(file)
    _to_disk(path.parent)
    for other in checkpoints(run):
        if other not in (path, before):
            shutil.rmtree(other, ignore_errors=True)
    return path


def sweep(run: Path) -> None:
    """Remove the half-written files and folders that a killed process left behind."""
    for draft in [*run.glob(".*.part*"), *(run / FOLDER).glob(".epoch-*")]:
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def is_finite(trainer: keras.Model) -> bool:
    """Tell whether all weights and all of the optimizer's variables are finite."""
    variables = [one.value for one in [*trainer.variables, *trainer.optimizer.variables]]
    return all(bool(tf.reduce_all(tf.math.is_finite(one))) for one in variables if one.dtype.is_floating)


def _variables(trainer) -> list[keras.Variable]:
    every = [*trainer.variables, *trainer.metrics_variables, *trainer.optimizer.variables]
    return list({id(one): one for one in every}.values())


def _described(variables) -> list[str]:
    # Keras numbers layers by what the process made before: the numbers are no part of what a variable is.
    return [f"{re.sub('_[0-9]+', '', one.path)} {one.dtype} {list(one.shape)}" for one in variables]


def _tensorflow_checkpoint(variables) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(variables=[one.value for one in variables])


def _sums(checkpoint: Path) -> bytes:
    """Return what SHA256SUMS should hold, as the command sha256sum writes it."""
    files = [file for file in sorted(checkpoint.iterdir()) if file.name in (POSITION, BEST) or file.stem == STATE]
    return "".join(f"{sha256_of(file)}  {file.name}\n" for file in files).encode()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
