"""The pipeline of a preset by its .tflite. No TensorFlow is imported here."""

from pathlib import Path
from typing import Any

from zoo.digests import DIGESTS, check_digests
from zoo.errors import CallError
from zoo.export.lite import LiteModel
from zoo.export.litert.inspection import inspect_tflite
from zoo.pipeline import Pipeline
from zoo.run_folder import CONFIG, LITERT_FILE, read_config


def load_preset(path: Path) -> Pipeline:
    """Return the pipeline of a preset by its .tflite.

    Raises:
        CallError: a file is damaged or missing.
    """
    check_digests(path, path / DIGESTS, [CONFIG, LITERT_FILE])
    pipeline, config = LiteModel(path / LITERT_FILE), read_config(path)
    if config.card() != pipeline.config.card():
        raise CallError(f"{path} is damaged: {CONFIG} and {LITERT_FILE} describe different models.")
    pipeline.config, pipeline.path = config, path
    return pipeline


def inspect_preset(path: Path) -> dict[str, Any]:
    """Describe a preset by its .tflite; see `zoo.export.inspection.inspect`."""
    return inspect_tflite(path / LITERT_FILE)
