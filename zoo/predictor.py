"""Texts in, answers out, whatever runs the model."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zoo.special import END, MAX_SOURCE_PIECES, PAD
from zoo.text import Vocabulary, source_ids

IdFunction = Callable[[np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True)
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
    """

    input: str
    output: str
    score: float
    probability: float | None = None
    truncated: bool = False
    source_pieces: list[str] = field(default_factory=list)
    target_pieces: list[str] = field(default_factory=list)
    attention: np.ndarray | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what `zoo predict --json` prints of it."""
        answer: dict[str, Any] = {"input": self.input, "output": self.output, "score": self.score}
        if self.probability is not None:
            answer |= {"label": self.output, "probability": self.probability}
        return answer | ({"truncated": True} if self.truncated else {})


class Predictor:
    """A model together with its vocabularies.

    Args:
        task: "translation", "classification" or "language_model".
        functions: by name, functions from ids (B, S) to named arrays, as `zoo.decoding.id_functions`.
        source: the vocabulary of the input.
        target: the vocabulary of the output; a translation model has one.
        labels: the labels of a classifier, in the order of its classes.
        max_pieces: how many ids of an input are read at most.
    """

    def __init__(
        self,
        task: str,
        functions: dict[str, IdFunction],
        source: Vocabulary,
        target: Vocabulary | None = None,
        labels: Sequence[str] = (),
        max_pieces: int = MAX_SOURCE_PIECES,
    ):
        self.task = task
        self.functions = functions
        self.source = source
        self.target = target or source
        self.labels = list(labels)
        self.max_pieces = max_pieces

    def predict(self, texts: Sequence[str], *, batch_size: int = 64) -> list[Prediction]:
        """Return one prediction a text, in their order."""
        ids, truncated = source_ids(self.source, texts, self.task, self.max_pieces)
        predictions: list[Prediction | None] = [None] * len(texts)
        for rows, batch in _batches(ids, batch_size):
            answer = self.functions["tokens"](batch)
            for k, i in enumerate(rows):
                one = {name: value[k] for name, value in answer.items()}
                predictions[i] = self._prediction(texts[i], ids[i], one, truncated[i])
        return predictions  # type: ignore[return-value]

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell which texts are too long to be read whole."""
        return source_ids(self.source, texts, self.task, self.max_pieces)[1]

    def _prediction(self, text, ids, answer, truncated):
        if self.task == "classification":
            return self._label(text, ids, answer, truncated)
        produced = [int(i) for i in answer["ids"] if i != PAD]
        score = float(answer["score"])
        if self.task == "language_model":
            output = self.source.decode([*ids[1:], *produced])
            return Prediction(text, output, score, None, truncated)
        output = self.target.decode([i for i in produced if i != END])
        pieces = self.source.pieces(ids), self.target.pieces(produced)
        attention = answer["attention"][: len(produced), : len(ids)] if "attention" in answer else None
        return Prediction(text, output, score, None, truncated, *pieces, attention)

    def _label(self, text, ids, answer, truncated):
        best = int(np.argmax(answer["probabilities"]))
        probability = float(answer["probabilities"][best])
        pieces = self.source.pieces(ids)
        attention = answer["attention"][: len(ids), : len(ids)] if "attention" in answer else None
        score = math.log(max(probability, 1e-45))
        return Prediction(text, self.labels[best], score, probability, truncated, pieces, pieces, attention)

    def score(self, texts: Sequence[str], *, batch_size: int = 64) -> list[tuple[float, int, np.ndarray | None]]:
        """Score whole texts with a language model.

        Returns:
            For each text its log-probability, the number of tokens that share it (the end included), and
            the attention (tokens, tokens), None for a model that does not attend.
        """
        prompts, _ = source_ids(self.source, texts, self.task, self.max_pieces)
        ids = [[*prompt, END] for prompt in prompts]
        scores: list[Any] = [None] * len(texts)
        for rows, batch in _batches(ids, batch_size):
            answer = self.functions["score_tokens"](batch)
            for k, i in enumerate(rows):
                attention = answer["attention"][k, : len(ids[i]), : len(ids[i])] if "attention" in answer else None
                scores[i] = (float(answer["score"][k]), int(answer["tokens"][k]), attention)
        return scores

    def explain(self, text: str) -> Prediction:
        """Return the prediction for one text with its attention; a language model's is over its whole output."""
        (prediction,) = self.predict([text])
        if self.task != "language_model":
            return prediction
        ((_, _, attention),) = self.score([prediction.output])
        (ids,), _ = source_ids(self.source, [prediction.output], self.task, self.max_pieces)
        pieces = self.source.pieces([*ids, END])
        return replace(prediction, source_pieces=pieces, target_pieces=pieces, attention=attention)


def _batches(ids: list[list[int]], batch_size: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield rows of like length together: their numbers and their padded ids (B, S)."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = np.full([len(rows), max(len(ids[i]) for i in rows)], PAD, np.int32)
        for k, i in enumerate(rows):
            batch[k, : len(ids[i])] = ids[i]
        yield rows, batch
