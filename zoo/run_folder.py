"""The run folder: a trained model with everything it needs."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from zoo.atomic_files import new_file
from zoo.errors import CallError
from zoo.predictor import Predictor
from zoo.presets import PRESETS_FOLDER, presets_hint
from zoo.tasks import TASKS
from zoo.text import Vocabulary

CONFIG = "config.json"
MODEL = "model.keras"
SAMPLES = "samples.txt"  # some validation sources, one a line, by which an export is compared with the model
SAMPLE_TARGETS = "samples.targets.txt"  # the translations or labels of these, by which it is scored


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The content of a run's `config.json`.

    Attributes:
        model: the name of the model.
        task: the name of its task.
        options: the arguments of the model's builder.
        labels: the labels of a classifier, in the order of its classes.
        recipe: the name of the recipe that options and settings come from.
        training: the settings of the training, by name.
        data: for each split its origin, count and digest.
        vocabularies: the SHA-256 of each vocabulary, by file name.
        versions: the versions of Python and of the packages.
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

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RunConfig":
        """Return the config that JSON holds; keys that are not known are left out.

        Raises:
            KeyError: a key is missing.
            TypeError: a value is of another type.
            ValueError: there is no such task.
        """
        known = {one.name: content[one.name] for one in fields(cls) if one.name in content}
        for name in ("model", "task", "options"):
            known[name]
        if known["task"] not in TASKS:
            raise ValueError(f"there is no task {known['task']!r}")
        for names, kind in (("options training data vocabularies versions", dict), ("labels", list)):
            for name in names.split():
                if not isinstance(known.get(name, kind()), kind):
                    raise TypeError(f"`{name}` must be a {kind.__name__}")
        return cls(**known)

    def as_json(self) -> dict[str, Any]:
        """Return what `config.json` holds."""
        return asdict(self)

    def card(self) -> dict[str, Any]:
        """Return the part that an artefact carries: the task, the model, its options and labels."""
        return {name: getattr(self, name) for name in ("task", "model", "options", "labels")}

    def vocabulary_size(self, side: str) -> Any:
        """Return the number of pieces that the model was built with on a side; None if the config does not say."""
        return self.options.get(TASKS[self.task].size_options[side])


@dataclass
class Run:
    """A run folder that has been read.

    Attributes:
        path: the folder.
        config: its `config.json`.
        vocabularies: by side, "source" and, for translation, "target".
        model: the Keras model with the best weights.
    """

    path: Path
    config: RunConfig
    vocabularies: dict[str, Vocabulary]
    model: Any

    @property
    def task(self) -> str:
        """The name of the model's task."""
        return self.config.task

    def predictor(self) -> Predictor:
        """Return a predictor backed by the Keras model."""
        from zoo.decoding import id_functions

        functions = {name: _as_numpy(f) for name, f in id_functions(self.model).items()}
        sides = self.vocabularies
        return Predictor(self.task, functions, sides["source"], sides.get("target"), labels=self.config.labels)


def _as_numpy(function):
    import tensorflow as tf

    from zoo.decoding import inputs_of
    from zoo.recurrence.scan import inference_graph

    inputs = inputs_of(function)

    def traced(*tensors):
        with inference_graph():
            return function(**dict(zip(inputs, tensors, strict=True)))

    graph = tf.function(traced, list(inputs.values()), autograph=False)

    def answer(ids, **more):
        given = {"ids": ids, **more}
        return {name: value.numpy() for name, value in graph(*(given[name] for name in inputs)).items()}

    return answer


def vocabulary_file(side: str) -> str:
    """Return the name of the file that holds the vocabulary of a side."""
    return f"{side}.model"


def resume_command(run: str | os.PathLike) -> str:
    """Return the command line that goes on with a run that has stopped."""
    return f"zoo train --resume {shlex.quote(str(run))}"


def is_run(path: Path) -> bool:
    """Tell whether a folder is a run folder."""
    return (path / CONFIG).is_file()


def preset_or_path(where: str | os.PathLike) -> Path:
    """Return the folder of the preset of that name, or else the path itself."""
    preset = PRESETS_FOLDER / str(where)
    named = os.sep not in str(where) and not Path(where).exists()
    return preset if named and is_run(preset) else Path(where)


def read_config(path: Path) -> RunConfig:
    """Read the config.json of a run folder.

    Raises:
        CallError: it is missing or damaged.
    """
    file = path / CONFIG
    try:
        return RunConfig.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CallError(f"{path} is no run folder: cannot read {file}: {error.strerror}.") from error
    except KeyError as error:
        raise CallError(f"{file} is damaged or was not written by `zoo train`: it has no {error}.") from error
    except (ValueError, TypeError) as error:
        raise CallError(f"{file} is damaged: {error}.") from error


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    with new_file(path) as draft:
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))  # a file's name can hold what is no UTF-8


def read_vocabularies(path: Path, config: RunConfig) -> dict[str, Vocabulary]:
    """Read the vocabularies of a run folder: two for translation, else one.

    Raises:
        CallError: one is missing, damaged, or not the one that the model was trained with.
    """
    vocabularies = {}
    for side in TASKS[config.task].sides:
        file = path / vocabulary_file(side)
        vocabularies[side] = Vocabulary.load(file)
        expected = config.vocabulary_size(side)
        if vocabularies[side].size != expected:  # the first bytes of a vocabulary can be a smaller one
            raise CallError(
                f"{file} is damaged or of another run: {CONFIG} says {expected} pieces. "
                f"Received: {vocabularies[side].size}."
            )
    return vocabularies


def sample_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the samples of the validation set that a run folder keeps, each with its translation or label.

    Raises:
        CallError: it keeps none; runs of older releases do not.
    """
    texts = []
    for file in (path / SAMPLES, path / SAMPLE_TARGETS):
        try:
            texts.append(file.read_text(encoding="utf-8").split("\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise CallError(
                f"Cannot read {file}: {error}. Without the translations or labels of its samples no score can be told; "
                f"write them there, one a line, in the order of {SAMPLES}."
            ) from error
    if len(texts[0]) != len(texts[1]):
        expected = f"{len(texts[0])} lines, as {SAMPLES} has"
        raise CallError(f"{path / SAMPLE_TARGETS} is damaged: expected {expected}. Received: {len(texts[1])}.")
    return list(zip(*texts, strict=True))


def load_model(path: str | os.PathLike) -> Any:
    """Load a Keras model with classes of the zoo from a .keras file, whatever was imported before.

    `keras.saving.load_model` does the same once the classes are registered: when a model was built in the process, or
    `zoo.models.build` imported.

    Args:
        path: the .keras file.

    Raises:
        CallError: there is no such file, or it is damaged.
    """
    import keras

    import zoo.models.build  # noqa: F401  (registers the classes)

    if not Path(path).is_file():
        raise CallError(f"There is no file {path}. A run that was stopped in its first epoch has no {MODEL} yet.")
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # a damaged archive fails in many ways, none of them the user's to read
        raise CallError(f"{path} is damaged: {str(error).splitlines()[0][:200]}") from error


def load_run(where: str | os.PathLike) -> Run:
    """Read a run folder or a preset.

    Args:
        where: the folder, or the name of a preset.

    Raises:
        CallError: it is no run folder, or something in it is missing or damaged.
    """
    path = preset_or_path(where)
    if not path.exists():
        raise CallError(f"There is no run folder {where}, and no preset of that name.{presets_hint(str(where))}")
    config = read_config(path)
    vocabularies = read_vocabularies(path, config)
    model = load_model(path / MODEL)
    if getattr(model, "task", None) != config.task:
        raise CallError(f"{path / MODEL} is damaged: it holds no model for {config.task}.")
    return Run(path, config, vocabularies, model)
