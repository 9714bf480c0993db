"""A prediction as HTML, for notebooks."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.prediction import Prediction

MOST_CELLS = 10_000  # a larger table would make a notebook slow
BLUE = "8, 81, 156"
HEAD = "text-align:left;font-weight:normal;background:none;color:inherit;padding:2px 6px"
UPRIGHT = f"{HEAD};writing-mode:vertical-rl;transform:rotate(180deg);vertical-align:bottom;white-space:nowrap"
PLAIN = "tex2jax_ignore mathjax_ignore"  # what is between two dollar signs is no formula
CELL = "width:1.6em;height:1.6em;padding:0;border:1px solid #ddd"


def as_html(prediction: "Prediction") -> str:
    """Return the input, the output and its score, and the attention as a table, source across, target down."""
    kind = "log-probability" if prediction.probability is None else "probability"
    score = prediction.score if prediction.probability is None else prediction.probability
    lines = [f"<p>{_text(prediction.input)} → <b>{_text(prediction.output)}</b> ({kind} {score:.3f})</p>"]
    lines += [
        f"<p>{rank}. {_text(other.output)} ({other.score:.3f})</p>"
        for rank, other in enumerate(prediction.alternatives[1:], start=2)
    ]
    if prediction.attention is not None and 0 < prediction.attention.size <= MOST_CELLS:
        lines += _table(prediction)
    return f'<div class="{PLAIN}">{"".join(lines)}</div>'


def _text(text: str) -> str:
    """Return a text in its own direction, whatever stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"


def _table(prediction: "Prediction") -> Iterable[str]:
    """Yield the table of the attention, in which a cell is darker for a larger weight, and says it."""
    heads = "".join(f'<th style="{UPRIGHT}">{_piece(piece)}</th>' for piece in prediction.source_pieces)
    yield f'<table style="border-collapse:collapse"><thead><tr><th></th>{heads}</tr></thead><tbody>'
    for piece, weights in zip(prediction.target_pieces, prediction.attention, strict=True):  # type: ignore[arg-type]
        cells = "".join(
            f'<td style="{CELL};background:rgba({BLUE}, {weight:.3f})" title="{weight:.3f}"></td>' for weight in weights
        )
        yield f'<tr><th style="{HEAD}">{_piece(piece)}</th>{cells}</tr>'
    yield "</tbody></table>"


def _piece(piece: str) -> str:
    return escape(piece.replace("▁", "_")) or "&nbsp;"
