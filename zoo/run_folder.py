"""The run folder: a trained model with its configuration and its vocabularies."""

import os
import shlex
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from zoo.archives import check_archive
from zoo.atomic_files import sha256_of
from zoo.errors import CallError, first_line
from zoo.json_files import parse_json, write_json
from zoo.presets import PRESETS_FOLDER
from zoo.tasks import TASKS
from zoo.text import Vocabulary

CONFIG = "config.json"
MODEL = "model.keras"
METRICS = "metrics.json"  # the scores of the best epoch
LITERT_FILE = "model.tflite"  # beside the other files of a run: the folder is a preset
SAMPLES = "samples.txt"  # validation sources, one per line, with which an export is compared with the Keras model
SAMPLE_TARGETS = "samples.targets.txt"  # their translations or labels, with which an export is scored


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The content of a run's `config.json`.

    Attributes:
        model: the name of the model.
        task: the name of its task.
        options: the arguments of the model's builder.
        labels: the labels of a classifier, in the order of its classes.
        recipe: the name of the recipe of the options and settings; None without a recipe.
        training: the training settings by name.
        data: the origin, count and digest of each split.
        vocabularies: the SHA-256 of each vocabulary, by file name.
        versions: the versions of Python and of the packages.
        processor: the processor that the run was begun on, and the form of products that was chosen for it.
        initial: the folder of the run that the first weights are from, and the digest of its model; None: random ones.
        teachers: the folder of each run that the model learns from, and the digest of its model.
    """

    model: str
    task: str
    options: dict[str, Any]
    labels: list[str] = field(default_factory=list)
    recipe: str | None = None
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    vocabularies: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    processor: dict[str, str] = field(default_factory=dict)
    initial: dict[str, str] | None = None
    teachers: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RunConfig":
        """Return the config for the content of `config.json`. Unknown keys are ignored.

        Raises:
            KeyError: a required key is missing.
            TypeError: a value has the wrong type.
            ValueError: an unknown task.
        """
        known = {field.name: content[field.name] for field in fields(cls) if field.name in content}
        for required in ("model", "task", "options"):
            known[required]
        if known["task"] not in TASKS:
            raise ValueError(f"`task` must be one of {', '.join(TASKS)}, not {known['task']!r}")
        for names, kind in (("options training data vocabularies versions processor", dict), ("labels teachers", list)):
            for name in names.split():
                if not isinstance(known.get(name, kind()), kind):
                    raise TypeError(f"`{name}` must be a {kind.__name__}")
        texts = {"model": [known["model"]], "labels": known.get("labels", [])}
        for name, values in texts.items():
            if not all(isinstance(value, str) for value in values):
                raise TypeError(f"`{name}` must be of texts")
        for teacher in known.get("teachers", []):
            teacher["origin"], teacher["digest"]
        return cls(**known)

    def as_json(self) -> dict[str, Any]:
        """Return the content for `config.json`."""
        return asdict(self)

    def card(self) -> dict[str, Any]:
        """Return the part that an exported artefact contains: the task, the model, its options and its labels."""
        return {name: getattr(self, name) for name in ("task", "model", "options", "labels")}

    def vocabulary_size(self, side: str) -> Any:
        """Return the vocabulary size that the model was built with for a side; None if the config does not have it."""
        return self.options.get(TASKS[self.task].size_options[side])


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Typical inputs of a model, with which an artefact is compared with Keras.

    Attributes:
        sources: the texts.
        targets: the translation or label of each; empty where they are not known, and for a language model.
    """

    sources: list[str]
    targets: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, samples: Sequence[str] | Sequence[tuple[str, str]]) -> "Samples":
        """Return samples from a list of texts, or of pairs of a text and its translation or label.

        Raises:
            CallError: anything else, or an empty list.
        """
        given: list[Any] = [samples] if isinstance(samples, str) else list(samples)
        if given and all(isinstance(text, str) for text in given):
            return cls(sources=given)
        if not given or not all(map(_is_pair_of_texts, given)):
            expected = "a list of texts, or of pairs of a text and its translation or label"
            raise CallError(f"`samples` must be {expected}. Received: {str(samples)[:100]}.")
        return cls(sources=[source for source, _ in given], targets=[target for _, target in given])

    def pairs(self) -> list[tuple[str, str]]:
        """Return each text with its target.

        Raises:
            CallError: the targets are not known.
        """
        if not self.targets:
            raise CallError(
                "Quantised weights are scored on samples with their translations or labels: expected `samples` as "
                "pairs. Received texts alone."
            )
        return list(zip(self.sources, self.targets, strict=True))


def _is_pair_of_texts(sample: Any) -> bool:
    return isinstance(sample, tuple | list) and len(sample) == 2 and all(isinstance(text, str) for text in sample)


def vocabulary_file(side: str) -> str:
    """Return the name of the vocabulary file of a side."""
    return f"{side}.model"


def resume_command(run: str | os.PathLike) -> str:
    """Return the command line that resumes a stopped run."""
    return f"zoo train --resume {shlex.quote(str(run))}"


def is_run(path: Path) -> bool:
    """Return true for a run folder."""
    return os.path.isfile(path / CONFIG)  # false of a text too long for a path


def is_preset(path: Path) -> bool:
    """Return true for the folder of a preset: a run folder that also holds a .tflite and the digests of its files."""
    return is_run(path) and os.path.isfile(path / LITERT_FILE)


def preset_or_path(where: str | os.PathLike) -> Path:
    """Return the folder of a preset for its name, or the path itself. An existing path takes precedence."""
    preset = PRESETS_FOLDER / str(where)
    may_be_name = os.sep not in str(where) and not os.path.exists(where)  # false of a text too long for a path
    return preset if may_be_name and is_run(preset) else Path(where)


def read_config(path: Path) -> RunConfig:
    """Read the `config.json` of a run folder.

    Raises:
        CallError: it is missing or damaged.
    """
    file = path / CONFIG
    try:
        return RunConfig.from_json(parse_json(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CallError(f"{path} is no run folder: cannot read {file}: {error.strerror}.") from error
    except KeyError as error:
        raise CallError(f"{file} is damaged or was not written by `zoo train`: it has no {error}.") from error
    except (ValueError, TypeError) as error:
        raise CallError(f"{file} is damaged: {error}.") from error


def read_vocabularies(path: Path, config: RunConfig) -> dict[str, Vocabulary]:
    """Read the vocabularies of a run folder by side: two for translation, otherwise one.

    Raises:
        CallError: a vocabulary is missing, damaged, or not the one that the model was trained with.
    """
    vocabularies = {}
    for side in TASKS[config.task].sides:
        file = path / vocabulary_file(side)
        vocabularies[side] = Vocabulary.load(file)
        expected = config.vocabulary_size(side)
        if vocabularies[side].size != expected:  # the first bytes of a vocabulary file can be a smaller vocabulary
            raise CallError(
                f"{file} is damaged or of another run: {CONFIG} says {expected} pieces. "
                f"Received: {vocabularies[side].size}."
            )
        if sha256_of(file) != config.vocabularies.get(file.name):
            raise CallError(f"{file} is damaged or of another run: {CONFIG} has another digest of it.")
    return vocabularies


def read_samples(path: Path) -> Samples:
    """Read the samples of a run folder.

    Raises:
        CallError: there are none, or they are damaged.
    """
    sources = _read_lines(path / SAMPLES)
    targets = _read_lines(path / SAMPLE_TARGETS) if (path / SAMPLE_TARGETS).exists() else []
    if targets and len(targets) != len(sources):
        expected = f"{len(sources)} lines, as {SAMPLES} has"
        raise CallError(f"{path / SAMPLE_TARGETS} is damaged: expected {expected}. Received: {len(targets)}.")
    return Samples(sources=sources, targets=targets)


def _read_lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(
            f"Cannot read {file}: {error}. It must hold texts with which an export is compared with Keras, one per "
            "line. From Python, `Pipeline.export` also takes them as `samples`."
        ) from error


def write_run(
    folder: Path, config: RunConfig, vocabularies: Mapping[str, Vocabulary], samples: Samples | None
) -> RunConfig:
    """Write all of a run folder but the model, and return the config with the digests of the vocabularies."""
    digests = {}
    for side, vocabulary in vocabularies.items():
        file = folder / vocabulary_file(side)
        vocabulary.save(file)
        digests[file.name] = sha256_of(file)
    if samples is not None:
        for name, texts in ((SAMPLES, samples.sources), (SAMPLE_TARGETS, samples.targets)):
            if texts:
                lines = (text.replace("\n", " ").replace("\r", " ") for text in texts)
                (folder / name).write_text("\n".join(lines), encoding="utf-8")
    config = replace(config, vocabularies=digests)
    write_json(folder / CONFIG, config.as_json())
    return config


def load_model(path: str | os.PathLike) -> Any:
    """Load a model of the zoo from a .keras file.

    `keras.saving.load_model` does the same after the classes of the zoo are registered, which happens when a model is
    built or `zoo.models.build` is imported.

    Args:
        path: the .keras file.

    Raises:
        CallError: the file does not exist, or is damaged.
    """
    import keras

    import zoo.models.build  # noqa: F401  (registers the classes)

    if not Path(path).is_file():
        raise CallError(f"There is no file {path}. A run that was stopped in its first epoch has no {MODEL} yet.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, Path(path).stat().st_size)
        return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # a damaged archive raises many kinds of errors, none of them useful to the user
        raise CallError(f"{path} is damaged: {first_line(error)}") from error
