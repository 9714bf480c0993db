"""One way in: whatever WHERE names, a predictor comes out."""

import os

from export.versions import GRAPH, newest_version
from zoo.catalog import presets_hint
from zoo.errors import CallError
from zoo.predictor import Predictor
from zoo.run import is_run, load_run, preset_or_path


def load(where: str | os.PathLike) -> Predictor:
    """Return what answers with a run folder, a preset, a SavedModel folder or a .tflite file.

    A .tflite is run without TensorFlow. Of a folder for TF Serving, the newest version answers.

    Raises:
        CallError: there is no such thing, it is damaged, or of another kind.
    """
    path = preset_or_path(where)
    if not path.exists():
        raise CallError(f"There is no {where}: neither a file or folder nor a preset.{presets_hint(str(where))}")
    if path.is_file():
        from export.lite import LiteModel

        return LiteModel(path)
    if is_run(path):
        return load_run(path).predictor()
    graph = path if (path / GRAPH).is_file() else newest_version(path)
    if graph is not None:
        from export.saved_model import load_saved_model

        return load_saved_model(graph)
    raise CallError(
        f"{path} is neither a run folder (it would hold config.json) nor a SavedModel (saved_model.pb), "
        "no folder for TF Serving and no .tflite file."
    )
