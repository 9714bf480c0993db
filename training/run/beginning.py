"""The beginning of a new run: what it takes over from another run or from files in place of learning it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zoo.atomic_files import sha256_of
from zoo.catalog import find
from zoo.errors import CallError
from zoo.models.build import options_of_builder
from zoo.pipeline import load_run
from zoo.run_folder import MODEL, RunConfig
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.settings import Settings

INITIAL = "initial.keras"  # the model that a run begins with, until its first checkpoint is written


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The beginning of a new run.

    Attributes:
        model: the name of the model.
        options: the options of its builder; those that follow from the data only where they are taken over.
        vocabularies: the vocabularies that are not learnt, by side.
        labels: the labels of a classifier; None: those of the training set.
        file: the file of the model with the first weights; None: random ones.
        initial: the entry of that file in `config.json`: where it was, and its digest.
        teachers: the same for the model of each teacher.
        text: settings that describe the vocabularies.
    """

    model: str
    options: dict[str, Any]
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)
    labels: list[str] | None = None
    file: Path | None = None
    initial: dict[str, str] | None = None
    teachers: list[dict[str, str]] = field(default_factory=list)
    text: dict[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The name of the model's task."""
        return find(self.model).task

    @property
    def units(self) -> int:
        """The units of the model."""
        return self.options.get("units", options_of_builder(self.model)["units"].default)

    def settled(self, settings: Settings) -> Settings:
        """Return the settings with those of the vocabularies that are taken over."""
        return replace(settings, **self.text)


def beginning_of(
    model: str | None,
    options: Mapping[str, Any],
    *,
    initial: str | os.PathLike | None = None,
    vocabularies: Mapping[str, str | os.PathLike] | None = None,
) -> Beginning:
    """Return the beginning of a run.

    Args:
        model: the name of the model; with `initial` None or the name of its model.
        options: options of the model's builder.
        initial: a run folder or a preset whose weights, vocabularies, labels and options of the model are taken over.
        vocabularies: the files of vocabularies, by side.

    Raises:
        CallError: no such run, another model, a damaged file, or options or vocabularies beside `initial`.
    """
    files = dict(vocabularies or {})
    if initial is None:
        return Beginning(model=find(model or "").name, options=dict(options), vocabularies=_read(model, files))
    if options:
        raise CallError(f"The model of {initial} keeps its options. Received besides: {', '.join(options)}.")
    if files:
        raise CallError(f"The model of {initial} keeps its vocabularies. Received besides: {', '.join(files)}.")
    run: Any = load_run(initial)
    if model not in (None, run.config.model):
        raise CallError(f"{initial} holds the model {run.config.model}. Received: {model}.")
    file = run.path / MODEL
    return Beginning(
        model=run.config.model,
        options=run.config.options,
        vocabularies=run.vocabularies,
        labels=run.config.labels,
        file=file,
        initial=entry_of(run.path),
        text=text_settings(run.config),
    )


def entry_of(run: Path) -> dict[str, str]:
    """Return the entry of the model of a run in the `config.json` of another: where it is, and its digest."""
    return {"origin": str(run.resolve()), "digest": sha256_of(run / MODEL)}


def text_settings(config: RunConfig) -> dict[str, Any]:
    """Return the settings of a run that describe its vocabularies."""
    return {name: value for name, value in config.training.items() if name in ("text", "vocabulary_size")}


def _read(model, files) -> dict[str, Vocabulary]:
    sides = TASKS[find(model or "").task].sides
    for side in files:
        if side not in sides:
            raise CallError(f"{model} has no {side} vocabulary. It has: {', '.join(sides)}.")
    return {side: Vocabulary.load(file) for side, file in files.items()}
