"""SavedModel: text in, text out, for TF Serving and for Python without the zoo."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.atomic_files import sha256_of
from zoo.errors import CallError, WorkError
from zoo.export.artefact import export_folder, extra_files, predictor_from
from zoo.export.names import ID_FUNCTIONS
from zoo.export.parity.text_signatures import compare_by_text
from zoo.export.signatures import Signature, id_signatures, text_signatures
from zoo.graph_text import GraphText, tensorflow_text
from zoo.predictor import Predictor
from zoo.recurrence.scan import inference_graph
from zoo.run_folder import Run, write_json

EXTRA = "assets.extra"  # where the SavedModel format keeps files that the graph does not read
DIGESTS = "sha256.json"  # the SHA-256 of every file that was written


def export_saved_model(
    run: Run, out: str | os.PathLike, *, ids_only: bool = False, force: bool = False
) -> dict[str, Any]:
    """Write a SavedModel that answers as the run does.

    Its signatures are those of `zoo.export.signatures`: by text where tensorflow-text is installed, by token
    ids always. The vocabularies lie in `assets.extra/`, one file a side.

    Args:
        run: the trained model.
        out: the folder to make.
        ids_only: leave the text signatures out: without them no operation of tensorflow-text is needed to load it.
        force: replace what stands there.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false.
        WorkError: the SavedModel does not answer as Keras does, or could not be written.
    """
    return export_folder(
        run,
        out,
        force=force,
        format="saved_model",
        write=lambda run, folder: write_saved_model(run, folder, ids_only=ids_only),
        load=load_saved_model,
        check=None if ids_only else lambda expected, path, texts: compare_by_text(expected, _load(path), texts),
    )


def write_saved_model(run: Run, folder: Path, *, ids_only: bool = False) -> Path:
    """Write a SavedModel, compared with nothing yet, and return its folder."""
    signatures, sides = id_signatures(run), {}
    if not ids_only and tensorflow_text() is not None:
        sides = {side: GraphText(vocabulary) for side, vocabulary in run.vocabularies.items()}
        signatures |= text_signatures(run, sides)
    write_graph(run, folder, signatures, resources=[one.tokenizer for one in sides.values()])
    (folder / EXTRA).mkdir()
    for name, content in extra_files(run).items():
        (folder / EXTRA / name).write_bytes(content)
    write_json(folder / EXTRA / DIGESTS, {name: sha256_of(folder / name) for name in _names(folder)})
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_graph(
    run: Run,
    folder: Path,
    signatures: dict[str, Signature],
    *,
    resources: Iterable[Any] = (),
    litert: bool = False,
) -> None:
    """Write a SavedModel with these signatures, and the resources they use, into a folder.

    It holds the bare variables: `keras.export.ExportArchive` would store each twice.

    Args:
        run: the trained model.
        folder: where to write.
        signatures: by name.
        resources: what the signatures use besides the variables of the model.
        litert: trace loops as LiteRT can run them.

    Raises:
        WorkError: the disk is full.
    """
    module = tf.Module()
    module.weights = [variable.value for variable in run.model.variables]
    module.resources = list(resources)
    with inference_graph(litert=litert):
        graphs = {name: _graph(signature) for name, signature in signatures.items()}
    try:
        tf.saved_model.save(module, str(folder), signatures=graphs)
    except tf.errors.OpError as error:  # a full disk is no OSError to TensorFlow
        raise WorkError(f"Could not write {folder}: {str(error).splitlines()[0][:300]}") from error


def _graph(signature: Signature) -> Any:
    def function(*tensors):
        return signature.function(**dict(zip(signature.inputs, tensors, strict=True)))

    return tf.function(function, list(signature.inputs.values()), autograph=False).get_concrete_function()


def load_saved_model(path: str | os.PathLike) -> Predictor:
    """Read a SavedModel that `export_saved_model` wrote.

    Raises:
        CallError: it is damaged, or of another make.
    """
    path = Path(path)
    _check_whole(path)
    loaded = _load(path)
    files = {file.name: file.read_bytes() for file in (path / EXTRA).glob("*") if file.is_file()}
    functions = {name: _function(loaded, name) for name in ID_FUNCTIONS if name in loaded.signatures}
    return predictor_from(files, functions, path)


def _check_whole(path: Path) -> None:
    """Compare with the digests: TensorFlow has none for the graph, and a damaged one can end the process."""
    try:
        digests = json.loads((path / EXTRA / DIGESTS).read_text(encoding="utf-8"))
        damaged = [name for name, digest in digests.items() if sha256_of(path / name) != digest]
    except FileNotFoundError as error:
        missing = os.path.relpath(error.filename, path)
        raise CallError(f"{path} is damaged or not made by `zoo export`: it has no {missing}.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise CallError(f"{path} is damaged: {DIGESTS}: {error}.") from error
    if damaged:
        raise CallError(f"{path} is damaged: {', '.join(damaged)} is not what `zoo export` wrote.")


def _load(path):
    tensorflow_text()  # registers the operations of the text signatures, without which nothing loads
    try:
        return tf.saved_model.load(str(path))
    except Exception as error:  # a damaged SavedModel fails in many ways, none of them the user's to read
        raise CallError(f"{path} is damaged or no SavedModel: {str(error).splitlines()[0][:200]}") from error


def _function(loaded, name):
    signature = loaded.signatures[name]

    def function(ids, **more):
        inputs = {key: tf.constant(value) for key, value in {"ids": ids, **more}.items()}
        return {key: value.numpy() for key, value in signature(**inputs).items()}

    function.keep_alive = loaded  # type: ignore[attr-defined]
    return function
