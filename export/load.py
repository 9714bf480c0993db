"""One way in: the pipeline of a run, a preset, an artefact of any format, or a model of the Hub."""

import os
from pathlib import Path

from zoo.errors import CallError
from zoo.export.formats import FORMATS, imported
from zoo.hub import fetch_from_hub, is_hub_address
from zoo.pipeline import Pipeline, load_run
from zoo.presets import presets_hint
from zoo.run_folder import CONFIG, is_preset, is_run, preset_or_path

RUN = "run"  # the format of a run folder
OF_THE_HUB = ("preset", "tflite")  # besides: no graph that TensorFlow would run, should one lie in the cache


def find(where: str | os.PathLike) -> tuple[str, Path]:
    """Return the format of an artefact, and the folder or file that holds its model.

    The format is "run" or a name in `FORMATS`. Of a folder for TF Serving, the newest version holds the model.

    Raises:
        CallError: `where` does not exist, or was written by neither `zoo train` nor `zoo export`.
    """
    path = fetch_from_hub(where) if is_hub_address(where) else preset_or_path(where)
    if not os.path.exists(path):  # false of a text too long for a path
        raise CallError(f"There is no {where}: neither a file or folder nor a preset.{presets_hint(str(where))}")
    if is_run(path) and not is_preset(path):
        return RUN, path
    formats = {name: format for name, format in FORMATS.items() if not is_hub_address(where) or name in OF_THE_HUB}
    for name, format in formats.items():
        found = format.find(path, format.mark)
        if found is not None:
            return name, found
    marks = ", ".join(f"{format.mark} for {name}" for name, format in formats.items())
    raise CallError(f"{path} is neither a run folder ({CONFIG}) nor an artefact of `zoo export` ({marks}).")


def load(where: str | os.PathLike, *, keras: bool = False) -> Pipeline:
    """Return the pipeline of a run folder, a preset, an artefact of `zoo export`, or a model of the Hub.

    TensorFlow is imported for a run and for a SavedModel, and for a preset if `keras` is true.

    Raises:
        CallError: `where` does not exist, is damaged, or cannot be run by Python; or `keras` is true and it holds no
            Keras model.
    """
    format, path = find(where)
    if keras and not is_run(path):
        raise CallError(f"{path} is an artefact in the format {format}, without a Keras model: expected a run folder.")
    return load_run(path) if format == RUN or keras else imported(FORMATS[format].load)(path)
