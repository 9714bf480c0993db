"""A .tflite in fewer bytes."""

from collections.abc import Iterator
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

ALIGNMENT = 16  # of the weights in the file, as the schema asks


def compact(content: bytes) -> bytes:
    """Return a .tflite with int8 weights that holds every matrix and every scale once.

    The converter stores a matrix that embeds tokens and makes logits too (tied embeddings) twice: with one scale, and
    with a scale for each row. Both read the first here. It also repeats the scales for each loop and each signature
    that uses the weights: in a model of small matrices they take a tenth of the file.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    _share_matrices(model)
    offsets: dict[Any, int] = {}
    for tensor in _tensors(model):
        if tensor.quantization is not None:
            tensor.quantization = _PackedOnce(tensor.quantization, offsets)
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.Pack = _aligned(buffer)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensors(model: Any) -> Iterator[Any]:
    return (tensor for graph in model.subgraphs for tensor in graph.tensors)


def _share_matrices(model: Any) -> None:
    """Replace matrices that have a scale for each row by the same matrices with one scale, where the model has both."""
    by_buffer: dict[int, list[Any]] = {}
    for tensor in _tensors(model):
        if tensor.type == schema.TensorType.INT8 and model.buffers[tensor.buffer].data is not None:
            by_buffer.setdefault(tensor.buffer, []).append(tensor)
    matrices = [tensors for tensors in by_buffer.values() if len(tensors[0].shape) == 2]
    of_one_scale = [tensors[0] for tensors in matrices if len(tensors[0].quantization.scale) == 1]
    of_rows = [tensors for tensors in matrices if len(tensors[0].quantization.scale) > 1]
    for tensors in of_rows:
        twin = next((other for other in of_one_scale if _is_same_matrix(model, tensors[0], other)), None)
        if twin is not None:
            model.buffers[tensors[0].buffer].data = None
            for tensor in tensors:
                tensor.buffer, tensor.quantization = twin.buffer, twin.quantization


def _is_same_matrix(model: Any, tensor: Any, other: Any) -> bool:
    """Tell whether two int8 matrices, of a scale for each row and of one scale, come from the same matrix."""
    if not np.array_equal(tensor.shape, other.shape):
        return False
    one, two = (model.buffers[it.buffer].data.view(np.int8).reshape(it.shape) for it in (tensor, other))
    scales, scale = np.asarray(tensor.quantization.scale, np.float32)[:, None], np.float32(other.quantization.scale[0])
    return bool((np.abs(one * scales - two * scale) <= 0.51 * (scales + scale)).all())  # both are rounded


class _PackedOnce:
    """A table of a flatbuffer that is written once for all that have the same content."""

    def __init__(self, table: Any, offsets: dict[Any, int]):
        self.table = table
        self.offsets = offsets

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802, the name that flatbuffers calls
        """Write the table, or return where it is."""
        content = tuple((name, _hashable(value)) for name, value in sorted(vars(self.table).items()))
        if content not in self.offsets:
            self.offsets[content] = self.table.Pack(builder)
        return self.offsets[content]


def _hashable(value: Any) -> Any:
    return value.tobytes() if hasattr(value, "tobytes") else value


def _aligned(buffer: Any) -> Any:
    """Return the `Pack` of a buffer whose content begins at a multiple of `ALIGNMENT`."""
    pack = type(buffer).Pack

    def packed(builder: flatbuffers.Builder) -> int:
        builder.Prep(ALIGNMENT, len(buffer.data))
        return pack(buffer, builder)

    return packed
