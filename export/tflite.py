"""LiteRT (.tflite): ids in, ids out, for phones and for Python without TensorFlow."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.artefact import export_folder, extra_files
from export.fixed import check_shape, fixed
from export.lite import DIGEST, LiteModel
from export.saved_model import write_graph
from export.signatures import Signature, id_signatures
from zoo.errors import WorkError
from zoo.run import Run

FILE = "model.tflite"


def export_tflite(
    run: Run, out: str | os.PathLike, *, force: bool = False, shape: Sequence[int] | None = None
) -> dict[str, Any]:
    """Write `model.tflite`, which answers as the run does, with builtin operations only.

    Batch and length are dynamic unless `shape` is given. Its signatures are those of `export.signatures.id_signatures`. The
    vocabularies and the card are in the same file, as the associated files of TFLite metadata
    are: a zip archive behind the model, which any unzip can read.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.
        shape: a batch size and a length, for runtimes that must know all sizes before they run; see `export.fixed`.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or `shape` is no shape.
        WorkError: the model cannot be converted or does not answer as Keras does.
    """
    sizes = None if shape is None else check_shape(shape)

    def write(run: Run, folder: Path) -> Path:
        return _write(run, folder, sizes)

    return export_folder(run, out, force=force, format="tflite", write=write, load=LiteModel)


def _write(run: Run, folder: Path, shape: tuple[int, int] | None) -> Path:
    path, model = folder / FILE, _convert(run, shape)
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DIGEST, hashlib.sha256(model).hexdigest())
        for name, content in extra_files(run).items():
            archive.writestr(name, content)
    return path


def _convert(run: Run, shape: tuple[int, int] | None = None) -> bytes:
    signatures = id_signatures(run)
    if shape is not None:
        signatures = {name: fixed(signature, shape) for name, signature in signatures.items()}
    return convert(run, signatures)


def convert(run: Run, signatures: dict[str, Signature]) -> bytes:
    """Convert signatures of a model to a .tflite of builtin operations, in which they share the weights.

    Raises:
        WorkError: they cannot be converted.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_graph(run, Path(folder), signatures, litert=True)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:300]
            raise WorkError(f"{run.config['model']} could not be converted to .tflite: {reason}") from error
