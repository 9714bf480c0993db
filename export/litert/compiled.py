"""A .tflite in CompiledModel, the runtime behind LiteRT.js and the LiteRT C API, which needs fixed shapes."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.errors import CallError
from zoo.export.lite import fixed_length


def compiled_functions(path: str | os.PathLike) -> dict[str, Callable[..., dict[str, np.ndarray]]]:
    """Return the signatures of a .tflite with fixed shapes, each a function of named arrays.

    Raises:
        CallError: a shape is dynamic.
    """
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.interpreter import Interpreter

    if not fixed_length(Interpreter(model_path=str(path))):
        raise CallError(f"{path} has dynamic shapes, and CompiledModel needs fixed ones: export with --shape.")
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


def _read(buffer: Any, details: dict[str, Any]) -> np.ndarray:
    shape = details["shape"]
    return np.asarray(buffer.read(int(np.prod(shape)), np.dtype(details["dtype"]).type)).reshape(shape)
