"""The shortlist of a translation model: the target pieces among which its decoding chooses."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.archives import check_archive
from zoo.atomic_files import new_file
from zoo.constants import END, START
from zoo.errors import CallError, first_line

SHORTLIST = "shortlist.npz"  # in a run folder


@dataclass(frozen=True, kw_only=True, eq=False)
class Shortlist:
    """The target pieces that may translate each source piece.

    The candidates of a sentence are the union of the rows of its pieces, and the pieces that are always candidates.

    Attributes:
        table: int32 (source vocabulary, k), target ids; a row with fewer ends with id 0.
        always: int32 (n,), target ids in ascending order, among them 0 to 3, the special ids.
        target_size: the size of the target vocabulary.

    Raises:
        CallError: arrays of other kinds, or ids that are not in the vocabulary.
    """

    table: np.ndarray
    always: np.ndarray
    target_size: int

    def __post_init__(self):
        for name, rank in ("table", 2), ("always", 1):
            ids = getattr(self, name)
            if ids.dtype != np.int32 or ids.ndim != rank:
                raise CallError(f"`{name}` must be int32 of {rank} axes. Received: {ids.dtype} of shape {ids.shape}.")
            if ids.size and not 0 <= ids.min() <= ids.max() < self.target_size:
                raise CallError(f"`{name}` must have ids from 0 to {self.target_size - 1}.")
        if not set(range(4)) <= set(self.always.tolist()):
            raise CallError("`always` must have the special ids 0 to 3.")

    def check(self, model) -> None:
        """Check that a model can decode with this shortlist.

        Raises:
            CallError: it does not translate, or has other vocabularies or other special ids.
        """
        if getattr(model, "task", None) != "translation":
            raise CallError(f"Only a translation model has a shortlist. Received: {type(model).__name__}.")
        sizes = [model.options[f"{side}_vocabulary_size"] for side in ("source", "target")]
        expected = [len(self.table), self.target_size]
        if sizes != expected:
            raise CallError(f"The shortlist is for vocabularies of {expected} pieces. Received: a model of {sizes}.")
        if (model.start_id, model.end_id) != (START, END):
            received = f"start_id={model.start_id}, end_id={model.end_id}"
            raise CallError(f"A shortlist needs start_id={START}, end_id={END}. Received: {received}.")

    def candidates(self, source_ids) -> np.ndarray:
        """Return the candidates of one sentence, ids in ascending order, from the ids of its pieces."""
        return np.union1d(self.table[np.asarray(source_ids, np.int32)], self.always)

    def save(self, path: str | os.PathLike) -> None:
        """Write a .npz file atomically.

        Raises:
            WorkError: the file could not be written.
        """
        with new_file(path) as draft, draft.open("wb") as file:
            np.savez(file, table=self.table, always=self.always, target_size=self.target_size)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Shortlist":
        """Read the file that `save` wrote.

        Raises:
            CallError: there is no such file, or it is damaged, or would grow out of all proportion when it is read.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                check_archive(archive, Path(path).stat().st_size)
            with np.load(Path(path), allow_pickle=False) as arrays:
                return cls(table=arrays["table"], always=arrays["always"], target_size=int(arrays["target_size"]))
        except FileNotFoundError as error:
            raise CallError(f"There is no file {path}.") from error
        except Exception as error:  # of an archive from elsewhere: many kinds, among them MemoryError for a false size
            raise CallError(f"{path} is damaged or no shortlist: {first_line(error)}") from error
