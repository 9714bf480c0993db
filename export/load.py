"""One way in: whatever WHERE names, a predictor comes out."""

import os

from zoo.catalog import presets_hint
from zoo.errors import CallError
from zoo.predictor import Predictor
from zoo.run import is_run, load_run, preset_or_path


def load(where: str | os.PathLike) -> Predictor:
    """Return what answers with a run folder, a preset, a SavedModel folder or a .tflite file.

    A .tflite is run without TensorFlow.

    Raises:
        CallError: there is no such thing, it is damaged, or of another kind.
    """
    path = preset_or_path(where)
    if not path.exists():
        raise CallError(f"There is no {where}: neither a file or folder nor a preset.{presets_hint(str(where))}")
    if path.is_file():
        from export.lite import LiteModel

        return LiteModel(path)
    if (path / "saved_model.pb").is_file():
        from export.saved_model import load_saved_model

        return load_saved_model(path)
    if is_run(path):
        return load_run(path).predictor()
    raise CallError(
        f"{path} is neither a run folder (it would hold config.json) nor a SavedModel (saved_model.pb), "
        "and no .tflite file."
    )
