"""The records of an answer: how it is searched for, the prediction, and the score of a given text."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.constants import LENGTH_PENALTY, MAX_BEAM_WIDTH
from zoo.errors import CallError


@dataclass(frozen=True)
class Beam:
    """How to search.

    Attributes:
        width: how many hypotheses; from 1 to 64.
        n_best: how many of them are answered as `alternatives`; None for none, at most `width`.
        length_penalty: 0 for none, more for longer answers; see `zoo.beam_search`.

    Raises:
        CallError: one of them is out of bounds.
    """

    width: int
    n_best: int | None = None
    length_penalty: float = LENGTH_PENALTY

    def __post_init__(self):
        if not 1 <= self.width <= MAX_BEAM_WIDTH:
            raise CallError(f"The width of a beam must be from 1 to {MAX_BEAM_WIDTH}. Received: {self.width}.")
        if self.n_best is not None and not 1 <= self.n_best <= self.width:
            raise CallError(f"n-best must be from 1 to the width of the beam, {self.width}. Received: {self.n_best}.")
        if not 0 <= self.length_penalty <= 100:
            raise CallError(f"The length penalty must be from 0 to 100. Received: {self.length_penalty}.")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One answer.

    Attributes:
        input: the text that came in.
        output: the translation, the label, or the text that goes on from the prompt.
        score: the log-probability of the output.
        probability: of the label; None for other tasks.
        truncated: whether the input was too long to be read whole.
        source_pieces, target_pieces: the labels of the attention's columns and rows.
        attention: (target pieces, source pieces), or None for a model that does not attend.
        alternatives: the best hypotheses, this one first, when so many were asked for.
    """

    input: str
    output: str
    score: float
    probability: float | None = None
    truncated: bool = False
    source_pieces: list[str] = field(default_factory=list)
    target_pieces: list[str] = field(default_factory=list)
    attention: np.ndarray | None = None
    alternatives: list["Prediction"] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return what `zoo predict --json` prints of it."""
        answer: dict[str, Any] = {"input": self.input, "output": self.output, "score": self.score}
        if self.probability is not None:
            answer |= {"label": self.output, "probability": self.probability}
        if self.alternatives:
            answer["alternatives"] = [{"output": one.output, "score": one.score} for one in self.alternatives]
        return answer | ({"truncated": True} if self.truncated else {})


@dataclass(frozen=True, kw_only=True)
class TextScore:
    """The score of a whole text, or of a translation of it.

    Attributes:
        log_probability: of all its tokens, in nats.
        tokens: how many tokens share it, the end token included.
        attention: (tokens, tokens), or (target tokens, source tokens); None for a model that does not attend.
    """

    log_probability: float
    tokens: int
    attention: np.ndarray | None = None
