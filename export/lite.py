"""Answers from a .tflite with ai-edge-litert, sentencepiece and NumPy alone: no TensorFlow is imported here."""

import os
import zipfile
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from export.artefact import predictor_from
from zoo.errors import CallError
from zoo.predictor import Predictor

MAGIC = b"TFL3"  # at byte 4 of every .tflite


def LiteModel(path: str | os.PathLike) -> Predictor:  # noqa: N802
    """Read a .tflite that `export_tflite` wrote.

    Raises:
        CallError: there is none, it is damaged, or of another make.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except OSError as error:
        raise CallError(f"Cannot read {path}: {error.strerror}.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError) as error:
        raise CallError(f"{path} is damaged or not made by `zoo export`: {error}") from error
    if content[4:8] != MAGIC:
        raise CallError(f"{path} is damaged: it does not begin as a .tflite does.")
    try:
        interpreter = Interpreter(model_content=content)
        interpreter.allocate_tensors()
        functions = {name: _function(interpreter, name) for name in interpreter.get_signature_list()}
    except (ValueError, RuntimeError) as error:
        raise CallError(f"{path} is damaged: {str(error).splitlines()[0][:200]}") from error
    return predictor_from(files, functions, path)


def _function(interpreter, name):
    runner = interpreter.get_signature_runner(name)
    return lambda ids: runner(ids=ids)
