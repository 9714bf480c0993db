"""Pictures of attention."""

import importlib
import math
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.atomic_files import new_file
from zoo.errors import CallError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
    figure = attention_figure(weights, source_pieces, target_pieces)
    dpi = _bounded(150, tuple(figure.get_size_inches()))
    with new_file(path) as draft, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the picture shows a box in its place
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")  # Devanagari and others
        figure.savefig(draft, dpi=dpi, format=path.suffix[1:].lower())


def plot_attention(
    weights: np.ndarray, source_pieces: Sequence[str], target_pieces: Sequence[str], ax: "Axes | None" = None
) -> "Axes":
    """Plot attention weights as a heat map, source across, target down, and return the axes.

    Args:
        weights: the attention weights (target pieces, source pieces), each from 0 to 1.
        source_pieces: the labels above the columns.
        target_pieces: the labels beside the rows.
        ax: the axes to plot on; default: those of a new figure that is large enough for the labels. In a notebook the
            figure is shown.

    Raises:
        CallError: the shape of the weights does not fit the labels, there are none, or matplotlib is not installed.
    """
    _check_weights(weights, source_pieces, target_pieces)
    columns, rows = ([_label(piece) for piece in pieces] for pieces in (source_pieces, target_pieces))
    if ax is None:
        pyplot = matplotlib_module("pyplot")
        size = _figure_size(columns, rows)
        dpi = _bounded(pyplot.rcParams["figure.dpi"], size)
        _, ax = pyplot.subplots(figsize=size, dpi=dpi, layout="constrained")
    _plot(ax, weights, columns, rows)
    return ax


def attention_figure(weights: np.ndarray, source_pieces: Sequence[str], target_pieces: Sequence[str]) -> "Figure":
    """Return a figure of attention weights that belongs to no window; arguments and errors as `plot_attention`."""
    _check_weights(weights, source_pieces, target_pieces)
    columns, rows = ([_label(piece) for piece in pieces] for pieces in (source_pieces, target_pieces))
    figure = matplotlib_module("figure").Figure(figsize=_figure_size(columns, rows), layout="constrained")
    _plot(figure.add_subplot(), weights, columns, rows)
    return figure


def matplotlib_module(name: str) -> Any:
    """Import a module of matplotlib.

    Raises:
        CallError: matplotlib is not installed.
    """
    try:
        return importlib.import_module(f"matplotlib.{name}")
    except ImportError as error:
        raise CallError("A picture needs matplotlib, which is not installed: pip install matplotlib") from error


def _check_weights(weights: np.ndarray, source_pieces: Sequence[str], target_pieces: Sequence[str]) -> None:
    if weights.shape != (len(target_pieces), len(source_pieces)):
        raise CallError(
            f"Expected weights of shape {(len(target_pieces), len(source_pieces))}, "
            f"a row for each target piece and a column for each source piece. Received: {weights.shape}."
        )
    if not weights.size:
        raise CallError(f"Expected at least one piece on each side. Received weights of shape {weights.shape}.")


def _figure_size(column_labels: list[str], row_labels: list[str]) -> tuple[float, float]:
    """Return the width and height in inches of a figure that is large enough for its labels."""
    width = 1.4 + LETTER * max(map(len, row_labels)) + CELL * max(len(column_labels), 5)  # 1.4: colour bar and margins
    height = 0.6 + LETTER * max(map(len, column_labels)) + CELL * max(len(row_labels), 5)  # 0.6: margins
    return width, height


def _bounded(dpi: float, size: Sequence[float]) -> float:
    """Return the dots an inch with which a figure of this size, in inches, has `MOST_PIXELS` at most."""
    width, height = size
    return min(dpi, math.sqrt(MOST_PIXELS / (width * height)))


def _plot(axes: "Axes", weights: np.ndarray, column_labels: list[str], row_labels: list[str]) -> None:
    rows, columns = weights.shape
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(columns), column_labels, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(rows), row_labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    figure: Any = axes.get_figure()
    figure.colorbar(image, ax=axes, label="attention weight", shrink=min(1.0, 8 / rows), aspect=20)


def _label(piece: str) -> str:
    """Return the label of a piece: "_" for a space, no formulas, no unprintable characters, shortened."""
    if len(piece) > LONGEST_LABEL:
        piece = f"{piece[: LONGEST_LABEL - 1]}…"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in piece)
    return shown.replace("▁", "_").replace("$", r"\$") or " "
