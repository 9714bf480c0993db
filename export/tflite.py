"""LiteRT (.tflite): ids in, ids out, for phones and for Python without TensorFlow."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.artefact import export_folder, extra_files
from export.lite import DIGEST, LiteModel
from export.saved_model import write_graph
from export.signatures import litert_signatures
from zoo.errors import WorkError
from zoo.run import Run

FILE = "model.tflite"


def export_tflite(run: Run, out: str | os.PathLike, *, force: bool = False) -> dict[str, Any]:
    """Write `model.tflite`, which answers as the run does, with builtin operations only.

    Batch and length are dynamic. Its signatures are those of `export.signatures.litert_signatures`. The
    vocabularies and the card are in the same file, as the associated files of TFLite metadata
    are: a zip archive behind the model, which any unzip can read.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false.
        WorkError: the model cannot be converted or does not answer as Keras does.
    """
    return export_folder(run, out, force=force, format="tflite", write=_write, load=LiteModel)


def _write(run: Run, folder: Path) -> Path:
    path, model = folder / FILE, _convert(run)
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DIGEST, hashlib.sha256(model).hexdigest())
        for name, content in extra_files(run).items():
            archive.writestr(name, content)
    return path


def _convert(run: Run) -> bytes:
    signatures = litert_signatures(run)
    with tempfile.TemporaryDirectory() as folder:
        write_graph(run, Path(folder), signatures, litert=True)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:300]
            raise WorkError(f"{run.config['model']} could not be converted to .tflite: {reason}") from error
