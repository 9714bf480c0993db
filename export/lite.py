"""The pipeline of a .tflite, by ai-edge-litert, sentencepiece and NumPy alone: no TensorFlow is imported."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from zoo.errors import CallError, first_line
from zoo.export.card import pipeline_from
from zoo.export.litert.archive import read_tflite
from zoo.pipeline import Pipeline

Arrays = dict[str, np.ndarray]


def LiteModel(path: str | os.PathLike, *, threads: int | None = None) -> Pipeline:  # noqa: N802
    """Return the pipeline of a .tflite that `export_tflite` wrote.

    Args:
        path: the file.
        threads: the number of threads of an operation; default: one.

    Raises:
        CallError: there is no such file, it is damaged, or it was not written by `export_tflite`.
    """
    path = Path(path)
    model, files = read_tflite(path)
    try:
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
        _check_inputs(path, interpreter)
        lock = threading.Lock()
        functions = {name: _function(interpreter, name, lock) for name in interpreter.get_signature_list()}
        length = fixed_length(interpreter)
    except CallError:
        raise
    except (ValueError, RuntimeError) as error:
        raise CallError(f"{path} cannot be run here: {first_line(error)}") from error
    return pipeline_from(files, functions, path, length)


def _check_inputs(path: Path, interpreter: Interpreter) -> None:
    names = interpreter.get_signature_list()
    if any("ids" not in interpreter.get_signature_runner(name).get_input_details() for name in names):
        raise CallError(f"{path} takes text, by operations of TF Text that are not here. Use the .tflite beside it.")


def fixed_length(interpreter: Interpreter) -> int | None:
    """Return the length of the ids that signatures with a fixed shape take; None for dynamic shapes."""
    names = interpreter.get_signature_list()
    shapes = [interpreter.get_signature_runner(name).get_input_details()["ids"]["shape_signature"] for name in names]
    return min((int(shape[1]) for shape in shapes if shape[1] > 0), default=None)


def _function(interpreter: Interpreter, name: str, lock: threading.Lock) -> Callable[..., Arrays]:
    runner = _Alone(interpreter.get_signature_runner(name), lock)
    _, length = runner.get_input_details()["ids"]["shape_signature"]
    return _DynamicSignature(runner) if length < 0 else _FixedSignature(runner, has_beam=name == "beam")


class _Alone:
    """A signature of an interpreter whose signatures share tensors: one call at a time, from whatever thread."""

    def __init__(self, runner: Any, lock: threading.Lock):
        self.runner, self.lock = runner, lock
        self.get_input_details, self.get_output_details = runner.get_input_details, runner.get_output_details

    def __call__(self, **inputs: np.ndarray) -> Arrays:
        with self.lock:
            return self.runner(**inputs)


class _DynamicSignature:
    """A signature whose batch size and length are dynamic, as a function of named arrays."""

    def __init__(self, runner: Any):
        self.runner = runner

    def __call__(self, ids: np.ndarray, **options: np.ndarray) -> Arrays:
        answer = self.runner(ids=ids, **_as_scalars(options))
        return {key: value for key, value in answer.items() if key != "pieces"}


class _FixedSignature:
    """A signature with a fixed batch size and length, as a function of named arrays: it runs batch by batch."""

    def __init__(self, runner: Any, *, has_beam: bool):
        self.runner = runner
        self.rows, self.length = (int(size) for size in runner.get_input_details()["ids"]["shape_signature"])
        self.beam = runner.get_output_details()["score"]["shape"][1] if has_beam else None

    def __call__(self, ids: np.ndarray, **options: np.ndarray) -> Arrays:
        options = _as_scalars(options)
        if self.beam is not None and (width := options.pop("beam_width", self.beam)) != self.beam:
            raise CallError(f"This .tflite searches with a beam of {self.beam} alone. Received: {width}.")
        arrays = {key: np.asarray(value) for key, value in {"ids": ids, **options}.items()}
        batched = {key: self._padded(key, value) for key, value in arrays.items() if value.ndim == 2}
        answers = []
        for i in range(0, len(batched["ids"]), self.rows):
            batch = {key: value[i : i + self.rows] for key, value in batched.items()}
            answers.append(self.runner(**arrays | batch))
        return {key: np.concatenate([answer[key] for answer in answers])[: len(ids)] for key in answers[0]}

    def _padded(self, name: str, ids: np.ndarray) -> np.ndarray:
        if ids.shape[1] > self.length:
            raise CallError(f"`{name}` must be of {self.length} columns at most. Received: {ids.shape[1]}.")
        return np.pad(ids, [[0, -len(ids) % self.rows], [0, self.length - ids.shape[1]]])


def _as_scalars(options: Arrays) -> Arrays:
    """Return options as scalars, as a .tflite takes them; other formats take a number for each row."""
    return {key: value[0] if np.ndim(value) == 1 else value for key, value in options.items()}
