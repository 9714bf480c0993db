"""LiteRT (.tflite): ids in, ids and pieces out, for phones and for Python without TensorFlow."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.constants import MAX_SOURCE_PIECES
from zoo.errors import CallError, WorkError
from zoo.export.artefact import export_folder, extra_files
from zoo.export.lite import DIGEST, LiteModel
from zoo.export.litert.compiled import compare_runtimes
from zoo.export.litert.quantize import MAX_DROP, check_quantize, judge_by, set_precision
from zoo.export.litert.text_ops import check_text, lite_text_signatures, piece_vector
from zoo.export.names import LITERT_FILE, LITERT_TEXT_FILE
from zoo.export.saved_model import write_graph
from zoo.export.signatures import Signature, litert_signatures
from zoo.predictor import Predictor
from zoo.run_folder import Run


def export_tflite(
    run: Run,
    out: str | os.PathLike,
    *,
    force: bool = False,
    shape: Sequence[int] | None = None,
    quantize: str = "none",
    max_drop: float = MAX_DROP,
    text_ops: bool = False,
) -> dict[str, Any]:
    """Write `model.tflite`, which answers as the run does, with builtin operations only.

    Batch and length are dynamic unless `shape` is given. Its signatures are those of
    `litert_signatures`; where there is an answer its `pieces` (strings) stand beside its `ids`. The vocabularies and
    the card are in the same file, as the associated files of TFLite metadata are: a zip archive behind the model.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.
        shape: a batch size and a length, for runtimes that must know all sizes before they run (LiteRT.js,
            CompiledModel and the LiteRT C API). Rows are padded with 0, answers are as long as the longest can be, the
            beam is of 4, and there are no `pieces`, since these runtimes have no strings.
        quantize: "none"; or "float16" or "int8", the type that weights are stored in.
        max_drop: how much worse a quantised model may score on the samples of the run; see `zoo.export.litert`.
        text_ops: write `model.text.tflite` too: text in, text out, for apps that link the operations of TF Text.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or an option is bad.
        WorkError: the model cannot be converted, does not answer as Keras does, or quantised scores too badly.
    """
    check_quantize(quantize, max_drop)
    sizes = None if shape is None else _checked_shape(shape)
    unquantised: list[int] = []

    def write(run: Run, folder: Path) -> Path:
        models = convert(run, with_pieces(run, litert_signatures(run, sizes), sizes), {"none", quantize})
        unquantised.append(len(models["none"]))
        if text_ops:
            text = convert(run, lite_text_signatures(run), {quantize}, custom=True)[quantize]
            write_file(run, folder / LITERT_TEXT_FILE, text)
        return write_file(run, folder / LITERT_FILE, models[quantize])

    judge = judge_by(quantize, max_drop, unquantised, "tflite")

    def check(_: Predictor, path: Path, texts: list[str]) -> dict[str, Any]:
        report = {} if sizes is None else compare_runtimes(path, LiteModel(path), texts, sizes)
        return report | (check_text(run, path.with_name(LITERT_TEXT_FILE), texts, LiteModel(path)) if text_ops else {})

    return export_folder(run, out, force=force, format="tflite", write=write, load=LiteModel, judge=judge, check=check)


def _checked_shape(shape: Sequence[int]) -> tuple[int, int]:
    rows, length = shape if len(shape) == 2 else (0, 0)
    if rows < 1 or not 2 <= length <= MAX_SOURCE_PIECES:
        expected = f"a batch size of 1 or more and a length of 2 to {MAX_SOURCE_PIECES}"
        raise CallError(f"`shape` must be {expected}. Received: {','.join(map(str, shape))}.")
    return rows, length


def write_file(run: Run, path: Path, model: bytes) -> Path:
    """Write a .tflite with the vocabularies and the card behind it, and return its path."""
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DIGEST, hashlib.sha256(model).hexdigest())
        for name, content in extra_files(run).items():
            archive.writestr(name, content)
    return path


def with_pieces(
    run: Run, signatures: dict[str, Signature], shape: tuple[int, int] | None = None
) -> dict[str, Signature]:
    """Let every signature that answers with `ids` answer with their `pieces` too; not those of a known shape."""
    if shape is not None or run.task == "classification":
        return signatures
    pieces = piece_vector(run.vocabularies["target" if run.task == "translation" else "source"])

    def pieced(function: Callable, **inputs: Any) -> dict[str, Any]:
        answer = function(**inputs)
        return answer | ({"pieces": tf.gather(pieces, answer["ids"])} if "ids" in answer else {})

    return {name: Signature(partial(pieced, one.function), one.inputs) for name, one in signatures.items()}


def convert(run: Run, signatures: dict[str, Signature], kinds: set[str], *, custom: bool = False) -> dict[str, bytes]:
    """Return a .tflite of each kind of weights, see `zoo.export.litert.quantize`, that has these signatures.

    Args:
        run: the trained model.
        signatures: by name.
        kinds: of "none", "float16" and "int8".
        custom: allow operations that are not builtin.

    Raises:
        WorkError: the model cannot be converted.
    """
    models = {}
    with tempfile.TemporaryDirectory() as folder:
        write_graph(run, Path(folder), signatures, litert=True)
        for kind in sorted(kinds):
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            converter.allow_custom_ops = custom
            set_precision(converter, kind)
            try:
                models[kind] = converter.convert()
            except Exception as error:
                reason = str(error).strip().splitlines()[0][:300]
                raise WorkError(f"{run.config.model} could not be converted to .tflite: {reason}") from error
    return models
