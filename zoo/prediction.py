"""Records: the options of beam search, a prediction, and the score of a given text."""

from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.checks import whole
from zoo.constants import LENGTH_PENALTY, MAX_BEAM_WIDTH, MAX_LENGTH_PENALTY
from zoo.errors import CallError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Beam:
    """The options of beam search.

    Attributes:
        width: the number of hypotheses, from 1 to 64.
        n_best: the number of hypotheses to return as `alternatives`, at most `width`; None for no alternatives.
        length_penalty: from 0 to 10. 0 is no penalty; a higher value prefers longer outputs. See `zoo.beam_search`.

    Raises:
        CallError: an option is out of bounds, or not a number.
    """

    width: int
    n_best: int | None = None
    length_penalty: float = LENGTH_PENALTY

    def __post_init__(self):
        for name in ("width", "n_best"):
            if (value := getattr(self, name)) is not None or name == "width":
                object.__setattr__(self, name, whole(name, value))
        if not 1 <= self.width <= MAX_BEAM_WIDTH:
            raise CallError(f"The width of a beam must be from 1 to {MAX_BEAM_WIDTH}. Received: {self.width}.")
        if self.n_best is not None and not 1 <= self.n_best <= self.width:
            raise CallError(f"n-best must be from 1 to the width of the beam, {self.width}. Received: {self.n_best}.")
        if not isinstance(self.length_penalty, Real) or not 0 <= self.length_penalty <= MAX_LENGTH_PENALTY:
            bounds = f"from 0 to {MAX_LENGTH_PENALTY:g}"
            raise CallError(f"The length penalty must be {bounds}. Received: {self.length_penalty}.")


def label_rows(label: str, pieces: list[str], attention: np.ndarray | None) -> list[str]:
    """Return the names of the rows of a classifier's attention: the pieces, or the label for one row alone."""
    return pieces if attention is None or len(attention) == len(pieces) else [label]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one text.

    Attributes:
        input: the input text.
        output: the translation, the label, or the prompt with its continuation.
        score: the log-probability of the output; for a language model, of the continuation alone. An input without
            pieces has an empty output and the score 0.
        probability: the probability of the label; None for other tasks.
        truncated: true if the input was longer than the model can read, and was cut.
        unknown: the parts of the input that the vocabulary does not know, in order; see `Vocabulary.unknown`.
        source_pieces, target_pieces: the pieces of the columns and of the rows of the attention; one row for a
            whole text of several pieces has the label.
        attention: the weights (target pieces, source pieces), or None for a model that does not attend.
        alternatives: the `n_best` hypotheses from the best to the worst, starting with this one.
        origin: where the output of a word comes from, "lexicon" or "model"; see `Pronouncer`.
        parts: the predictions of the words of a text that was answered word by word.
    """

    input: str
    output: str
    score: float
    probability: float | None = None
    truncated: bool = False
    unknown: list[str] = field(default_factory=list)
    source_pieces: list[str] = field(default_factory=list)
    target_pieces: list[str] = field(default_factory=list)
    attention: np.ndarray | None = field(default=None, compare=False)  # arrays have no one answer to ==
    alternatives: list["Prediction"] = field(default_factory=list)
    origin: str | None = None
    parts: list["Prediction"] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the content for `zoo predict --json`."""
        content: dict[str, Any] = {"input": self.input, "output": self.output, "score": self.score}
        if self.probability is not None:
            content |= {"label": self.output, "probability": self.probability}
        if self.alternatives:
            content["alternatives"] = [{"output": best.output, "score": best.score} for best in self.alternatives]
        if self.origin is not None:
            content["origin"] = self.origin
        if self.parts:
            content["parts"] = [part.as_json() for part in self.parts]
        content |= {"truncated": True} if self.truncated else {}
        return content | ({"unknown": self.unknown} if self.unknown else {})

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot the attention, source across, target down, and return the axes; see `zoo.plot_attention`.

        Raises:
            CallError: the model does not attend, or the output is empty; or matplotlib is not installed.
        """
        from zoo.plot import plot_attention

        if self.attention is None:
            raise CallError("This prediction has no attention: the model does not attend, or use `Pipeline.explain`.")
        if not self.target_pieces:
            raise CallError("The output is empty: there is no attention to plot.")
        return plot_attention(self.attention, self.source_pieces, self.target_pieces, ax)

    def _repr_html_(self) -> str:
        """Return the prediction for a notebook: the texts, and the attention as a table."""
        from zoo.prediction_html import as_html

        return as_html(self)


@dataclass(frozen=True, kw_only=True)
class TextScore:
    """The score of a whole text, or of a translation of it.

    Attributes:
        log_probability: the sum over all tokens, in nats.
        tokens: the number of tokens, including the end token.
        truncated: true if a text was longer than the model can read: the score is that of its beginning, as
            of a text that ends there.
        attention: the weights (tokens, tokens) of a language model or (target tokens, source tokens) of a translation
            model; None for a model that does not attend.
    """

    log_probability: float
    tokens: int
    truncated: bool = False
    attention: np.ndarray | None = field(default=None, compare=False)  # arrays have no one answer to ==
