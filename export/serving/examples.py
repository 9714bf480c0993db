"""Inputs for whatever signatures a SavedModel has, made from what the signatures say of their inputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.dtypes import as_dtype

from zoo.constants import END, LENGTH_PENALTY, MAX_TARGET_PIECES
from zoo.errors import CallError, WorkError
from zoo.predictor import padded
from zoo.run_folder import Run
from zoo.text import source_ids

# What a caller may set besides the text, and a value that is usual for it.
PARAMETERS: dict[str, float] = {
    "beam_width": 4,
    "length_penalty": LENGTH_PENALTY,
    "max_length": MAX_TARGET_PIECES,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "seed": 0,
}


def read_meta_graph(folder: Path) -> meta_graph_pb2.MetaGraphDef:
    """Read the graph and the signatures of a SavedModel, without loading it.

    Raises:
        CallError: there is none.
    """
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString((folder / "saved_model.pb").read_bytes())
        return proto.meta_graphs[0]
    except Exception as error:  # protobuf has its own
        raise CallError(f"{folder} holds no SavedModel that can be read: {str(error)[:200]}") from error


def signatures_of(graph: meta_graph_pb2.MetaGraphDef) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Return the signatures that can be called, by name, in the order of their names."""
    return {name: graph.signature_def[name] for name in sorted(graph.signature_def) if not name.startswith("__")}


def batchable(signature: meta_graph_pb2.SignatureDef) -> bool:
    """Tell whether requests to a signature can share a batch: no input and no output is a scalar."""
    tensors = [*signature.inputs.values(), *signature.outputs.values()]
    return all(one.tensor_shape.unknown_rank or len(one.tensor_shape.dim) > 0 for one in tensors)


class Examples:
    """Makes inputs for the signatures of an exported run.

    Args:
        run: the run that was exported; its vocabularies make the ids.
        sources: the texts that go in.
    """

    def __init__(self, run: Run, sources: Sequence[str]):
        self.task = run.task
        self.sources = list(sources)
        self.vocabularies = run.vocabularies
        translation = run.task == "translation"
        self.targets = [one.output for one in run.predictor().predict(self.sources)] if translation else self.sources

    def inputs(self, signature: meta_graph_pb2.SignatureDef, rows: slice = slice(None)) -> dict[str, np.ndarray]:
        """Return the inputs of a signature by name, for some of the texts.

        Raises:
            WorkError: the signature has an input that nothing is known of.
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
            ids = [[*one, END] for one in self.vocabularies["target"].encode(self.targets[rows])]
        else:
            ids, _ = source_ids(self.vocabularies["source"], self.sources[rows], self.task)
        return padded(ids)
