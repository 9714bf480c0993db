"""Texts in, answers out, whatever runs the model."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from zoo.constants import END, MAX_SOURCE_PIECES, MAX_TARGET_PIECES, NEVER, PAD
from zoo.errors import CallError
from zoo.prediction import Beam, Prediction, TextScore
from zoo.tasks import TASKS
from zoo.text import Vocabulary, source_ids

IdFunction = Callable[..., dict[str, np.ndarray]]


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

    def predict(self, texts: Sequence[str], *, beam: Beam | None = None, batch_size: int = 64) -> list[Prediction]:
        """Return one prediction a text, in their order.

        Args:
            texts: the inputs.
            beam: how to search; default greedily.
            batch_size: how many texts at a time; fewer with a wide beam.

        Raises:
            CallError: one text instead of a list; or a beam for a model that has none, or not of this width.
        """
        _check_list(texts)
        function, options = self._function(beam)
        width = beam.width if beam else 1
        ids, truncated = source_ids(self.source, texts, self.task, self.max_pieces)
        predictions: list[Prediction | None] = [None] * len(texts)
        for rows, batch in _batches(ids, max(1, 4 * batch_size // max(4, width))):
            answer = function(batch, **options)
            for k, i in enumerate(rows):
                one = {name: value[k] for name, value in answer.items()}
                make = partial(self._prediction, texts[i], ids[i], truncated=truncated[i])
                predictions[i] = _best(one, beam, make) if beam else make(one)
        return predictions  # type: ignore[return-value]

    def _function(self, beam):
        """Return the function to ask, and its inputs besides the ids."""
        if beam is None:
            return self.functions["tokens"], {}
        if self.task == "classification":
            raise CallError("A classifier has no beam: its answer is a label.")
        if "beam_tokens" not in self.functions:
            raise CallError("This was exported without beam search. Export it again.")
        return self.functions["beam_tokens"], {
            "beam_width": np.array([beam.width], np.int32),
            "length_penalty": np.array([beam.length_penalty], np.float32),
            "max_length": np.array([MAX_TARGET_PIECES], np.int32),
        }

    def truncated(self, texts: Sequence[str], *, as_targets: bool = False) -> list[bool]:
        """Tell which texts are too long to be read whole, as sources or as targets."""
        return source_ids(self.target if as_targets else self.source, texts, self.task, self.max_pieces)[1]

    def _prediction(self, text, ids, answer, *, truncated):
        if self.task == "classification":
            return self._label(text, ids, answer, truncated)
        produced = [int(i) for i in answer["ids"] if i != PAD]
        score = float(answer["score"])
        if TASKS[self.task].prompted:
            output = self.source.decode([*ids[1:], *produced])
            return Prediction(input=text, output=output, score=score, truncated=truncated)
        return Prediction(
            input=text,
            output=self.target.decode([i for i in produced if i != END]),
            score=score,
            truncated=truncated,
            source_pieces=self.source.pieces(ids),
            target_pieces=self.target.pieces(produced),
            attention=_cropped(answer, len(produced), len(ids)),
        )

    def _label(self, text, ids, answer, truncated):
        best = int(np.argmax(answer["probabilities"]))
        probability = float(answer["probabilities"][best])
        pieces = self.source.pieces(ids)
        return Prediction(
            input=text,
            output=self.labels[best],
            score=math.log(max(probability, 1e-45)),
            probability=probability,
            truncated=truncated,
            source_pieces=pieces,
            target_pieces=pieces,
            attention=_cropped(answer, len(ids), len(ids)),
        )

    def score(
        self, texts: Sequence[str], targets: Sequence[str] | None = None, *, batch_size: int = 64
    ) -> list[TextScore]:
        """Score whole texts with a language model, or their translations with a translation model.

        Args:
            texts: the texts; for a translation model the sources.
            targets: a translation of each, for a translation model.
            batch_size: how many texts at a time.

        Returns:
            The score of each text, in their order.

        Raises:
            CallError: a classifier; or targets that are missing, too many or too few, or not wanted.
        """
        _check_list(texts)
        wanted = {"translation": True, "language_model": False}.get(self.task)
        if wanted is None or wanted != (targets is not None) or len(targets or texts) != len(texts):
            raise CallError(
                "A translation model scores texts with as many targets, a language model texts alone. "
                f"Received: {len(texts)} texts, {'no' if targets is None else len(targets)} targets, for {self.task}."
            )
        ids, _ = source_ids(self.source, texts, self.task, self.max_pieces)
        ids = [[*one, END] for one in ids] if targets is None else ids
        target_ids = ids if targets is None else source_ids(self.target, targets, self.task, self.max_pieces)[0]
        scores: list[Any] = [None] * len(texts)
        for rows, batch in _batches(ids, batch_size):
            more = {} if targets is None else {"target_ids": padded([target_ids[i] for i in rows])}
            answer = self.functions["score_tokens"](batch, **more)
            for k, i in enumerate(rows):
                one = {name: value[k] for name, value in answer.items()}
                scores[i] = TextScore(
                    log_probability=float(one["score"]),
                    tokens=int(one["tokens"]),
                    attention=_cropped(one, len(target_ids[i]), len(ids[i])),
                )
        return scores

    def explain(self, text: str, *, beam: Beam | None = None) -> Prediction:
        """Return the prediction for one text with its attention; a language model's is over its whole output."""
        (prediction,) = self.predict([text], beam=beam)
        if not TASKS[self.task].prompted:
            return prediction
        (scored,) = self.score([prediction.output])
        (ids,), _ = source_ids(self.source, [prediction.output], self.task, self.max_pieces)
        pieces = self.source.pieces([*ids, END])
        return replace(prediction, source_pieces=pieces, target_pieces=pieces, attention=scored.attention)


def _cropped(answer: dict[str, np.ndarray], rows: int, columns: int) -> np.ndarray | None:
    """Return the attention of one answer without its padding; None for a model that does not attend."""
    return answer["attention"][:rows, :columns] if "attention" in answer else None


def _check_list(texts: Sequence[str]) -> None:
    if isinstance(texts, str | bytes):  # or each letter would be a text
        raise CallError(f"Expected a list of texts. Received one text: {texts[:80]!r}.")


def _best(answer, beam, make) -> Prediction:
    """Return the best of N hypotheses, the n best with it as its alternatives; the last of N may be empty places."""
    count = max(1, int(np.sum(answer["score"] > NEVER / 2)))
    names = ("ids", "score", "attention")
    hypotheses = [
        make({name: answer[name][j] for name in names if name in answer}) for j in range(min(count, beam.n_best or 1))
    ]
    return replace(hypotheses[0], alternatives=hypotheses) if beam.n_best else hypotheses[0]


def _batches(ids: list[list[int]], batch_size: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield rows of like length together: their numbers and their padded ids (B, S)."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        yield rows, padded([ids[i] for i in rows])


def padded(rows: list[list[int]]) -> np.ndarray:
    """Return rows of ids as one array, padded behind."""
    batch = np.full([len(rows), max(map(len, rows))], PAD, np.int32)
    for k, row in enumerate(rows):
        batch[k, : len(row)] = row
    return batch
