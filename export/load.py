"""One way in: a predictor for a run, a preset, or an artefact of any format."""

import os
from pathlib import Path

from zoo.errors import CallError
from zoo.export.formats import FORMATS, imported
from zoo.predictor import Predictor
from zoo.presets import presets_hint
from zoo.run_folder import CONFIG, is_run, load_run, preset_or_path

RUN = "run"  # the format of a run folder


def find(where: str | os.PathLike) -> tuple[str, Path]:
    """Return the format of an artefact, and the folder or file that holds its model.

    The format is "run" or a name in `FORMATS`. Of a folder for TF Serving, the newest version holds the model.

    Raises:
        CallError: `where` does not exist, or was written by neither `zoo train` nor `zoo export`.
    """
    path = preset_or_path(where)
    if not path.exists():
        raise CallError(f"There is no {where}: neither a file or folder nor a preset.{presets_hint(str(where))}")
    if is_run(path):
        return RUN, path
    for name, format in FORMATS.items():
        found = format.find(path, format.mark)
        if found is not None:
            return name, found
    marks = ", ".join(f"{format.mark} for {name}" for name, format in FORMATS.items())
    raise CallError(f"{path} is neither a run folder ({CONFIG}) nor an artefact of `zoo export` ({marks}).")


def load(where: str | os.PathLike) -> Predictor:
    """Return a predictor for a run folder, a preset, or an artefact of `zoo export`.

    TensorFlow is imported for a run and for a SavedModel alone.

    Raises:
        CallError: `where` does not exist, is damaged, or cannot be run by Python.
    """
    format, path = find(where)
    return load_run(path).predictor() if format == RUN else imported(FORMATS[format].load)(path)
