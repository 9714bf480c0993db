"""Answers from a .tflite with ai-edge-litert, sentencepiece and NumPy alone: no TensorFlow is imported here."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from zoo.constants import MAX_SOURCE_PIECES
from zoo.errors import CallError
from zoo.export.artefact import predictor_from
from zoo.predictor import Predictor
from zoo.tasks import TASKS

MAGIC = b"TFL3"  # at byte 4 of every .tflite
DIGEST = "model.sha256"  # in the archive behind the model: SHA-256 of what stands before the archive


def LiteModel(path: str | os.PathLike) -> Predictor:  # noqa: N802
    """Read a .tflite that `export_tflite` wrote.

    Raises:
        CallError: there is none, it is damaged, or of another make.
    """
    path = Path(path)
    model, files = read_tflite(path)
    try:
        interpreter = Interpreter(model_content=model)
        interpreter.allocate_tensors()
        _check_ids(path, interpreter)
        functions = {name: _function(interpreter, name) for name in interpreter.get_signature_list()}
        length = fixed_length(interpreter) or MAX_SOURCE_PIECES
    except (ValueError, RuntimeError) as error:
        raise CallError(f"{path} cannot be run here: {str(error).splitlines()[0][:200]}") from error
    names = {new: old for task in TASKS.values() for old, new in task.endpoints.items()}
    return predictor_from(files, {names.get(name, name): one for name, one in functions.items()}, path, length)


def _check_ids(path: Path, interpreter: Interpreter) -> None:
    names = interpreter.get_signature_list()
    if any("ids" not in interpreter.get_signature_runner(name).get_input_details() for name in names):
        raise CallError(f"{path} takes text, by operations of TF Text that are not here. Use the .tflite beside it.")


def read_tflite(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the model and the files in the archive behind it.

    Raises:
        CallError: it cannot be read, is damaged, or of another make.
    """
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
    model = content[:begin]
    if hashlib.sha256(model).hexdigest().encode() != files.get(DIGEST):
        raise CallError(f"{path} is damaged: its content is not what `zoo export` wrote.")
    return model, files


def _function(interpreter: Interpreter, name: str) -> Callable[..., dict[str, np.ndarray]]:
    """Return a signature as a function of named arrays; one of a fixed shape is called for so many rows at a time."""
    runner = interpreter.get_signature_runner(name)
    inputs = runner.get_input_details()
    rows, length = (int(n) for n in inputs["ids"]["shape_signature"])
    if length < 0:
        return lambda ids, **more: _without_pieces(runner(ids=ids, **_scalars(more)))
    beam = runner.get_output_details()["score"]["shape"][1] if name == "beam" else None

    def function(ids, **more):
        options = _scalars(more)
        if beam is not None and (asked := options.pop("beam_width", beam)) != beam:
            raise CallError(f"This .tflite searches with a beam of {beam} alone. Received: {asked}.")
        arrays = {key: np.asarray(value) for key, value in {"ids": ids, **options}.items()}
        padded = {key: _padded(key, value, rows, length) for key, value in arrays.items() if value.ndim == 2}
        answers = []
        for i in range(0, len(padded["ids"]), rows):
            answers.append(runner(**arrays | {key: value[i : i + rows] for key, value in padded.items()}))
        return {key: np.concatenate([one[key] for one in answers])[: len(ids)] for key in answers[0]}

    return function


def _scalars(options: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return options as a .tflite takes them: as scalars, where others take a number for each row or one for all."""
    return {key: value[0] if np.ndim(value) == 1 else value for key, value in options.items()}


def _without_pieces(answer: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: value for key, value in answer.items() if key != "pieces"}


def _padded(name: str, ids: np.ndarray, rows: int, length: int) -> np.ndarray:
    if ids.shape[1] > length:
        raise CallError(f"`{name}` must be of {length} columns at most. Received: {ids.shape[1]}.")
    return np.pad(ids, [[0, -len(ids) % rows], [0, length - ids.shape[1]]])


def fixed_length(interpreter: Interpreter) -> int | None:
    """Return the length of the ids that the signatures of a fixed shape take, None for signatures of any shape."""
    names = interpreter.get_signature_list()
    shapes = [interpreter.get_signature_runner(name).get_input_details()["ids"]["shape_signature"] for name in names]
    return min((int(shape[1]) for shape in shapes if shape[1] > 0), default=None)
