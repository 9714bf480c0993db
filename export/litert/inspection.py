"""The description of a .tflite: signatures, operations and weights. No TensorFlow is imported here."""

from collections import Counter
from pathlib import Path
from typing import Any

from zoo.errors import CallError, first_line
from zoo.export.card import CARD, read_parity
from zoo.export.litert.archive import read_tflite
from zoo.export.tensor_text import tensor_text
from zoo.json_files import parse_json


def inspect_tflite(path: Path) -> dict[str, Any]:
    """Describe a .tflite; see `zoo.export.inspection.inspect`."""
    model, files = read_tflite(path)
    graph = inspect_graph(model)
    proof = read_parity(path.parent)
    over_text = any("text" in signature["inputs"] for signature in graph["signatures"].values())
    if proof and over_text:  # the file beside it has the other part of the proof
        proof = {"parity": proof["parity"].get("text_ops")}
    return {"card": parse_json(files[CARD])} | graph | proof


def inspect_graph(content: bytes) -> dict[str, Any]:
    """Return the `signatures`, `operations` and `weights` of a .tflite.

    Raises:
        CallError: the content is damaged.
    """
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content)
    except ValueError as error:
        raise CallError(f"The model is damaged: {first_line(error)}") from error
    signatures = {}
    for name in sorted(interpreter.get_signature_list()):
        runner = interpreter.get_signature_runner(name)
        sides = {"inputs": runner.get_input_details(), "outputs": runner.get_output_details()}
        signatures[name] = {side: _tensor_texts(tensors) for side, tensors in sides.items()}
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    return {"signatures": signatures, "operations": _operations(schema, model), "weights": _weights(schema, model)}


def _tensor_texts(tensors: dict[str, Any]) -> dict[str, str]:
    return {
        name: tensor_text(tensor["dtype"].__name__, tensor["shape_signature"])
        for name, tensor in sorted(tensors.items())
    }


def _operations(schema: Any, model: Any) -> dict[str, int]:
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [code.customCode.decode() if code.customCode else names[code.builtinCode] for code in model.operatorCodes]
    counts = Counter(codes[node.opcodeIndex] for graph in model.subgraphs for node in graph.operators or [])
    return dict(sorted(counts.items()))


def _weights(schema: Any, model: Any) -> dict[str, int]:
    """Return the bytes of constants by type; a constant that several signatures share counts once."""
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    type_of_buffer = {tensor.buffer: types[tensor.type] for graph in model.subgraphs for tensor in graph.tensors}
    sizes: Counter[str] = Counter()
    for buffer, dtype in type_of_buffer.items():
        data = model.buffers[buffer].data
        sizes[dtype] += 0 if data is None else len(data)
    return {dtype: size for dtype, size in sizes.most_common() if size}
