"""Rows of numbers and texts, each in one array: in memory, or in a temporary file for what is larger than memory.

A temporary file has no name, so its space is free as soon as the process ends, in whatever way. It is mapped into
memory: the operating system reads the pages that are used and drops them when memory is short.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np

from zoo.constants import PAD
from zoo.errors import WorkError

CHUNK = 10_000  # texts that are in memory at a time


@dataclass(frozen=True)
class Rows:
    """Rows of different lengths.

    Attributes:
        values: the numbers of all rows, one row after the other.
        bounds: the place of each row's first number in `values`; the last bound is the end of the last row.
    """

    values: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> "Rows":
        """Return the rows of a list."""
        writer = RowWriter(np.int32)
        writer.add(list(rows))
        return writer.rows()

    @classmethod
    def empty(cls, count: int) -> "Rows":
        """Return rows of length 0."""
        return cls(np.zeros(0, np.int32), np.broadcast_to(np.int64(0), count + 1))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.bounds[row] : self.bounds[row + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[row] for row in range(len(self)))

    def lengths(self) -> np.ndarray:
        """Return the length of each row."""
        return np.subtract(self.bounds[1:], self.bounds[:-1], dtype=np.int32, casting="unsafe")

    def tolist(self) -> list[list[int]]:
        """Return the rows as lists."""
        return [self.values[begin:end].tolist() for begin, end in pairwise(self.bounds)]

    def padded(self, rows: np.ndarray, width: int | None = None) -> np.ndarray:
        """Return some rows as an array (rows, width), with padding at the ends; default: the longest row's width."""
        begins = self.bounds[rows]
        lengths = self.bounds[rows + 1] - begins
        places = np.arange(lengths.max() if width is None else width)
        inside = places < lengths[:, None]
        ids = np.full(inside.shape, PAD, np.int32)
        ids[inside] = self.values[(begins[:, None] + places)[inside]]
        return ids


class ArrayWriter:
    """Collects the numbers of an array.

    Args:
        dtype: the type of the numbers.
        folder: the folder of a temporary file; None: in memory.
    """

    def __init__(self, dtype: Any, folder: Path | None = None):
        self.dtype = np.dtype(dtype)
        self.folder = folder
        with _explained(folder):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self.file: Any = io.BytesIO() if folder is None else tempfile.TemporaryFile(dir=folder)

    def add(self, numbers: np.ndarray) -> None:
        """Append numbers.

        Raises:
            WorkError: the disk is full.
        """
        with _explained(self.folder):
            self.file.write(np.ascontiguousarray(numbers, self.dtype).data)

    def array(self) -> np.ndarray:
        """Return the array of all numbers; after this call none can be added."""
        if self.folder is None:
            return np.frombuffer(self.file.getbuffer(), self.dtype)
        with _explained(self.folder), self.file as file:
            file.flush()
            if not file.tell():  # an empty file cannot be mapped
                return np.zeros(0, self.dtype)
            return np.asarray(np.memmap(file, self.dtype, "r"))


class RowWriter:
    """Collects rows; arguments as in `ArrayWriter`."""

    def __init__(self, dtype: Any, folder: Path | None = None):
        self.values, self.bounds = ArrayWriter(dtype, folder), ArrayWriter(np.int64, folder)
        self.bounds.add(np.zeros(1))
        self.end = 0

    def add(self, rows: Sequence[Sequence[int]]) -> None:
        """Append rows."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        values = np.fromiter(chain.from_iterable(rows), self.values.dtype, lengths.sum())
        self.add_flat(values, lengths)

    def add_flat(self, values: np.ndarray, lengths: np.ndarray) -> None:
        """Append the numbers of rows, and the length of each row."""
        self.values.add(values)
        self.bounds.add(self.end + np.cumsum(lengths))
        self.end += int(lengths.sum())

    def rows(self) -> Rows:
        """Return all rows."""
        return Rows(self.values.array(), self.bounds.array())


class Texts(Sequence[str]):
    """Texts as rows of UTF-8 bytes. A slice of them is a list.

    Args:
        rows: the bytes of each text.
    """

    def __init__(self, rows: Rows):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index):
        """Return a text, or the list of texts of a slice."""
        if not isinstance(index, slice):
            return self.rows[range(len(self))[index]].tobytes().decode()
        begin, end, step = index.indices(len(self))
        if step != 1:
            return [self[i] for i in range(begin, end, step)]
        bounds = self.rows.bounds[begin : max(begin, end) + 1]
        content = self.rows.values[bounds[0] : bounds[-1]].tobytes()
        return [content[first:last].decode() for first, last in pairwise((bounds - bounds[0]).tolist())]

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), CHUNK):
            yield from self[begin : begin + CHUNK]


class TextWriter(RowWriter):
    """Collects texts in a temporary file.

    Args:
        folder: the folder of the file.
    """

    def __init__(self, folder: Path):
        super().__init__(np.uint8, folder)

    def add_texts(self, texts: Iterable[str]) -> None:
        """Append texts."""
        content = [text.encode() for text in texts]
        lengths = np.fromiter(map(len, content), np.int64, len(content))
        self.add_flat(np.frombuffer(b"".join(content), np.uint8), lengths)

    def texts(self) -> Texts:
        """Return all texts."""
        return Texts(self.rows())


@contextlib.contextmanager
def _explained(folder: Path | None) -> Iterator[None]:
    """Turn an `OSError` of a temporary file into a `WorkError` that names its folder."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise WorkError(f"Could not write a temporary file in {folder}: {reason}.") from error
