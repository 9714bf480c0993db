"""The file that is written: a .tflite with a zip archive behind it, as TFLite metadata keeps associated files.

No TensorFlow is imported here.
"""

import hashlib
import io
import zipfile
from pathlib import Path

from zoo.archives import check_archive
from zoo.errors import CallError
from zoo.export.card import extra_files
from zoo.pipeline import Pipeline

LITERT_TEXT_FILE = "model.text.tflite"  # the file beside model.tflite, text in, text out
MAGIC = b"TFL3"  # at byte 4 of every .tflite
DIGEST = "model.sha256"  # in the archive: the SHA-256 of the bytes before the archive


def write_tflite(pipeline: Pipeline, path: Path, model: bytes) -> Path:
    """Write a .tflite with the vocabularies and the card behind it, and return its path."""
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DIGEST, hashlib.sha256(model).hexdigest())
        for name, content in extra_files(pipeline).items():
            archive.writestr(name, content)
    return path


def read_tflite(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the model and the files in the archive behind it.

    Raises:
        CallError: the file cannot be read, is damaged, or was not written by `write_tflite`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CallError(f"Cannot read {path}: {error.strerror or error}.") from error
    if content[4:8] != MAGIC:
        raise CallError(f"{path} is damaged or not made by `zoo export`: it does not begin as a .tflite does.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_archive(archive, len(content))
            files = {name: archive.read(name) for name in archive.namelist()}
            begin = min((member.header_offset for member in archive.infolist()), default=0)
    except Exception as error:  # a damaged archive fails in many ways, with messages that are not for users
        raise CallError(f"{path} is damaged or not made by `zoo export`: {error}") from error
    model = content[:begin]
    if hashlib.sha256(model).hexdigest().encode() != files.get(DIGEST):
        raise CallError(f"{path} is damaged: its content is not what `zoo export` wrote.")
    return model, files
