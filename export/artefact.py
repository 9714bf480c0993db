"""The life of an export: it is written to a hidden folder, compared with Keras, and only then given its name."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.atomic_files import check_apart, new_folder
from zoo.export.card import PARITY
from zoo.export.parity.samples import sample_texts
from zoo.predictor import Predictor
from zoo.run_folder import Run, write_json


@dataclass(kw_only=True)
class Draft:
    """An artefact that is being written.

    Attributes:
        run: the trained model.
        folder: the hidden folder that holds the artefact until the block of `artefact` ends.
        out: the final name of the folder.
        format: the name of the format.
        expected: a predictor backed by the Keras model.
        samples: the texts for which the artefact is compared with Keras.
        report: the result of the export, as `zoo export --json` prints it; empty until `keep` is called.
    """

    run: Run
    folder: Path
    out: Path
    format: str
    expected: Predictor
    samples: list[str]
    report: dict[str, Any] = field(default_factory=dict)

    def texts_for(self, actual: Predictor) -> list[str]:
        """Return the samples that the artefact does not cut shorter than Keras does."""
        cuts = zip(self.samples, self.expected.truncated(self.samples), actual.truncated(self.samples), strict=True)
        return [text for text, cut_by_keras, cut in cuts if cut_by_keras or not cut]

    def keep(self, path: Path, parity: dict[str, Any]) -> None:
        """Let the artefact take its final name when the block ends.

        Args:
            path: the file or folder in the draft that is loaded.
            parity: the proof of the comparison with Keras; it is written to `parity.json`.
        """
        parity = parity | {"versions": self.run.config.versions}
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
def artefact(run: Run, out: str | os.PathLike, *, format: str, force: bool) -> Iterator[Draft]:
    """Yield a draft that takes the name `out` when the block succeeds and the draft was kept.

    Args:
        run: the trained model.
        out: the folder to make.
        format: the name of the format.
        force: replace what exists at `out`.

    Raises:
        CallError: `out` exists and `force` is false, `out` holds the run, or the run has no samples.
        WorkError: the disk is full.
        RuntimeError: the block ended without `keep`.
    """
    check_apart(out, run.path)
    samples = sample_texts(run.path)
    with new_folder(out, force) as folder:
        draft = Draft(run=run, folder=folder, out=Path(out), format=format, expected=run.predictor(), samples=samples)
        yield draft
        if not draft.report:
            raise RuntimeError(f"The {format} was not kept: `Draft.keep` was not called.")
