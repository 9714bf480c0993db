"""The conversion of signatures to a .tflite."""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.errors import CallError, WorkError, first_line
from zoo.export.litert.compact import compact
from zoo.export.litert.quantize import set_precision
from zoo.export.litert.text_ops import piece_vector
from zoo.export.saved_model import write_graph
from zoo.export.signatures import Signature
from zoo.pipeline import Pipeline


def convert(
    model: Any,
    signatures: dict[str, Signature],
    quantize: set[str],
    *,
    custom: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """Return a .tflite with these signatures for each type of weights.

    Args:
        model: the Keras model.
        signatures: by name.
        quantize: the types of weights: "none", "float16" and "int8".
        custom: allow operations that are not builtin.
        settings: further attributes of `tf.lite.TFLiteConverter`, by name.

    Raises:
        WorkError: the model cannot be converted.
    """
    models = {}
    with tempfile.TemporaryDirectory() as folder:
        write_graph(model, Path(folder), signatures, litert=True)
        for weights in sorted(quantize):
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            converter.allow_custom_ops = custom
            set_precision(converter, weights)
            for name, value in (settings or {}).items():
                if not hasattr(converter, name):
                    raise CallError(f"The converter to LiteRT has no option `{name}`.")
                setattr(converter, name, value)
            try:
                content = converter.convert()
            except Exception as error:
                reason = first_line(error, 300)
                raise WorkError(f"{model.name} could not be converted to .tflite: {reason}") from error
            models[weights] = compact(content) if weights == "int8" else content
    return models


def with_pieces(
    pipeline: Pipeline, signatures: dict[str, Signature], shape: tuple[int, int] | None = None
) -> dict[str, Signature]:
    """Return the signatures with `pieces` (strings) beside their `ids`.

    Classifiers, and signatures with a fixed `shape`, are returned unchanged.
    """
    if shape is not None or pipeline.task == "classification":
        return signatures
    pieces = piece_vector(pipeline.vocabularies["target" if pipeline.task == "translation" else "source"])

    def with_pieces_of(function: Callable, **inputs: Any) -> dict[str, Any]:
        answer = function(**inputs)
        return answer | ({"pieces": tf.gather(pieces, answer["ids"])} if "ids" in answer else {})

    return {
        name: Signature(partial(with_pieces_of, signature.function), signature.inputs)
        for name, signature in signatures.items()
    }
