"""The life of an export: it is written to a hidden folder, compared with Keras, and only then given its name."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.atomic_files import check_apart, new_folder
from zoo.export.card import PARITY
from zoo.export.parity.samples import ODD_TEXTS
from zoo.json_files import write_json
from zoo.pipeline import Pipeline
from zoo.predictor import Predictor


@dataclass(kw_only=True)
class Draft:
    """An artefact that is being written.

    Attributes:
        pipeline: the trained model with its vocabularies.
        folder: the hidden folder that holds the artefact until the block of `artefact` ends.
        out: the final name of the folder.
        format: the name of the format.
        samples: the texts for which the artefact is compared with Keras.
        report: the result of the export, as `zoo export --json` prints it; empty until `keep` is called.
    """

    pipeline: Pipeline
    folder: Path
    out: Path
    format: str
    samples: list[str]
    report: dict[str, Any] = field(default_factory=dict)

    def texts_for(self, actual: Predictor) -> list[str]:
        """Return the samples that the artefact does not cut shorter than Keras does."""
        if actual.max_pieces >= self.pipeline.max_pieces:
            return self.samples
        cuts = zip(self.samples, actual.truncated(self.samples), strict=True)
        return [text for text, cut in cuts if not cut]

    def keep(self, path: Path, parity: dict[str, Any]) -> None:
        """Let the artefact take its final name when the block ends.

        Args:
            path: the file or folder in the draft that is loaded.
            parity: the proof of the comparison with Keras; it is written to `parity.json`.
        """
        parity = parity | {"versions": self.pipeline.config.versions}
        write_json(self.folder / PARITY, parity)
        self.report = {
            "path": str(self.out / path.relative_to(self.folder)),
            "format": self.format,
            "bytes": size_of(self.folder),
            "parity": parity,
        }


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@contextlib.contextmanager
def artefact(pipeline: Pipeline, out: str | os.PathLike, *, format: str, force: bool) -> Iterator[Draft]:
    """Yield a draft that takes the name `out` when the block succeeds and the draft was kept.

    Inside the block a GPU multiplies in full float32, so that Keras can be compared with what runs elsewhere.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make.
        format: the name of the format.
        force: replace what exists at `out`.

    Raises:
        CallError: `out` exists and `force` is false, `out` holds the run, or the run has no samples.
        WorkError: the disk is full.
        RuntimeError: the block ended without `keep`.
    """
    from zoo.gpu import full_float32  # here: it imports TensorFlow, and an artefact is loaded without

    check_apart(out, *([] if pipeline.path is None else [pipeline.path]))
    samples = pipeline.samples.sources + ODD_TEXTS
    with full_float32(), new_folder(out, force) as folder:
        draft = Draft(pipeline=pipeline, folder=folder, out=Path(out), format=format, samples=samples)
        yield draft
        if not draft.report:
            raise RuntimeError(f"The {format} was not kept: `Draft.keep` was not called.")
