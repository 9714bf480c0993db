"""The comparison of LiteRT's two runtimes: CompiledModel and the Interpreter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.constants import LENGTH_PENALTY, MAX_TARGET_PIECES
from zoo.errors import WorkError
from zoo.predictor import Predictor
from zoo.tasks import TASKS
from zoo.text import source_ids

COMPARED = 20  # texts; CompiledModel shares its kernels with the Interpreter
TOLERANCE = 1e-4


def compare_runtimes(
    compiled: Mapping[str, Callable[..., dict[str, np.ndarray]]],
    lite: Predictor,
    texts: Sequence[str],
    shape: tuple[int, int],
) -> dict[str, Any]:
    """Compare every output of every signature in CompiledModel with that in the Interpreter.

    Args:
        compiled: the signatures in CompiledModel, by name.
        lite: a predictor backed by the same file in the Interpreter.
        texts: the inputs, of which the first `COMPARED` are used.
        shape: the batch size and the length of the signatures.

    Returns:
        The number of calls that were compared, and the largest difference.

    Raises:
        WorkError: the runtimes differ.
    """
    largest, calls = 0.0, 0
    endpoints = TASKS[lite.task].endpoint_of
    for name, function in compiled.items():
        for inputs in _inputs(lite, name, texts, shape):
            expected, actual = lite.functions[endpoints[name]](**inputs), function(**inputs)
            calls += 1
            for key, value in expected.items():
                difference = np.abs(value - actual[key]) / np.maximum(1.0, np.abs(value))
                largest = max(largest, float(difference.max(initial=0.0)))
                if not difference.max(initial=0.0) <= TOLERANCE:
                    raise WorkError(f"LiteRT's CompiledModel and Interpreter answer differently: {name}, {key}.")
    return {"compiled_model": {"compared": calls, "max_difference": largest}}


def _inputs(lite: Predictor, name: str, texts: Sequence[str], shape: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """Yield inputs of a signature with a fixed shape."""
    rows, length = shape
    ids, _ = source_ids(lite.source, texts, lite.task, lite.max_pieces)
    for i in range(0, min(COMPARED, len(ids)), rows):
        batch_ids = [ids[k % len(ids)] for k in range(i, i + rows)]
        batch = np.array([row + [0] * (length - len(row)) for row in batch_ids], np.int32)
        if name == "beam":
            options = {"length_penalty": np.float32(LENGTH_PENALTY), "max_length": np.int32(MAX_TARGET_PIECES)}
            yield {"ids": batch, **options}
        elif name == "score" and lite.task == "translation":
            yield {"ids": batch, "target_ids": batch % lite.target.size}
        else:
            yield {"ids": batch}
