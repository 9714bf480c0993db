"""The teachers of a run: trained models whose mean probabilities are a part of its targets (distillation)."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.models.base import TokenModel
from zoo.models.build import build
from zoo.pipeline import load_run
from zoo.run_folder import MODEL, RunConfig, load_model, read_config
from zoo.training.run.beginning import Beginning


def with_teachers(beginning: Beginning, teachers: Sequence[str | os.PathLike]) -> Beginning:
    """Return a beginning that learns from teachers, with their vocabularies and labels.

    Args:
        beginning: the beginning, with the vocabularies of another run or none.
        teachers: run folders or presets.

    Raises:
        CallError: no such run, one of another task, or vocabularies or labels that differ.
    """
    if not teachers:
        return beginning
    if beginning.vocabularies and beginning.file is None:
        raise CallError(f"The vocabularies are those of {teachers[0]}. Received besides: files of vocabularies.")
    runs: list[Any] = [load_run(where) for where in teachers]
    for where, run in zip(teachers, runs, strict=True):
        if run.config.task != beginning.task:
            raise CallError(
                f"{where} is for {run.config.task}: {beginning.model}, for {beginning.task}, has no use of it."
            )
    known = {str(where): (run.vocabularies, run.config.labels) for where, run in zip(teachers, runs, strict=True)}
    if beginning.file is not None:
        known[str(beginning.file.parent)] = (beginning.vocabularies, beginning.labels)
    (first, (vocabularies, labels)), *others = known.items()
    for where, (own, own_labels) in others:
        if own_labels != labels or any(own[side].proto != vocabularies[side].proto for side in vocabularies):
            raise CallError(f"{where} has other vocabularies or labels than {first}: they cannot teach one model.")
    return replace(
        beginning,
        vocabularies=vocabularies,
        labels=labels or None,
        text={name: value for name, value in runs[0].config.training.items() if name in ("text", "vocabulary_size")},
        teachers=[{"origin": str(run.path.resolve()), "digest": sha256_of(run.path / MODEL)} for run in runs],
    )


def load_teachers(config: RunConfig) -> list[TokenModel]:
    """Return the teachers of a run, in the precision of the models that are built now.

    Raises:
        CallError: one has changed since the run was begun, or is gone.
    """
    return [_load(Path(entry["origin"]), entry["digest"]) for entry in config.teachers]


def _load(folder: Path, digest: str) -> TokenModel:
    file = folder / MODEL
    if not file.is_file() or sha256_of(file) != digest:
        raise CallError(f"{file} teaches the run and has changed since it was begun, or is gone.")
    config = read_config(folder)
    model = build(config.model, **config.options)
    model.set_weights(load_model(file).get_weights())
    return model
