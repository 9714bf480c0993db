"""A .tflite in CompiledModel, the runtime behind LiteRT.js and the LiteRT C API, which needs fixed shapes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.constants import LENGTH_PENALTY, MAX_TARGET_PIECES
from zoo.errors import CallError, WorkError
from zoo.export.lite import fixed_length
from zoo.predictor import Predictor
from zoo.tasks import TASKS
from zoo.text import source_ids

COMPARED = 20  # texts; CompiledModel shares its kernels with the Interpreter
TOLERANCE = 1e-4


def compiled_functions(path: str | os.PathLike) -> dict[str, Callable[..., dict[str, np.ndarray]]]:
    """Return the signatures of a .tflite of fixed shapes, each a function of named arrays.

    Raises:
        CallError: a shape is not fixed.
    """
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.interpreter import Interpreter

    if not fixed_length(Interpreter(model_path=str(path))):
        raise CallError(f"{path} takes ids of any shape, CompiledModel only of a fixed one: export with --shape.")
    model = CompiledModel.from_file(str(path))
    return {name: _function(model, name) for name in model.get_signature_list()}


def _function(model: Any, name: str) -> Callable[..., dict[str, np.ndarray]]:
    inputs, outputs = model.get_input_tensor_details(name), model.get_output_tensor_details(name)

    def function(**arrays):
        given, answers = {}, {}
        for key in inputs:
            given[key] = model.create_input_buffer_by_name(name, key)
            given[key].write(np.ascontiguousarray(arrays[key]))
        for key in outputs:
            answers[key] = model.create_output_buffer_by_name(name, key)
        model.run_by_name(name, given, answers)
        return {key: _read(buffer, outputs[key]) for key, buffer in answers.items()}

    return function


def _read(buffer: Any, about: dict[str, Any]) -> np.ndarray:
    shape = about["shape"]
    return np.asarray(buffer.read(int(np.prod(shape)), np.dtype(about["dtype"]).type)).reshape(shape)


def compare_runtimes(path: Path, lite: Predictor, texts: Sequence[str], shape: tuple[int, int]) -> dict[str, Any]:
    """Compare every output of every signature in CompiledModel with that in the Interpreter.

    Args:
        path: a .tflite of a fixed shape.
        lite: what answers with it in the Interpreter.
        texts: some of them are compared.
        shape: its batch size and length.

    Returns:
        How many calls were compared, and the largest difference.

    Raises:
        WorkError: the runtimes differ.
    """
    worst, calls = 0.0, 0
    inner = TASKS[lite.task].endpoints
    for name, function in compiled_functions(path).items():
        reference = lite.functions[next(key for key, value in inner.items() if value == name)]
        for inputs in _inputs(lite, name, texts, shape):
            expected, actual = reference(**inputs), function(**inputs)
            calls += 1
            for key, value in expected.items():
                difference = np.abs(value - actual[key]) / np.maximum(1.0, np.abs(value))
                worst = max(worst, float(difference.max(initial=0.0)))
                if not difference.max(initial=0.0) <= TOLERANCE:
                    raise WorkError(f"LiteRT's CompiledModel answers otherwise than its Interpreter: {name}, {key}.")
    return {"compiled_model": {"compared": calls, "max_difference": worst}}


def _inputs(lite: Predictor, name: str, texts: Sequence[str], shape: tuple[int, int]):
    """Yield what to ask a signature: the inputs that it has in a .tflite of a fixed shape."""
    rows, length = shape
    ids, _ = source_ids(lite.source, texts, lite.task, lite.max_pieces)
    for i in range(0, min(COMPARED, len(ids)), rows):
        some = [ids[k % len(ids)] for k in range(i, i + rows)]
        batch = np.array([one + [0] * (length - len(one)) for one in some], np.int32)
        options: dict[str, Any] = {
            "length_penalty": np.float32(LENGTH_PENALTY),
            "max_length": np.int32(MAX_TARGET_PIECES),
        }
        scored: dict[str, Any] = {"target_ids": batch % lite.target.size} if lite.task == "translation" else {}
        yield {"ids": batch} | {"beam": options, "score": scored}.get(name, {})
