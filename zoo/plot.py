"""Pictures of attention."""

import math
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.atomic_files import new_file
from zoo.errors import CallError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.3  # inches for each piece
LETTER = 0.09  # inches for each character of a label
LONGEST_LABEL = 20  # characters
MOST_PIXELS = 2e7  # a picture with hundreds of pieces would otherwise take gigabytes of memory
FORMATS = (".png", ".svg", ".pdf")


def check_picture(path: str | os.PathLike) -> Path:
    """Return the path of a picture, if one can be written there.

    Raises:
        CallError: the suffix is not that of a picture format, or the folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise CallError(f"A picture's name ends in {', '.join(FORMATS)}. Received: {path}.")
    if not path.parent.is_dir():
        raise CallError(f"There is no folder {path.parent} for the picture {path.name}.")
    return path


def draw_attention(
    path: str | os.PathLike, weights: np.ndarray, source_pieces: Sequence[str], target_pieces: Sequence[str]
) -> None:
    """Draw attention weights as a heat map, source across, target down.

    Args:
        path: the picture to write; the suffix is .png, .svg or .pdf.
        weights: the attention weights (target pieces, source pieces), each from 0 to 1.
        source_pieces: the labels above the columns.
        target_pieces: the labels beside the rows.

    Raises:
        CallError: the shape of the weights does not fit the labels, there are none, or `path` is refused by
            `check_picture`.
        WorkError: the picture could not be written.
    """
    path = check_picture(path)
    if weights.shape != (len(target_pieces), len(source_pieces)):
        raise CallError(
            f"Expected weights of shape {(len(target_pieces), len(source_pieces))}, "
            f"a row for each target piece and a column for each source piece. Received: {weights.shape}."
        )
    if not weights.size:
        raise CallError(f"Expected at least one piece on each side. Received weights of shape {weights.shape}.")
    figure = _heat_map(weights, [_label(piece) for piece in source_pieces], [_label(piece) for piece in target_pieces])
    width, height = figure.get_size_inches()
    dpi = min(150, math.sqrt(MOST_PIXELS / (width * height)))
    with new_file(path) as draft, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the picture shows a box in its place
        figure.savefig(draft, dpi=dpi, format=path.suffix[1:].lower())


def _heat_map(weights: np.ndarray, column_labels: list[str], row_labels: list[str]) -> "Figure":
    """Return a figure of the weights, large enough for its labels."""
    from matplotlib.figure import Figure  # without pyplot there are no windows and no global state

    rows, columns = weights.shape
    width = 1.4 + LETTER * max(map(len, row_labels)) + CELL * max(columns, 5)  # 1.4 for the colour bar and the margins
    height = 0.6 + LETTER * max(map(len, column_labels)) + CELL * max(rows, 5)  # 0.6 for the margins
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(columns), column_labels, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(rows), row_labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    figure.colorbar(image, ax=axes, label="attention weight", shrink=min(1.0, 8 / rows), aspect=20)
    return figure


def _label(piece: str) -> str:
    """Return the label of a piece: "_" for a space, no formulas, no unprintable characters, shortened."""
    if len(piece) > LONGEST_LABEL:
        piece = f"{piece[: LONGEST_LABEL - 1]}…"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in piece)
    return shown.replace("▁", "_").replace("$", r"\$") or " "
