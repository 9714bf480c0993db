"""Answers from a .tflite with ai-edge-litert, sentencepiece and NumPy alone: no TensorFlow is imported here."""

import hashlib
import io
import os
import zipfile
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from export.artefact import predictor_from
from export.names import LITERT_NAMES
from zoo.errors import CallError
from zoo.predictor import Predictor

MAGIC = b"TFL3"  # at byte 4 of every .tflite
DIGEST = "model.sha256"  # in the archive behind the model: SHA-256 of what stands before the archive


def LiteModel(path: str | os.PathLike) -> Predictor:  # noqa: N802
    """Read a .tflite that `export_tflite` wrote.

    Raises:
        CallError: there is none, it is damaged, or of another make.
    """
    path = Path(path)
    model, files = _split(path)
    if hashlib.sha256(model).hexdigest().encode() != files.get(DIGEST):
        raise CallError(f"{path} is damaged: its content is not what `zoo export` wrote.")
    try:
        interpreter = Interpreter(model_content=model)
        interpreter.allocate_tensors()
        functions = {name: _function(interpreter, name) for name in interpreter.get_signature_list()}
    except (ValueError, RuntimeError) as error:
        raise CallError(f"{path} cannot be run here: {str(error).splitlines()[0][:200]}") from error
    names = {new: old for task in LITERT_NAMES.values() for old, new in task.items()}
    return predictor_from(files, {names.get(name, name): one for name, one in functions.items()}, path)


def _split(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the model and the files in the archive behind it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CallError(f"Cannot read {path}: {error.strerror or error}.") from error
    if content[4:8] != MAGIC:
        raise CallError(f"{path} is damaged or not made by `zoo export`: it does not begin as a .tflite does.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
            begin = min((member.header_offset for member in archive.infolist()), default=0)
    except Exception as error:  # a damaged archive fails in many ways, none of them the user's to read
        raise CallError(f"{path} is damaged or not made by `zoo export`: {error}") from error
    return content[:begin], files


def _function(interpreter, name):
    runner = interpreter.get_signature_runner(name)
    known = set(runner.get_input_details())
    width = None if name != "beam" or "beam_width" in known else runner.get_output_details()["score"]["shape"][1]

    def function(ids, **more):
        if width is not None and (asked := more.pop("beam_width", width)) != width:
            raise CallError(f"This .tflite searches with a beam of {width} alone. Received: {asked}.")
        return runner(ids=ids, **more)

    return function
