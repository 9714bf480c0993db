"""A .tflite in fewer bytes."""

from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

ALIGNMENT = 16  # of the weights in the file, as the schema asks
SPARE = 65_536  # bytes to begin with beyond the size of the model


def share_scales(content: bytes) -> bytes:
    """Return a .tflite in which equal quantisation parameters are stored once.

    The converter repeats the scales of the weights for each loop and each signature that uses them: in a model of small
    matrices they take a tenth of the file.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    offsets: dict[Any, int] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.quantization is not None:
                tensor.quantization = _PackedOnce(tensor.quantization, offsets)
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.Pack = _aligned(buffer)
    builder = flatbuffers.Builder(len(content) + SPARE)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


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
