"""Pipelines: models together with their vocabularies, in memory and on disk."""

import copy
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from zoo.atomic_files import new_folder
from zoo.constants import END, START
from zoo.digests import DIGESTS, check_digests
from zoo.errors import CallError
from zoo.predictor import IdFunction, Predictor
from zoo.presets import presets_hint
from zoo.run_folder import (
    CONFIG,
    MODEL,
    RunConfig,
    Samples,
    is_preset,
    load_model,
    preset_or_path,
    read_config,
    read_samples,
    read_vocabularies,
    vocabulary_file,
    write_run,
)
from zoo.shortlist import SHORTLIST, Shortlist
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.versions import versions


class Pipeline(Predictor):
    """A model together with its vocabularies: texts in, predictions out.

    The model is a Keras model of the zoo, or an artefact that `zoo.load` has read.

    Args:
        model: a model of the zoo. A `Seq2Seq` with a shortlist decodes over it, and so do its exports.
        source: the vocabulary of the input.
        target: the vocabulary of the output of a translation model.
        labels: the labels of a classifier, in the order of its classes.
        samples: inputs that are typical of the model, with which `export` compares an artefact with Keras: texts, or
            pairs of a text and its translation or label.

    Attributes:
        model: the Keras model; None for an artefact.
        config: the model's name, task and options, and where it is known how it was trained.
        path: the run folder or artefact that the pipeline was loaded from; None for a model in memory.
        vocabularies: the vocabularies by side, "source" and, for translation, "target".

    Raises:
        CallError: no model of the zoo, or a vocabulary or the labels do not have the size that the model was built for.
    """

    model: Any
    config: RunConfig
    path: Any
    vocabularies: dict[str, Vocabulary]

    def __init__(
        self,
        model: Any,
        source: Vocabulary,
        target: Vocabulary | None = None,
        *,
        labels: Sequence[str] = (),
        samples: Sequence[str] | Sequence[tuple[str, str]] = (),
    ):
        from zoo.decoding.endpoints import numpy_functions
        from zoo.models.base import TokenModel

        if not isinstance(model, TokenModel):
            expected = "a model of the zoo, made by `zoo.build` or by a builder such as `zoo.bahdanau_seq2seq`"
            raise CallError(f"`model` must be {expected}. Received: {type(model).__name__}.")
        if getattr(model, "shortlist", None) is not None:
            model.shortlist.check(model)
        self._adopt(_config_of(model, source, target, labels), numpy_functions(model), source, target)
        self.model = model
        if len(samples):
            self.samples = Samples.of(samples)

    def _adopt(self, config: RunConfig, functions: dict[str, IdFunction], source, target, **options: Any) -> None:
        super().__init__(config.task, functions, source, target, labels=config.labels, **options)
        self.model, self.config, self.path = None, config, None
        sides = {"source": self.source, "target": self.target}
        self.vocabularies = {side: sides[side] for side in TASKS[config.task].sides}

    @classmethod
    def of_artefact(
        cls,
        path: Path,
        config: RunConfig,
        functions: dict[str, IdFunction],
        vocabularies: dict[str, Vocabulary],
        *,
        max_pieces: int,
    ) -> "Pipeline":
        """Return the pipeline of an artefact.

        Args:
            path: the artefact.
            config: its card.
            functions: its endpoints by name; see `Predictor`.
            vocabularies: by side.
            max_pieces: the maximum number of ids of an input.
        """
        pipeline = cls.__new__(cls)
        pipeline._adopt(config, functions, vocabularies["source"], vocabularies.get("target"), max_pieces=max_pieces)
        pipeline.path = path
        return pipeline

    @cached_property
    def samples(self) -> Samples:
        """The inputs with which an export is compared with Keras: those given, or those of the run folder.

        Raises:
            CallError: there are none.
        """
        if self.path is None:
            raise CallError("Expected `samples`: texts for which the export is compared with Keras. Received none.")
        return read_samples(self.path)

    def save(
        self,
        path: str | os.PathLike,
        *,
        samples: Sequence[str] | Sequence[tuple[str, str]] | None = None,
        force: bool = False,
    ) -> Path:
        """Write a run folder, which `zoo.load` and the commands read, and return its path.

        The weights are saved in float32, without the optimizer.

        Args:
            path: the folder to make; it appears whole or not at all.
            samples: see the class; default: the samples of this pipeline, if it has any.
            force: replace an existing folder.

        Raises:
            CallError: `path` exists and `force` is false, or the pipeline is that of an artefact.
            WorkError: the folder could not be written.
        """
        self._check_model("saved")
        with new_folder(path, force) as folder:
            self.with_samples(samples).write_into(folder)
        return Path(path)

    def write_into(self, folder: Path) -> None:
        """Write the files of a run folder into a folder that exists."""
        from zoo.fitting.precision import in_float32

        try:
            kept = self.samples
        except CallError:  # a run folder may be without samples; it can be exported when `samples` are given
            kept = None
        write_run(folder, self.config, self.vocabularies, kept)
        in_float32(self.model).save(folder / MODEL)
        if getattr(self.model, "shortlist", None) is not None:
            self.model.shortlist.save(folder / SHORTLIST)

    def export(
        self,
        path: str | os.PathLike,
        *,
        format: str = "saved_model",
        samples: Sequence[str] | Sequence[tuple[str, str]] | None = None,
        force: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        """Write an artefact, which appears only after it was compared with Keras.

        Args:
            path: the folder to make.
            format: "saved_model", "serving", "tflite", "onnx", "web" or "preset".
            samples: the inputs for the comparison, see the class; default: the samples of this pipeline. Quantised
                weights of a translation model or classifier need pairs, because their loss of quality is measured.
            force: replace an existing folder.
            **options: the options of the format, as `zoo export --help` describes them: `quantize`, `max_drop`,
                `shape`, `text_ops`, `ids_only`, `litert_js`.

        Returns:
            `path`, `format`, `bytes` and `parity`, the result of the comparison.

        Raises:
            CallError: an unknown format or option, no samples, `path` exists and `force` is false, or the pipeline is
                that of an artefact.
            WorkError: the artefact does not answer as Keras does, or could not be written.
        """
        from zoo.export.formats import exporter

        self._check_model("exported")
        export = exporter(format, options)
        return export(self.with_samples(samples)._in_float32(), path, force=force, **options)

    def _in_float32(self) -> "Pipeline":
        """Return the pipeline with a model that computes in float32, as an artefact does."""
        from zoo.decoding.endpoints import numpy_functions
        from zoo.fitting.precision import in_float32

        if self.model.compute_dtype not in ("bfloat16", "float16"):
            return self
        changed = copy.copy(self)
        changed.model = in_float32(self.model)
        if getattr(self.model, "shortlist", None) is not None:
            changed.model.shortlist = self.model.shortlist
        changed.functions = numpy_functions(changed.model)
        return changed

    def with_samples(self, samples: Sequence[str] | Sequence[tuple[str, str]] | None) -> "Pipeline":
        """Return the pipeline with other samples; with None, unchanged."""
        if samples is None:
            return self
        changed = copy.copy(self)
        changed.samples = Samples.of(samples)
        return changed

    def _check_model(self, done: str) -> None:
        if self.model is None:
            raise CallError(
                f"{self.path} is an artefact. Only a run folder or a model in memory can be {done}, and a preset that "
                "was loaded with `keras=True`."
            )


def _config_of(model: Any, source: Vocabulary, target: Vocabulary | None, labels: Sequence[str]) -> RunConfig:
    """Return the config of a model in memory, whose vocabularies and labels fit it."""
    from zoo.decoding.inputs import start_and_end
    from zoo.models.build import name_of

    task = TASKS[model.task]
    vocabularies: dict[str, Any] = {"source": source, "target": target}
    given = [side for side, vocabulary in vocabularies.items() if vocabulary is not None]
    if given != list(task.sides):
        expected = " and ".join(f"`{side}`" for side in task.sides)
        received = " and ".join(f"`{side}`" for side in given)
        raise CallError(f"A model for {task.name} needs the vocabularies {expected}. Received: {received or 'none'}.")
    if start_and_end(model) != (START, END):
        raise CallError(
            f"The vocabularies of the zoo have the start id {START} and the end id {END}. Received a model with "
            f"start_id={model.start_id}, end_id={model.end_id}: it takes ids alone."
        )
    for side in given:
        if not isinstance(vocabularies[side], Vocabulary):
            raise CallError(f"`{side}` must be a `zoo.Vocabulary`. Received: {vocabularies[side]!r}.")
    sizes = {}
    for side, option in task.size_options.items():
        sizes[option] = vocabularies[side].size
        if sizes[option] != model.options.get(option, sizes[option]):
            raise CallError(
                f"The {side} vocabulary must have the {option}={model.options[option]} of the model: with another one "
                f"its ids mean other pieces. Received: a vocabulary of {sizes[option]}."
            )
    _check_labels(model, labels)
    options = {**model.options, **sizes}
    return RunConfig(model=name_of(model), task=task.name, options=options, labels=list(labels), versions=versions())


def _check_labels(model: Any, labels: Sequence[str]) -> None:
    classes = model.options.get("classes") if TASKS[model.task].labelled else 0
    if (
        isinstance(labels, str)
        or not all(isinstance(label, str) for label in labels)
        or (classes is not None and len(labels) != classes)
    ):
        expected = (
            f"a list of {classes} labels (texts) in the order of the classes" if classes else "empty for this task"
        )
        raise CallError(f"`labels` must be {expected}. Received: {labels!r}.")


def load_run(where: str | os.PathLike) -> Pipeline:
    """Read the Keras model of a run folder or a preset.

    Args:
        where: the path of the folder, or the name of a preset.

    Raises:
        CallError: the folder is not a run folder, or a file in it is missing or damaged.
    """
    path = preset_or_path(where)
    if not os.path.exists(path):
        raise CallError(f"There is no run folder {where}, and no preset of that name.{presets_hint(str(where))}")
    config = read_config(path)
    if is_preset(path):
        _check_preset(path, config)
    vocabularies = read_vocabularies(path, config)
    model = load_model(path / MODEL)
    if getattr(model, "task", None) != config.task:
        raise CallError(f"{path / MODEL} is damaged: it holds no model for {config.task}.")
    if (path / SHORTLIST).exists():
        model.shortlist = Shortlist.load(path / SHORTLIST)
    pipeline = Pipeline(model, vocabularies["source"], vocabularies.get("target"), labels=config.labels)
    pipeline.config, pipeline.path = config, path
    return pipeline


def _check_preset(path: Path, config: RunConfig) -> None:
    """Compare the files that the Keras model of a preset is read from with their digests."""
    names = [CONFIG, MODEL, *map(vocabulary_file, TASKS[config.task].sides)]
    check_digests(path, path / DIGESTS, [*names, *([SHORTLIST] if (path / SHORTLIST).exists() else [])])


def load(where: str | os.PathLike, *, keras: bool = False) -> Pipeline:
    """Read a pipeline: a run folder, a preset, an artefact of `zoo export`, or a model of the Hugging Face Hub.

    TensorFlow is imported for a run folder and for a SavedModel, not for a preset, a .tflite or ONNX.

    Args:
        where: the path of a run folder, SavedModel, TF Serving folder, .tflite or ONNX folder; the name or the folder
            of a preset; or "hf://owner/name", which needs the extra `hub`.
        keras: read the Keras model, as `Pipeline.model`, of a preset too, which otherwise answers by its .tflite.

    Raises:
        CallError: `where` does not exist, is damaged, or cannot be run by Python; or `keras` is true and it holds no
            Keras model.
        WorkError: the Hub cannot be reached.
    """
    from zoo.export.load import load as load_artefact

    return load_artefact(where, keras=keras)
