"""A .keras file with weights of 16 bits, half as large; Keras reads them back as float32."""

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from zoo.errors import WorkError

LARGEST = 65_504  # in float16
WEIGHTS = "model.weights.h5"  # the weights in the archive that a .keras file is


def store_in_float16(file: Path) -> None:
    """Rewrite a .keras file with its float32 weights in float16, which has 11 significant bits.

    Raises:
        WorkError: a weight is too large for float16; the file is unchanged.
    """
    with zipfile.ZipFile(file) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    members[WEIGHTS] = _halved(members[WEIGHTS])
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _halved(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as source, h5py.File(buffer, "w") as target:
        _copy(source, target)
    return buffer.getvalue()


def _copy(source: Any, target: Any) -> None:
    """Copy a group of an HDF5 file with its attributes, and its float32 arrays in float16."""
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
        else:
            values = item[()]
            if values.dtype == np.float32:
                if np.abs(values).max(initial=0) > LARGEST:
                    raise WorkError(f"float16 holds weights up to {LARGEST:,}. Received larger ones in {item.name}.")
                values = values.astype(np.float16)
            target.create_dataset(name, data=values).attrs.update(item.attrs)
