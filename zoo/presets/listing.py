"""The list of the presets, read from their folders without TensorFlow."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import CallError
from zoo.json_files import parse_json
from zoo.presets import preset_folders
from zoo.presets.about import PRONUNCIATION
from zoo.run_folder import LITERT_FILE, read_config

RESULTS = "results.json"  # in the folder of a preset: what `zoo card` measured, and what its author says about it


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A preset. What `zoo card` writes is None, or empty, in a folder without a `results.json`.

    Attributes:
        name: the name by which `zoo.load` reads it.
        model: the name of the model.
        task: the name of its task.
        languages: the codes of its languages, those of the source first.
        parameters: the number of weights.
        bytes: the size of all its files.
        tflite_bytes: the size of the file that answers.
        measure: the name of its main score.
        score: that score on the test set.
        interval: the 95 % interval of the score.
        licence: the SPDX name of the licence of the weights.
    """

    name: str
    model: str
    task: str
    languages: tuple[str, ...] = ()
    parameters: int | None = None
    bytes: int
    tflite_bytes: int | None = None
    measure: str | None = None
    score: float | None = None
    interval: tuple[float, float] | None = None
    licence: str | None = None


def list_presets() -> list[Preset]:
    """Return the presets that come with the package, in the order of their names.

    Raises:
        CallError: a file of a preset is damaged.
    """
    return [read_preset(folder) for folder in preset_folders()]


def pronounces(folder: Path | None) -> bool:
    """Tell whether a folder is that of a preset from spelling to phonemes, as its author says."""
    if folder is None or not (folder / RESULTS).is_file():
        return False
    with _results_of(folder) as results:
        return results["about"].get("scores") == PRONUNCIATION


def read_preset(folder: Path) -> Preset:
    """Return the record of a preset.

    Raises:
        CallError: its `config.json` or `results.json` is missing or damaged.
    """
    config, lite = read_config(folder), folder / LITERT_FILE
    return Preset(
        name=folder.name,
        model=config.model,
        task=config.task,
        bytes=sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        tflite_bytes=lite.stat().st_size if lite.is_file() else None,
        **(_from_results(folder) if (folder / RESULTS).is_file() else {}),
    )


def _from_results(folder: Path) -> dict[str, Any]:
    with _results_of(folder) as results:
        measure = results["measure"]
        main = results["scores"][measure]
        return {
            "languages": tuple(results["about"]["languages"]),
            "parameters": results["parameters"],
            "measure": measure,
            "score": main["score"],
            "interval": (main["low"], main["high"]),
            "licence": results["about"]["licence"],
        }


@contextlib.contextmanager
def _results_of(folder: Path) -> Iterator[Any]:
    """Yield the content of the `results.json` of a preset; what is missing or damaged in it becomes a CallError."""
    file = folder / RESULTS
    try:
        yield parse_json(file.read_text(encoding="utf-8"))
    except KeyError as error:
        raise CallError(f"{file} is damaged or was not written by `zoo card`: it has no {error}.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CallError(f"{file} is damaged: {error}.") from error
