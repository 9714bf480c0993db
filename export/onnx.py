"""ONNX: ids in, ids out, for onnxruntime and the servers and devices that run it; a graph for each endpoint.

No TensorFlow is imported at prediction: a pipeline needs onnxruntime, sentencepiece and NumPy.
"""

import hashlib
import importlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zoo.digests import DIGESTS, check_digests, write_digests
from zoo.errors import CallError, WorkError, first_line
from zoo.export.artefact import artefact
from zoo.export.card import CARD, extra_files, pipeline_from, read_json, read_parity
from zoo.export.parity.keras import compare_with_keras
from zoo.export.tensor_text import tensor_text
from zoo.pipeline import Pipeline
from zoo.tasks import TASKS

OPSET = 18
WEIGHTS = "weights.bin"  # the weights of all graphs, each stored once
SHARED_BYTES = 1024  # smaller constants stay in the graph
OUTPUT_IDS = "output_ids"  # an output and an input of an ONNX graph cannot both be called `ids`


def export_onnx(pipeline: Pipeline, out: str | os.PathLike, *, force: bool = False) -> dict[str, Any]:
    """Write ONNX graphs that answer as the run does, with dynamic batch size and length.

    Each endpoint is a file: `greedy.onnx`, `beam.onnx`, `score.onnx`; `classify.onnx`; `generate.onnx`. They share
    `weights.bin`. The vocabularies, the card and the digests of all files are beside them.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make.
        force: replace what exists at `out`.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or tf2onnx or onnxruntime is not installed.
        WorkError: the model cannot be converted, or does not answer as Keras does.
    """
    for package in ("tf2onnx", "onnxruntime"):
        _import(package)
    with artefact(pipeline, out, format="onnx", force=force) as draft:
        write_onnx(pipeline, draft.folder)
        actual = load_onnx(draft.folder)
        draft.keep(draft.folder, compare_with_keras(pipeline, actual, draft.texts_for(actual), "onnx"))
    return draft.report


def write_onnx(pipeline: Pipeline, folder: Path) -> None:
    """Write the graphs and the files beside them into a folder, without comparing them."""
    offsets: dict[bytes, int] = {}
    with (folder / WEIGHTS).open("wb") as weights:
        for name, model in _converted(pipeline):
            _share_weights(model.graph, weights, offsets)
            (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    for name, content in extra_files(pipeline).items():
        (folder / name).write_bytes(content)
    write_digests(folder, folder / DIGESTS)


def _converted(pipeline: Pipeline) -> Iterator[tuple[str, Any]]:
    """Yield the name and the ONNX model of every endpoint."""
    import onnx
    import tf2onnx

    from zoo.export.signatures import Signature, id_signatures
    from zoo.recurrence.scan import inference_graph

    names = TASKS[pipeline.task].endpoints
    for endpoint, signature in id_signatures(pipeline.model).items():
        if endpoint not in names:
            continue
        graph = Signature(partial(_with_output_ids, signature.function), signature.inputs).graph()
        try:
            with inference_graph(litert=True):
                model, _ = tf2onnx.convert.from_function(
                    graph,
                    list(signature.inputs.values()),
                    opset=OPSET,
                    custom_op_handlers={"OneHot": (_convert_one_hot, []), "SelectV2": (_convert_select, [])},
                )
            onnx.checker.check_model(model)
        except Exception as error:  # tf2onnx and onnx fail in many ways
            reason = first_line(error, 300)
            raise WorkError(f"{pipeline.config.model} could not be converted to ONNX: {endpoint}: {reason}") from error
        yield names[endpoint], model


def _with_output_ids(function: Callable, **inputs: Any) -> dict[str, Any]:
    return {OUTPUT_IDS if name == "ids" else name: value for name, value in function(**inputs).items()}


def _convert_one_hot(graph: Any, node: Any, name: str, args: list) -> None:
    """Convert a one-hot: tf2onnx converts float32 alone, so other types are cast to float32 and back."""
    from onnx import TensorProto
    from tf2onnx.onnx_opset.tensor import OneHot

    dtype = graph.get_dtype(node.output[0])
    if dtype != TensorProto.FLOAT:
        for value in node.input[2:]:
            graph.insert_new_node_on_input(node, "Cast", value, to=TensorProto.FLOAT)
    OneHot.version_13(graph, node)
    if dtype != TensorProto.FLOAT:
        graph.set_dtype(node.output[0], TensorProto.FLOAT)
        graph.insert_new_node_on_output("Cast", node.output[0], to=dtype)


def _convert_select(graph: Any, node: Any, name: str, args: list) -> None:
    """Convert `tf.where`: tf2onnx multiplies with 0 and 1, so that NaN and infinity spoil the branch not taken."""
    from onnx import TensorProto
    from tf2onnx.onnx_opset.controlflow import Select

    if graph.get_dtype(node.output[0]) == TensorProto.FLOAT:
        node.type = "Where"
    else:
        Select.version_9(graph, node)


def _share_weights(graph: Any, weights: BinaryIO, offsets: dict[bytes, int]) -> None:
    """Move the large constants of a graph into the file of weights, unless a graph before it has put them there.

    Args:
        graph: the `onnx.GraphProto`.
        weights: the file.
        offsets: the place in the file of every constant by its SHA-256; it is extended.
    """
    from onnx.external_data_helper import set_external_data

    for tensor in graph.initializer:
        content = tensor.raw_data
        if len(content) < SHARED_BYTES:
            continue
        digest = hashlib.sha256(content).digest()
        if digest not in offsets:
            offsets[digest] = weights.tell()
            weights.write(content)
        set_external_data(tensor, location=WEIGHTS, offset=offsets[digest], length=len(content))
        tensor.ClearField("raw_data")


def load_onnx(path: str | os.PathLike) -> Pipeline:
    """Return the pipeline of the graphs that `export_onnx` wrote, run by onnxruntime.

    Raises:
        CallError: the folder is damaged or was not written by `export_onnx`, or onnxruntime is not installed.
    """
    path = Path(path)
    _import("onnxruntime")
    check_digests(path, path / DIGESTS)
    files = {file.name: file.read_bytes() for file in path.iterdir() if file.suffix in (".model", ".json")}
    functions = {file.stem: _Endpoint(file) for file in sorted(path.glob("*.onnx"))}
    return pipeline_from(files, functions, path)


class _Endpoint:
    """An ONNX file as a function of named arrays; it is read when it is first called."""

    def __init__(self, file: Path):
        self.file = file

    @cached_property
    def session(self) -> Any:
        runtime = _import("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # errors are raised, so only fatal ones are printed
        try:
            return runtime.InferenceSession(str(self.file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has its own exceptions
            raise CallError(f"{self.file} cannot be run here: {first_line(error)}") from error

    def __call__(self, ids: np.ndarray, **options: np.ndarray) -> dict[str, np.ndarray]:
        names = [output.name for output in self.session.get_outputs()]
        answer = dict(zip(names, self.session.run(None, {"ids": ids, **options}), strict=True))
        return {"ids" if name == OUTPUT_IDS else name: value for name, value in answer.items()}


def inspect_onnx(path: Path) -> dict[str, Any]:
    """Describe the graphs of an export; see `zoo.export.inspection.inspect`."""
    onnx = _import("onnx")
    signatures: dict[str, Any] = {}
    operations: Counter[str] = Counter()
    weights: dict[Any, tuple[str, int]] = {}
    for file in sorted(path.glob("*.onnx")):
        try:
            graph = onnx.load(str(file), load_external_data=False).graph
        except Exception as error:  # protobuf has its own exceptions
            raise CallError(f"{file} is damaged: {str(error)[:200]}") from error
        signatures[file.stem] = {"inputs": _tensor_texts(graph.input), "outputs": _tensor_texts(graph.output)}
        operations.update(node.op_type for node in _nodes(graph))
        for tensor in graph.initializer:
            stored = {entry.key: entry.value for entry in tensor.external_data}
            size = int(stored.get("length", tensor.ByteSize()))
            weights[stored.get("offset", (file, tensor.name))] = _dtype(tensor.data_type), size
    sizes: Counter[str] = Counter()
    for dtype, size in weights.values():
        sizes[dtype] += size
    described = {"signatures": signatures, "operations": dict(sorted(operations.items()))}
    return {"card": read_json(path / CARD)} | described | {"weights": dict(sizes.most_common())} | read_parity(path)


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph and of the bodies of its loops."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _tensor_texts(tensors: Any) -> dict[str, str]:
    texts = {}
    for tensor in sorted(tensors, key=lambda tensor: tensor.name):
        kind = tensor.type.tensor_type
        sizes = [axis.dim_value if axis.HasField("dim_value") else -1 for axis in kind.shape.dim]
        texts[tensor.name] = tensor_text(_dtype(kind.elem_type), sizes)
    return texts


def _dtype(number: int) -> str:
    from onnx import helper

    return helper.tensor_dtype_to_np_dtype(number).name


def _import(package: str) -> Any:
    """Import a package of the extra `onnx`.

    Raises:
        CallError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        message = f"{package} is not installed ({error}): pip install 'attention-zoo[onnx]'."
        raise CallError(message) from error
