"""LiteRT (.tflite): ids in, ids and pieces out, for phones and for Python without TensorFlow."""

import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.constants import MAX_SOURCE_PIECES
from zoo.errors import CallError
from zoo.export.artefact import Draft, artefact
from zoo.export.lite import LiteModel
from zoo.export.litert.archive import LITERT_TEXT_FILE, write_tflite
from zoo.export.litert.compiled import compiled_functions
from zoo.export.litert.convert import convert, with_pieces
from zoo.export.litert.quantize import MAX_DROP, check_quantize
from zoo.export.litert.text_ops import lite_text_signatures, text_interpreter
from zoo.export.parity.keras import compare_with_keras
from zoo.export.parity.quantized import measure_drop
from zoo.export.parity.runtimes import compare_runtimes
from zoo.export.parity.text_ops import compare_text_ops
from zoo.export.signatures import litert_signatures
from zoo.pipeline import Pipeline
from zoo.run_folder import LITERT_FILE


def export_tflite(
    pipeline: Pipeline,
    out: str | os.PathLike,
    *,
    force: bool = False,
    shape: Sequence[int] | None = None,
    quantize: str = "none",
    max_drop: float = MAX_DROP,
    text_ops: bool = False,
) -> dict[str, Any]:
    """Write `model.tflite`, which answers as the run does, with builtin operations only.

    Batch and length are dynamic unless `shape` is given. Its signatures are those of `litert_signatures`; an answer has
    its `pieces` (strings) beside its `ids`. The vocabularies and the card are in the same file, as the associated files
    of TFLite metadata are: a zip archive behind the model.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make.
        force: replace what exists at `out`.
        shape: a batch size and a length, for runtimes that need all sizes before they run (LiteRT.js, CompiledModel
            and the LiteRT C API). Rows are padded with 0, answers have the greatest length, the beam width is 4, and
            there are no `pieces`, since these runtimes have no strings.
        quantize: the type in which weights are stored: "none" (float32), "float16" or "int8".
        max_drop: the largest drop of the score on the samples of the run that is accepted for quantised weights.
        text_ops: also write `model.text.tflite`: text in, text out, for apps that link the operations of TF Text.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or an option has a wrong value.
        WorkError: the model cannot be converted, does not answer as Keras does, or its score drops too much.
    """
    check_quantize(quantize, max_drop)
    sizes = None if shape is None else _checked_shape(shape)
    with artefact(pipeline, out, format="tflite", force=force) as draft:
        path = draft.folder / LITERT_FILE
        actual, parity = write_compared(draft, path, sizes=sizes, quantize=quantize, max_drop=max_drop)
        texts = draft.texts_for(actual)
        if sizes is not None:
            parity |= compare_runtimes(compiled_functions(path), actual, texts, sizes)
        if text_ops:
            model = convert(pipeline.model, lite_text_signatures(pipeline), {quantize}, custom=True)[quantize]
            text_path = write_tflite(pipeline, draft.folder / LITERT_TEXT_FILE, model)
            detail = text_interpreter(text_path).get_signature_runner("detail")
            parity |= compare_text_ops(detail, actual, texts, LITERT_TEXT_FILE)
        draft.keep(path, parity)
    return draft.report


def write_compared(
    draft: Draft, path: Path, *, quantize: str, max_drop: float, sizes: tuple[int, int] | None = None
) -> tuple[Pipeline, dict[str, Any]]:
    """Write a .tflite of the pipeline of a draft and compare it with Keras.

    Args:
        draft: the artefact that is being written.
        path: the file to write.
        quantize, max_drop: as in `export_tflite`.
        sizes: its `shape`.

    Returns:
        The pipeline of the .tflite, and the result of the comparison.

    Raises:
        WorkError: the model cannot be converted, does not answer as Keras does, or its score drops too much.
    """
    pipeline = draft.pipeline
    signatures = with_pieces(pipeline, litert_signatures(pipeline.model, sizes), sizes)
    models = convert(pipeline.model, signatures, {"none", quantize})
    actual = LiteModel(write_tflite(pipeline, path, models[quantize]))
    texts = draft.texts_for(actual)
    if quantize == "none":
        return actual, compare_with_keras(pipeline, actual, texts, "tflite")
    parity = {"quantize": quantize} | measure_drop(pipeline, actual, texts, max_drop=max_drop)
    sizes_of_models = {"model_bytes": len(models[quantize]), "float32_model_bytes": len(models["none"])}
    return actual, parity | sizes_of_models


def _checked_shape(shape: Sequence[int]) -> tuple[int, int]:
    try:
        rows, length = map(operator.index, shape)
    except (TypeError, ValueError):
        rows, length = 0, 0
    if rows < 1 or not 2 <= length <= MAX_SOURCE_PIECES:
        expected = f"a batch size of 1 or more and a length of 2 to {MAX_SOURCE_PIECES}"
        received = ",".join(map(str, shape)) if isinstance(shape, Sequence) else shape
        raise CallError(f"`shape` must be {expected}. Received: {received}.")
    return rows, length
