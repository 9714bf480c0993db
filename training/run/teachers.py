"""The teachers of a run: other runs whose mean probabilities are a part of its targets (distillation)."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.fitting.precision import in_precision
from zoo.pipeline import load_run
from zoo.run_folder import MODEL, RunConfig, load_model
from zoo.training.run.beginning import Beginning, entry_of, text_settings


def with_teachers(beginning: Beginning, teachers: Sequence[str | os.PathLike]) -> Beginning:
    """Return a beginning that learns from teachers, with their vocabularies and labels.

    Args:
        beginning: the beginning, with the vocabularies of another run or none.
        teachers: run folders or presets.

    Raises:
        CallError: no such run, one of another task, or vocabularies or labels that differ.
    """
    if beginning.vocabularies and beginning.file is None and teachers:
        raise CallError(f"The vocabularies are those of {teachers[0]}. Received besides: files of vocabularies.")
    for where in teachers:
        beginning = _with_teacher(beginning, where)
    return beginning


def _with_teacher(beginning: Beginning, where: str | os.PathLike) -> Beginning:
    run = load_run(where)
    if run.config.task != beginning.task:
        raise CallError(f"{where} is for {run.config.task}: {beginning.model}, for {beginning.task}, has no use of it.")
    known = {side: vocabulary.proto for side, vocabulary in beginning.vocabularies.items()}
    own = {side: vocabulary.proto for side, vocabulary in run.vocabularies.items()}
    labels = run.config.labels or None
    if known and (known, beginning.labels or None) != (own, labels):
        other = beginning.teachers[0]["origin"] if beginning.teachers else (beginning.initial or {})["origin"]
        raise CallError(f"{where} has other vocabularies or labels than {other}: they do not go together.")
    return replace(
        beginning,
        vocabularies=run.vocabularies,
        labels=labels,
        text=beginning.text or text_settings(run.config),
        teachers=[*beginning.teachers, entry_of(run.path)],
    )


def load_teachers(config: RunConfig) -> list[keras.Model]:
    """Return the teachers of a run, in the precision of the models that are built now.

    Raises:
        CallError: one has changed since the run was begun, or is gone.
    """
    return [_load(Path(entry["origin"]) / MODEL, entry["digest"]) for entry in config.teachers]


def _load(file: Path, digest: str) -> keras.Model:
    if not file.is_file() or sha256_of(file) != digest:
        raise CallError(f"{file} teaches the run and has changed since it was begun, or is gone.")
    return in_precision(load_model(file), keras.config.dtype_policy())
