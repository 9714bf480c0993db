"""SavedModel: text in, text out, for TF Serving and for Python without the zoo."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from zoo.digests import DIGESTS, check_digests, write_digests
from zoo.errors import CallError, WorkError, first_line
from zoo.export.artefact import artefact
from zoo.export.card import CARD, extra_files, pipeline_from, read_json, read_parity
from zoo.export.parity.keras import compare_with_keras
from zoo.export.parity.text_signatures import compare_text_signatures
from zoo.export.serving.versions import GRAPH
from zoo.export.signatures import ID_SIGNATURES, Signature, id_signatures, text_signatures
from zoo.export.tensor_text import tensor_text
from zoo.graph_text import GraphText, tensorflow_text
from zoo.pipeline import Pipeline
from zoo.recurrence.scan import inference_graph

EXTRA = "assets.extra"  # the folder of a SavedModel for files that the graph does not read


def export_saved_model(
    pipeline: Pipeline, out: str | os.PathLike, *, ids_only: bool = False, force: bool = False
) -> dict[str, Any]:
    """Write a SavedModel that answers as the run does.

    Its signatures are those of `zoo.export.signatures`: over text where tensorflow-text is installed, over token
    ids always. The vocabularies are in `assets.extra/`, a file for each side.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make.
        ids_only: leave out the text signatures, so that loading needs no operation of tensorflow-text.
        force: replace what exists at `out`.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false.
        WorkError: the SavedModel does not answer as Keras does, or could not be written.
    """
    with artefact(pipeline, out, format="saved_model", force=force) as draft:
        write_saved_model(pipeline, draft.folder, ids_only=ids_only)
        loaded = _load_graph(draft.folder)
        actual = _pipeline(draft.folder, loaded)
        texts = draft.texts_for(actual)
        parity = compare_with_keras(pipeline, actual, texts, "saved_model")
        if not ids_only:
            parity |= compare_text_signatures(pipeline, loaded, texts)
        draft.keep(draft.folder, parity)
    return draft.report


def write_saved_model(pipeline: Pipeline, folder: Path, *, ids_only: bool = False) -> Path:
    """Write a SavedModel without comparing it, and return its folder."""
    signatures, sides = id_signatures(pipeline.model), {}
    if not ids_only and tensorflow_text() is not None:
        sides = {side: GraphText(vocabulary) for side, vocabulary in pipeline.vocabularies.items()}
        signatures |= text_signatures(pipeline, sides)
    write_graph(pipeline.model, folder, signatures, resources=[text.tokenizer for text in sides.values()])
    (folder / EXTRA).mkdir()
    for name, content in extra_files(pipeline).items():
        (folder / EXTRA / name).write_bytes(content)
    write_digests(folder, folder / EXTRA / DIGESTS)
    return folder


def write_graph(
    model: Any,
    folder: Path,
    signatures: dict[str, Signature],
    *,
    resources: Iterable[Any] = (),
    functions: Mapping[str, Any] | None = None,
    litert: bool = False,
) -> None:
    """Write the graph of a SavedModel into a folder.

    It holds the bare variables: `keras.export.ExportArchive` would store each twice.

    Args:
        model: the Keras model.
        folder: the folder to write into.
        signatures: by name.
        resources: the resources that the signatures use besides the variables of the model.
        functions: `tf.function`s that a loaded SavedModel has as attributes, by name.
        litert: trace loops as LiteRT can run them.

    Raises:
        WorkError: the disk is full.
    """
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.resources = list(resources)
    for name, function in (functions or {}).items():
        setattr(module, name, function)
    with inference_graph(litert=litert):
        graphs = {name: signature.graph().get_concrete_function() for name, signature in signatures.items()}
        try:
            tf.saved_model.save(module, str(folder), signatures=graphs)
        except tf.errors.OpError as error:  # a full disk is no OSError to TensorFlow
            raise WorkError(f"Could not write {folder}: {first_line(error, 300)}") from error


def load_saved_model(path: str | os.PathLike) -> Pipeline:
    """Return the pipeline of a SavedModel that `export_saved_model` wrote.

    Raises:
        CallError: the SavedModel is damaged, or was not written by `export_saved_model`.
    """
    path = Path(path)
    # TensorFlow has no digest for the graph, and a damaged graph can end the process.
    check_digests(path, path / EXTRA / DIGESTS)
    return _pipeline(path, _load_graph(path))


def _pipeline(path: Path, loaded: Any) -> Pipeline:
    files = {file.name: file.read_bytes() for file in (path / EXTRA).glob("*") if file.is_file()}
    functions = {name: _function(loaded, name) for name in ID_SIGNATURES if name in loaded.signatures}
    return pipeline_from(files, functions, path)


def _load_graph(path: Path) -> Any:
    text = tensorflow_text()  # registers the operations of the text signatures, without which nothing loads
    try:
        return tf.saved_model.load(str(path))
    except Exception as error:  # a damaged SavedModel fails in many ways, with messages that are not for users
        if text is None and "not registered" in str(error):
            needed = "its signatures over text need tensorflow-text, which is not installed"
            raise CallError(f"{path} cannot be run here: {needed}. Without them: `zoo export --ids-only`.") from error
        raise CallError(f"{path} is damaged or no SavedModel: {first_line(error)}") from error


def _function(loaded: Any, name: str) -> Any:
    signature = loaded.signatures[name]

    def function(ids, **more):
        inputs = {key: tf.constant(value) for key, value in {"ids": ids, **more}.items()}
        return {key: value.numpy() for key, value in signature(**inputs).items()}

    function.keep_alive = loaded  # type: ignore[attr-defined]
    return function


def read_meta_graph(folder: Path) -> meta_graph_pb2.MetaGraphDef:
    """Read the graph and the signatures of a SavedModel, without loading it.

    Raises:
        CallError: the folder holds no SavedModel, or a damaged one.
    """
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString((folder / GRAPH).read_bytes())
        return proto.meta_graphs[0]
    except Exception as error:  # protobuf has its own exceptions
        raise CallError(f"{folder} holds no SavedModel that can be read: {str(error)[:200]}") from error


def signatures_of(graph: meta_graph_pb2.MetaGraphDef) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Return the signatures that can be called, by name, in the order of their names."""
    return {name: graph.signature_def[name] for name in sorted(graph.signature_def) if not name.startswith("__")}


def operations_of(graph: meta_graph_pb2.MetaGraphDef) -> Counter[str]:
    """Return the number of each operation in a graph and in all its functions."""
    functions = graph.graph_def.library.function
    nodes = [*graph.graph_def.node, *(node for function in functions for node in function.node_def)]
    own = {function.signature.name for function in functions}
    return Counter(node.op for node in nodes if node.op not in own)


def inspect_saved_model(path: Path) -> dict[str, Any]:
    """Describe a SavedModel; see `zoo.export.inspection.inspect`."""
    graph = read_meta_graph(path)
    signatures = {
        name: {"inputs": _tensor_texts(signature.inputs), "outputs": _tensor_texts(signature.outputs)}
        for name, signature in signatures_of(graph).items()
    }
    variables = (path / "variables").glob("*.data-*")
    return {
        "card": read_json(path / EXTRA / CARD),
        "signatures": signatures,
        "operations": dict(sorted(operations_of(graph).items())),
        "weights": {"float32": sum(file.stat().st_size for file in variables)},
    } | read_parity(path)


def _tensor_texts(tensors: Any) -> dict[str, str]:
    texts = {}
    for name, tensor in sorted(tensors.items()):
        shape = tensor.tensor_shape
        sizes = None if shape.unknown_rank else [axis.size for axis in shape.dim]
        texts[name] = tensor_text(tf.as_dtype(tensor.dtype).name, sizes)
    return texts
