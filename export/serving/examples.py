"""Example inputs for the signatures of a SavedModel, made from the types and shapes of their inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.dtypes import as_dtype

from zoo.constants import END, LENGTH_PENALTY, MAX_TARGET_PIECES
from zoo.errors import WorkError
from zoo.pipeline import Pipeline
from zoo.predictor import padded
from zoo.text import source_ids

# The options of the signatures, each with a usual value.
PARAMETERS: dict[str, float] = {
    "beam_width": 4,
    "length_penalty": LENGTH_PENALTY,
    "max_length": MAX_TARGET_PIECES,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "seed": 0,
}


def batchable(signature: meta_graph_pb2.SignatureDef) -> bool:
    """Return whether requests to a signature can share a batch: no input and no output is a scalar."""
    shapes = [tensor.tensor_shape for tensor in (*signature.inputs.values(), *signature.outputs.values())]
    return all(shape.unknown_rank or len(shape.dim) > 0 for shape in shapes)


class Examples:
    """Makes inputs for the signatures of an export.

    Args:
        pipeline: the model that was exported; its vocabularies make the ids.
        sources: the input texts.
    """

    def __init__(self, pipeline: Pipeline, sources: Sequence[str]):
        self.task = pipeline.task
        self.sources = list(sources)
        self.vocabularies = pipeline.vocabularies
        self.targets = self.sources
        if pipeline.task == "translation":
            self.targets = [answer.output for answer in pipeline.predict(self.sources)]

    def inputs(self, signature: meta_graph_pb2.SignatureDef, rows: slice = slice(None)) -> dict[str, np.ndarray]:
        """Return the inputs of a signature by name, for some of the texts.

        Raises:
            WorkError: the signature has an input that is neither text, nor ids, nor in `PARAMETERS`.
        """
        count = len(self.sources[rows])
        return {name: self._input(name, signature.inputs[name], rows, count) for name in sorted(signature.inputs)}

    def _input(self, name: str, info: Any, rows: slice, count: int) -> np.ndarray:
        rank, dtype = len(info.tensor_shape.dim), as_dtype(info.dtype)
        of_target = name.startswith("target")
        if dtype.name == "string":
            return np.array((self.targets if of_target else self.sources)[rows], object)
        if rank == 2:
            return self._ids(of_target, rows)
        if name not in PARAMETERS:
            raise WorkError(f"No value is known for the input {name} of a signature; PARAMETERS should name it.")
        return np.full([count] * rank, PARAMETERS[name], dtype.as_numpy_dtype)

    def _ids(self, of_target: bool, rows: slice) -> np.ndarray:
        if of_target:
            ids = [[*target_ids, END] for target_ids in self.vocabularies["target"].encode(self.targets[rows])]
        else:
            ids, _ = source_ids(self.vocabularies["source"], self.sources[rows], self.task)
        return padded(ids)
