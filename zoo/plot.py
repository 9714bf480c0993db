"""Pictures of attention."""

import math
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.atomic_files import new_file
from zoo.errors import CallError

CELL = 0.3  # inches a piece
LETTER = 0.09  # inches a character of a label
LONGEST_LABEL = 20  # characters
MOST_PIXELS = 2e7  # of a picture with hundreds of pieces, which would else take gigabytes of memory
FORMATS = (".png", ".svg", ".pdf")


def check_picture(path: str | os.PathLike) -> Path:
    """Return the path of a picture that can be drawn.

    Raises:
        CallError: its ending is no picture format, or its folder is not there.
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
        path: the picture to write, .png, .svg or .pdf.
        weights: (target pieces, source pieces), each from 0 to 1.
        source_pieces: the labels above the columns.
        target_pieces: the labels beside the rows.

    Raises:
        CallError: the numbers of labels and weights differ or are zero, or the path is no picture's.
        WorkError: the picture could not be written.
    """
    path = check_picture(path)
    if weights.shape != (len(target_pieces), len(source_pieces)):
        raise CallError(
            f"Expected weights of shape {(len(target_pieces), len(source_pieces))}, "
            f"one row a target and one column a source piece. Received: {weights.shape}."
        )
    if not weights.size:
        raise CallError(f"Expected at least one piece a side. Received weights of shape {weights.shape}.")
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    rows, columns = weights.shape
    across, down = [_label(piece) for piece in source_pieces], [_label(piece) for piece in target_pieces]
    width = 1.4 + LETTER * max(map(len, down)) + CELL * max(columns, 5)  # the 1.4 and 0.6 for the scale and margins
    height = 0.6 + LETTER * max(map(len, across)) + CELL * max(rows, 5)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(columns), across, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(rows), down)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    figure.colorbar(image, ax=axes, label="attention weight", shrink=min(1.0, 8 / max(rows, 1)), aspect=20)
    dpi = min(150, math.sqrt(MOST_PIXELS / (width * height)))
    with new_file(path) as draft, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # it draws a box, which says the same
        figure.savefig(draft, dpi=dpi, format=path.suffix[1:].lower())


def _label(piece: str) -> str:
    """Return a piece as matplotlib is to show it: "_" for a space, no mathematics, nothing invisible, not too long."""
    if len(piece) > LONGEST_LABEL:
        piece = f"{piece[: LONGEST_LABEL - 1]}…"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in piece)
    return shown.replace("▁", "_").replace("$", r"\$") or " "
