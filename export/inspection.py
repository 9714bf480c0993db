"""What an artefact is: its card, signatures, operations, weights, sizes and the proof that came with it."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from zoo.errors import CallError
from zoo.export.artefact import CARD, PARITY
from zoo.export.load import find
from zoo.export.names import LITERT_FILE, LITERT_TEXT_FILE, SITE_FILE
from zoo.run_folder import read_config


def inspect(where: str | os.PathLike) -> dict[str, Any]:
    """Describe a run folder, a preset, a SavedModel, a folder for TF Serving, a .tflite file or a site.

    Nothing is run, and of a SavedModel nothing but its graph is read.

    Returns:
        `path`, `format` and `bytes`; `card`, what the model is; and where there are some: `signatures` by name, each
        with its `inputs` and `outputs` by name, as "int32 [?, ?]"; `operations`, how often each occurs; `weights`,
        bytes by type; `parity`, what was compared when it was exported; `training`, the scores of a run.

    Raises:
        CallError: there is no such thing, or it is damaged.
    """
    format, path = find(where)
    if format in ("saved_model", "serving"):
        report = _saved_model(path)
    else:
        report = {"run": _run, "tflite": _tflite, "web": _site}[format](path)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    about = {"path": str(path), "format": format, "bytes": sum(file.stat().st_size for file in files)}
    return about | ({"version": path.name} if format == "serving" else {}) | report


def _parity(folder: Path) -> dict[str, Any]:
    """Return the proof that an export put into its folder, if it is still there."""
    return {"parity": _json(folder / PARITY)} if (folder / PARITY).is_file() else {}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CallError(f"There is no {path}: not made by `zoo export`, or damaged.") from error
    except (OSError, ValueError) as error:
        raise CallError(f"{path} is damaged: {error}.") from error


def _run(path: Path) -> dict[str, Any]:
    content = read_config(path).as_json()
    metrics = path / "metrics.json"
    names = ("task", "model", "options", "labels", "recipe", "data", "versions")
    return {
        "card": {name: content[name] for name in names},
        "training": _json(metrics) if metrics.is_file() else None,
    }


def _site(path: Path) -> dict[str, Any]:
    about = _json(path / SITE_FILE)
    names = ("task", "model", "options", "labels", "languages")
    card = {name: about[name] for name in names if name in about}
    return {"card": card} | _graph_of_tflite((path / LITERT_FILE).read_bytes()) | _parity(path)


def _tflite(path: Path) -> dict[str, Any]:
    from zoo.export.lite import read_tflite

    model, files = read_tflite(path)
    proof = _parity(path.parent)
    if proof and path.name == LITERT_TEXT_FILE:  # which has a part of it alone
        proof = {"parity": proof["parity"]["text_ops"]}
    return {"card": json.loads(files[CARD])} | _graph_of_tflite(model) | proof


def _graph_of_tflite(content: bytes) -> dict[str, Any]:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content)
    except ValueError as error:
        raise CallError(f"The model is damaged: {str(error).splitlines()[0][:200]}") from error
    signatures = {}
    for name in sorted(interpreter.get_signature_list()):
        runner = interpreter.get_signature_runner(name)
        sides = {"inputs": runner.get_input_details(), "outputs": runner.get_output_details()}
        signatures[name] = {
            side: {key: _kind(one["dtype"].__name__, one["shape_signature"]) for key, one in sorted(tensors.items())}
            for side, tensors in sides.items()
        }
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [code.customCode.decode() if code.customCode else names[code.builtinCode] for code in model.operatorCodes]
    operations = Counter(codes[one.opcodeIndex] for graph in model.subgraphs for one in graph.operators or [])
    return {
        "signatures": signatures,
        "operations": dict(sorted(operations.items())),
        "weights": _weights(schema, model),
    }


def _weights(schema: Any, model: Any) -> dict[str, int]:
    """Return how many bytes of constants there are of each type; signatures share them, so each counts once."""
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    kinds = {tensor.buffer: types[tensor.type] for graph in model.subgraphs for tensor in graph.tensors}
    sizes: Counter[str] = Counter()
    for buffer, kind in kinds.items():
        data = model.buffers[buffer].data
        sizes[kind] += 0 if data is None else len(data)
    return {kind: size for kind, size in sizes.most_common() if size}


def _saved_model(path: Path) -> dict[str, Any]:
    from zoo.export.saved_model import EXTRA
    from zoo.export.serving.examples import read_meta_graph, signatures_of
    from zoo.export.serving.operations import operations

    graph = read_meta_graph(path)
    signatures = {
        name: {
            "inputs": {key: _kind_of_proto(one) for key, one in sorted(signature.inputs.items())},
            "outputs": {key: _kind_of_proto(one) for key, one in sorted(signature.outputs.items())},
        }
        for name, signature in sorted(signatures_of(graph).items())
    }
    report: dict[str, Any] = {"card": _json(path / EXTRA / CARD), "signatures": signatures}
    report["operations"] = dict(sorted(operations(graph).items()))
    report["weights"] = {"float32": sum(file.stat().st_size for file in (path / "variables").glob("*.data-*"))}
    return report | _parity(path)


def _kind_of_proto(tensor: Any) -> str:
    from tensorflow.dtypes import as_dtype

    shape = tensor.tensor_shape
    sizes = None if shape.unknown_rank else [axis.size for axis in shape.dim]
    return _kind(as_dtype(tensor.dtype).name, sizes)


def _kind(dtype: str, sizes: Any) -> str:
    name = {"bytes_": "string", "str_": "string", "object_": "string"}.get(dtype, dtype)
    if sizes is None:
        return f"{name} of any shape"
    return f"{name} [{', '.join('?' if size < 0 else str(size) for size in sizes)}]"


def as_text(report: dict[str, Any]) -> str:
    """Return a report of `inspect` for people to read."""
    card = report["card"]
    version = f", version {report['version']}" if "version" in report else ""
    lines = [f"{report['path']}: {report['format']}{version}, {report['bytes']:,} bytes"]
    lines.append(f"{card['task']}, {card['model']}: {_pairs(card['options'])}")
    if card.get("labels"):
        lines.append(f"labels: {', '.join(card['labels'])}")
    for name, signature in report.get("signatures", {}).items():
        lines.append(f"{name}({_pairs(signature['inputs'])})")
        lines.append(f"    -> {_pairs(signature['outputs'])}")
    for title, unit in (("weights", " bytes"), ("operations", "")):
        if report.get(title):
            lines.append(f"{title}: {', '.join(f'{name} {count:,}{unit}' for name, count in report[title].items())}")
    for title in ("parity", "training"):
        if report.get(title):
            lines.append(f"{title}: {_pairs(report[title])}")
    return "\n".join(lines)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if not isinstance(value, dict))
