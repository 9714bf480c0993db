"""`model.export`, as Keras has it: a Keras model alone, without vocabularies, as a SavedModel or a .tflite."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.atomic_files import new_file, new_folder
from zoo.errors import CallError
from zoo.export.litert.convert import convert
from zoo.export.saved_model import write_graph
from zoo.export.serving.versions import GRAPH
from zoo.export.signatures import Signature, id_signatures, litert_signatures
from zoo.models.base import TokenModel

FORWARD = "serving_default"  # the signature of the forward pass
OUTPUT = "output_0"  # the name that Keras gives to the output of a model


def export_saved_model(model: TokenModel, path: str | os.PathLike) -> None:
    """Write a SavedModel with the forward pass and the endpoints of a model, for any batch size and lengths.

    The forward pass is the signature `serving_default` and, as in every SavedModel of Keras, the function `serve` of
    the loaded object. The endpoints are those of `zoo.export.signatures.id_signatures`.

    Args:
        model: the model.
        path: the folder to make. A SavedModel that is there is replaced.

    Raises:
        CallError: `path` holds something else.
        WorkError: the disk is full.
    """
    path = Path(path)
    if path.exists() and not (path / GRAPH).is_file():
        raise CallError(f"{path} already exists and holds no SavedModel to replace.")
    with new_folder(path, force=True) as folder:
        write_graph(model, folder, {FORWARD: forward(model)} | id_signatures(model), functions={"serve": _serve(model)})


def export_litert(model: TokenModel, path: str | os.PathLike, settings: Mapping[str, Any]) -> None:
    """Write a .tflite with the forward pass and the endpoints of a model, of builtin operations alone.

    The forward pass is the signature `serving_default`; the endpoints are those of `litert_signatures`.

    Args:
        model: the model.
        path: the file to make or replace; its name ends in ".tflite".
        settings: attributes of `tf.lite.TFLiteConverter`, by name.

    Raises:
        CallError: the name has another end, or the converter has no such attribute.
        WorkError: the model cannot be converted, or the disk is full.
    """
    path = Path(path)
    if path.suffix != ".tflite":
        raise CallError(f'The name of a LiteRT file ends in ".tflite". Received: {path}.')
    signatures = {FORWARD: forward(model)} | litert_signatures(model)
    content = convert(model, signatures, {"none"}, settings=settings)["none"]
    with new_file(path) as draft:
        draft.write_bytes(content)


def forward(model: TokenModel) -> Signature:
    """Return the forward pass, from ids to logits, as a signature."""

    def function(**inputs):
        return {OUTPUT: model(inputs if len(inputs) > 1 else inputs["inputs"], training=False)}

    specs = model.input_specs()
    return Signature(function, specs if isinstance(specs, dict) else {"inputs": specs})


def _serve(model: TokenModel) -> Any:
    """Return the forward pass as a `tf.function` of the inputs that `model(inputs)` takes."""
    return tf.function(partial(model, training=False), [model.input_specs()], autograph=False)
