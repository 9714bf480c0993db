"""The run folder: a trained model with everything it needs."""

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.atomic_files import new_file
from zoo.catalog import PRESETS_FOLDER, presets_hint
from zoo.errors import CallError
from zoo.predictor import Predictor
from zoo.text import Vocabulary

CONFIG = "config.json"
MODEL = "model.keras"
SAMPLES = "samples.txt"  # some validation sources, one a line, by which an export is compared with the model
SAMPLE_TARGETS = "samples.targets.txt"  # the translations or labels of these, by which it is scored
SIDES = ("source", "target")


@dataclass
class Run:
    """A run folder that has been read.

    Attributes:
        path: where it lies.
        config: what `config.json` says.
        vocabularies: by side, "source" and, for translation, "target".
        model: the Keras model with the best weights.
    """

    path: Path
    config: dict[str, Any]
    vocabularies: dict[str, Vocabulary]
    model: Any

    @property
    def task(self) -> str:
        """The task of the model."""
        return self.config["task"]

    def predictor(self) -> Predictor:
        """Return what answers with the Keras model."""
        from zoo.decoding import id_functions

        functions = {name: _as_numpy(f) for name, f in id_functions(self.model).items()}
        sides = self.vocabularies
        return Predictor(
            self.task, functions, sides["source"], sides.get("target"), labels=self.config.get("labels", [])
        )


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


def sides_of(task: str) -> tuple[str, ...]:
    """Return the sides that have a vocabulary: two for translation, else one."""
    return SIDES if task == "translation" else SIDES[:1]


def vocabulary_size(config: dict[str, Any], side: str) -> Any:
    """Return how many pieces the model was trained with on a side, as its config says; None if it does not."""
    name = f"{side}_vocabulary_size" if config["task"] == "translation" else "vocabulary_size"
    return config["options"].get(name)


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


def read_config(path: Path) -> dict[str, Any]:
    """Read the config.json of a run folder.

    Raises:
        CallError: it is missing or damaged.
    """
    file = path / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        config["task"], config["model"], {**config["options"]}
    except OSError as error:
        raise CallError(f"{path} is no run folder: cannot read {file}: {error.strerror}.") from error
    except KeyError as error:
        raise CallError(f"{file} is damaged or of another make: it has no {error}.") from error
    except (ValueError, TypeError) as error:
        raise CallError(f"{file} is damaged: {error}.") from error
    return config


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    with new_file(path) as draft:
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))  # a file's name can hold what is no UTF-8


def read_vocabularies(path: Path, config: dict[str, Any]) -> dict[str, Vocabulary]:
    """Read the vocabularies of a run folder: two for translation, else one.

    Raises:
        CallError: one is missing, damaged, or not the one that the model was trained with.
    """
    vocabularies = {}
    for side in sides_of(config["task"]):
        file = path / vocabulary_file(side)
        vocabularies[side] = Vocabulary.load(file)
        expected = vocabulary_size(config, side)
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


def load_model(file: Path) -> Any:
    """Load a model of the zoo from a .keras file.

    Raises:
        CallError: there is none, or it is damaged.
    """
    import keras

    if not file.is_file():
        raise CallError(f"There is no {file}. Was the run stopped before its first epoch ended?")
    try:
        return keras.saving.load_model(file, safe_mode=True)
    except Exception as error:  # a damaged archive fails in many ways, none of them the user's to read
        raise CallError(f"{file} is damaged: {str(error).splitlines()[0][:200]}") from error


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
    if getattr(model, "task", None) != config["task"]:
        raise CallError(f"{path / MODEL} is damaged: it holds no model for {config['task']}.")
    return Run(path, config, vocabularies, model)
