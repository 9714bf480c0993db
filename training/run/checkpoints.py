"""Checkpoints: all the state that decides the rest of a run, with a digest of every byte.

A checkpoint is a folder `RUN/checkpoints/epoch-EEEE-step-SSSSSS`, written after that many epochs and steps of the next:

- `state.index`, `state.data-*`: every variable, by `tf.train.Checkpoint`: the weights, the state of random layers, the
  metrics of the epoch so far, the optimizer with its moments, averages and count of steps;
- `position.json`: the position, the history so far (so the best score and the patience), and the record of the run;
- `best.keras`: the best model so far. `RUN/model.keras` may already be of an epoch that has to be trained again;
- `SHA256SUMS`: the digests of the other files. TensorFlow's own checksums do not cover every byte.

It needs no iterator of the data: the order of the batches depends on the run's seed and the number of the epoch alone
(`zoo.training.data.batches`), so a resumed run skips the batches that were done.

A folder gets its name when all of it is on the disk; the last two are kept.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo.atomic_files import new_file, new_folder, remove_dead_drafts, sha256_of
from zoo.errors import CallError, WorkError
from zoo.log import logger
from zoo.run_folder import MODEL

FOLDER = "checkpoints"
STATE = "state"
POSITION = "position.json"
BEST = "best.keras"
SUMS = "SHA256SUMS"


@dataclass
class Position:
    """The position of a run.

    Attributes:
        epoch: the number of finished epochs.
        step: the number of finished steps of the next epoch.
        seconds: the time that those steps took.
        history: a row of scores for each finished epoch.
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
    return sorted(found, key=lambda path: [int(number) for number in re.findall("[0-9]+", path.name)], reverse=True)


def newest(run: Path) -> Path | None:
    """Return the newest sound checkpoint and warn of damaged ones; None when the run has no checkpoint.

    Raises:
        WorkError: all checkpoints are damaged.
    """
    found = checkpoints(run)
    for i, checkpoint in enumerate(found):
        problem = damage(checkpoint)
        if not problem:
            return checkpoint
        rest = " The one before it is used." if found[i + 1 :] else ""
        logger.warning(f"{checkpoint} is damaged: {problem}.{rest}")
    if found:
        raise WorkError(f"{run}: none of its {len(found)} checkpoints can be used; it cannot be continued.")
    return None


def damage(checkpoint: Path) -> str | None:
    """Return the damage of a checkpoint in words; None when it is sound: every byte is as it was written."""
    try:
        written, found = (checkpoint / SUMS).read_bytes(), _sums(checkpoint)
    except OSError as error:
        return f"{Path(error.filename or checkpoint).name}: {error.strerror}"
    if written == found:
        return None
    right = set(written.split(b"\n"))
    wrong = [line.split()[-1].decode() for line in found.split(b"\n") if line and line not in right]
    return f"{' and '.join(wrong) or 'a missing file'} is not as {SUMS} says"


def read_position(checkpoint: Path) -> tuple[Position, dict[str, Any]]:
    """Return the position in a sound checkpoint, and the record of its run."""
    content = json.loads((checkpoint / POSITION).read_text(encoding="utf-8"))
    return Position(**content["position"]), content["record"]


def restore_state(checkpoint: Path, model: keras.Model) -> None:
    """Restore the state of a sound checkpoint into a compiled model whose optimizer is built.

    Raises:
        CallError: the model has other variables.
    """
    variables = _variables(model)
    written = json.loads((checkpoint / POSITION).read_text(encoding="utf-8"))["variables"]
    for held, expected in zip(written, _described(variables), strict=False):
        if held != expected:
            raise CallError(f"{checkpoint} is of another model: it holds {held}. Expected: {expected}.")
    if len(written) != len(variables):
        raise CallError(f"{checkpoint} is of another model: it holds {len(written)} variables, not {len(variables)}.")
    _tensorflow_checkpoint(variables).read(str(checkpoint / STATE)).assert_consumed()


def restore_best_model(checkpoint: Path, run: Path) -> None:
    """Make the best model in a checkpoint that of the run; remove the run's when the checkpoint has none."""
    if not (checkpoint / BEST).exists():
        (run / MODEL).unlink(missing_ok=True)
        return
    with new_file(run / MODEL) as draft:
        shutil.copyfile(checkpoint / BEST, draft)


def write_checkpoint(
    run: Path,
    model: keras.Model,
    position: Position,
    record: Mapping[str, Any],
    *,
    with_best_model: bool,
    previous: Path | None = None,
) -> Path:
    """Write a checkpoint, then remove all others but the previous one.

    Args:
        run: the run folder.
        model: the model whose state is written.
        position: the position of the run.
        record: the record of the run, see `zoo.training.run.provenance`.
        with_best_model: whether to copy the run's model.
        previous: the sound checkpoint that was written or restored last. A newer one is damaged.

    Raises:
        WorkError: the disk is full; the previous checkpoints are unchanged.
    """
    path = run / FOLDER / position.name
    variables = _variables(model)
    content = {"position": asdict(position), "record": record, "variables": _described(variables)}
    with new_folder(path, force=True) as draft:
        try:
            _tensorflow_checkpoint(variables).write(str(draft / STATE))
        except tf.errors.OpError as error:  # TensorFlow raises no OSError when the disk is full
            raise OSError(error.message.split("\n")[0]) from error
        (draft / POSITION).write_text(json.dumps(content), encoding="utf-8")
        if with_best_model:
            shutil.copyfile(run / MODEL, draft / BEST)
        (draft / SUMS).write_bytes(_sums(draft))
        for file in [*draft.iterdir(), draft]:
            _to_disk(file)
    _to_disk(path.parent)
    for checkpoint in checkpoints(run):
        if checkpoint not in (path, previous):
            shutil.rmtree(checkpoint, ignore_errors=True)
    return path


def remove_drafts(run: Path) -> None:
    """Remove the half-written files and folders of a process that was killed."""
    for folder in (run, run / FOLDER):
        remove_dead_drafts(folder)


def is_finite(model: keras.Model) -> bool:
    """Tell whether all weights and all of the optimizer's variables are finite."""
    values = [variable.value for variable in [*model.variables, *model.optimizer.variables]]
    return all(bool(tf.reduce_all(tf.math.is_finite(value))) for value in values if value.dtype.is_floating)


def _variables(model: keras.Model) -> list[keras.Variable]:
    variables = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
    return list({id(variable): variable for variable in variables}.values())


def _described(variables: Sequence[keras.Variable]) -> list[str]:
    # Without the numbers in the paths: Keras counts the layers that the process has made.
    return [f"{re.sub('_[0-9]+', '', variable.path)} {variable.dtype} {list(variable.shape)}" for variable in variables]


def _tensorflow_checkpoint(variables: Sequence[keras.Variable]) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(variables=[variable.value for variable in variables])


def _sums(checkpoint: Path) -> bytes:
    """Return the content of SHA256SUMS, in the format of the command sha256sum."""
    files = [file for file in sorted(checkpoint.iterdir()) if file.name in (POSITION, BEST) or file.stem == STATE]
    return "".join(f"{sha256_of(file)}  {file.name}\n" for file in files).encode()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
