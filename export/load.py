"""One way in: whatever WHERE names, a predictor comes out."""

import os
from pathlib import Path

from zoo.errors import CallError
from zoo.export.names import LITERT_FILE, SITE_FILE
from zoo.export.serving.versions import GRAPH, newest_version
from zoo.predictor import Predictor
from zoo.presets import presets_hint
from zoo.run_folder import is_run, load_run, preset_or_path


def find(where: str | os.PathLike) -> tuple[str, Path]:
    """Return what WHERE names: its format, and the folder or file that holds the model.

    The format is "run", "saved_model", "serving" (whose newest version holds the model), "tflite" or "web".

    Raises:
        CallError: there is no such thing, or it is nothing that `zoo train` or `zoo export` wrote.
    """
    path = preset_or_path(where)
    if not path.exists():
        raise CallError(f"There is no {where}: neither a file or folder nor a preset.{presets_hint(str(where))}")
    if path.is_file():
        return "tflite", path
    if is_run(path):
        return "run", path
    if (path / SITE_FILE).is_file():
        return "web", path
    if (path / LITERT_FILE).is_file():
        return "tflite", path / LITERT_FILE
    if (path / GRAPH).is_file():
        return "saved_model", path
    version = newest_version(path)
    if version is not None:
        return "serving", version
    raise CallError(
        f"{path} is neither a run folder (it would hold config.json) nor a SavedModel (saved_model.pb), "
        f"no folder for TF Serving, no .tflite file and no folder with one ({LITERT_FILE})."
    )


def load(where: str | os.PathLike) -> Predictor:
    """Return what answers with a run folder, a preset, a SavedModel folder or a .tflite file.

    A .tflite is run without TensorFlow. Of a folder for TF Serving, the newest version answers.

    Raises:
        CallError: there is no such thing, it is damaged, or of another kind.
    """
    format, path = find(where)
    if format == "run":
        return load_run(path).predictor()
    if format == "tflite":
        from zoo.export.lite import LiteModel

        return LiteModel(path)
    if format == "web":
        raise CallError(f"{path} is a site for the browser: open its index.html from a web server.")
    from zoo.export.saved_model import load_saved_model

    return load_saved_model(path)
