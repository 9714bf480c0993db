"""Prediction from texts to texts, with any runtime of the model."""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from zoo.checks import Number, Whole, check_list, positive
from zoo.constants import END, MAX_SOURCE_PIECES, MAX_TARGET_PIECES, NEVER, PAD, UNKNOWN
from zoo.errors import CallError
from zoo.prediction import Beam, Prediction, TextScore, label_rows
from zoo.tasks import TASKS
from zoo.text import Vocabulary, source_ids

IdFunction = Callable[..., dict[str, np.ndarray]]

SEED_STEP = 2_654_435_769  # between the seeds of two texts, so that those of neighbouring seeds are not the same
WINDOW = 2048  # the texts of a stream that are sorted by length together


class Predictor:
    """A model together with its vocabularies.

    Args:
        task: "translation", "classification" or "language_model".
        functions: the endpoints by name, functions from ids (B, S) to named arrays; see `zoo.decoding.id_functions`.
        source: the vocabulary of the input.
        target: the vocabulary of the output of a translation model.
        labels: the labels of a classifier, in the order of its classes.
        max_pieces: the maximum number of ids of an input; a longer input is truncated.
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
        """Return one prediction per text, in the order of the texts.

        Args:
            texts: the inputs.
            beam: the options of beam search; default: greedy decoding.
            batch_size: the number of texts per batch; fewer with a wide beam.

        Raises:
            CallError: a single text instead of a list; or a beam for a model without beam search, or with a width that
                the model does not support.
        """
        positive("batch_size", batch_size)
        function, options = self._decoder(beam)
        rows_per_batch = max(1, 4 * batch_size // max(4, beam.width if beam else 1))
        return self._answers(texts, lambda ids, _: function(ids, **options), rows_per_batch, beam)

    def predict_stream(
        self, texts: Iterable[str], *, beam: Beam | None = None, batch_size: int = 64, window: int = WINDOW
    ) -> Iterator[Prediction]:
        """Return an iterator over one prediction per text, in the order of the texts, for any number of texts.

        Texts are read in windows, and the predictions of a window follow when all of them are made. Memory holds one
        window at a time.

        Args:
            texts: the inputs, such as the lines of a file without their line breaks.
            beam, batch_size: as in `predict`.
            window: the number of texts that are read ahead and sorted by length, so that a batch has little padding.

        Raises:
            CallError: as in `predict`, or `window` is not a positive integer.
        """
        check_list(texts)
        Whole(1)("window", window)
        positive("batch_size", batch_size)
        self._decoder(beam)  # a wrong beam is an error of this call, not of the first answer
        inputs = iter(texts)
        windows = iter(lambda: list(islice(inputs, window)), [])
        return (answer for some in windows for answer in self.predict(some, beam=beam, batch_size=batch_size))

    def _answers(self, texts, decode, rows_per_batch, beam=None) -> list[Prediction]:
        """Return one prediction per text, from `decode(ids (B, S), indices of the texts)`."""
        check_list(texts)
        texts = list(texts)
        ids, truncated = source_ids(self.source, texts, self.task, self.max_pieces)
        predictions: list[Prediction | None] = [None] * len(texts)
        for indices, batch in _batches(ids, rows_per_batch):
            for i, outputs in zip(indices, _by_row(decode(batch, indices), len(indices)), strict=True):
                make = partial(self._prediction, texts[i], ids[i], truncated=truncated[i])
                prediction = _best(outputs, beam, make) if beam else make(outputs)
                unknown = self.source.unknown(texts[i]) if UNKNOWN in ids[i] else []
                predictions[i] = replace(prediction, unknown=unknown)
        return predictions  # type: ignore[return-value]

    def generate(
        self,
        texts: Sequence[str],
        *,
        max_length: int = MAX_TARGET_PIECES,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
        batch_size: int = 64,
    ) -> list[Prediction]:
        """Continue prompts with a language model, drawing every piece; see `zoo.sample`.

        The draw of a text depends on the seed, its index and the text alone.

        Args:
            texts: the prompts; from an empty text the model begins one of its own.
            max_length: the maximum number of pieces to add, from 1 to 256.
            temperature: a value below 1 prefers probable pieces; 0 takes the most probable one.
            top_k: draw from this number of most probable pieces; 0 for all.
            top_p: draw from the smallest set of most probable pieces whose probabilities sum to at least this value.
            seed: a whole number.
            batch_size: the number of texts per batch.

        Raises:
            CallError: the model is no language model, its format cannot draw (LiteRT and ONNX), or an option is out of
                bounds.
        """
        if not TASKS[self.task].prompted:
            raise CallError(f"Only a language model generates texts. Received: a model for {self.task}.")
        if "sample_tokens" not in self.functions:
            raise CallError("This format has no operation that draws: `generate` needs a run folder or a SavedModel.")
        options = {
            "max_length": Whole(1, MAX_TARGET_PIECES)("max_length", max_length),
            "temperature": Number()("temperature", temperature),
            "top_k": Whole()("top_k", top_k),
            "top_p": Number(high=1.0)("top_p", top_p),
        }
        Whole()("seed", seed)
        positive("batch_size", batch_size)
        kinds = {int: np.int32, float: np.float32}

        def draw(ids, indices):
            rows = {name: np.full(len(ids), value, kinds[type(value)]) for name, value in options.items()}
            seeds = ((seed + SEED_STEP * np.array(indices, np.int64)) % 2**31).astype(np.int32)
            return self.functions["sample_tokens"](ids, seed=seeds, **rows)

        return self._answers(texts, draw, batch_size)

    def _decoder(self, beam):
        """Return the endpoint that decodes, and its inputs besides the ids."""
        if beam is None:
            return self.functions["tokens"], {}
        if not isinstance(beam, Beam):
            raise CallError(f"`beam` must be a zoo.Beam, such as zoo.Beam(4), or None. Received: {beam!r}.")
        if TASKS[self.task].labelled:
            raise CallError("A classifier has no beam search: its output is a label.")
        if "beam_tokens" not in self.functions:
            raise CallError("This model was exported without beam search. Export it again.")
        return self.functions["beam_tokens"], {
            "beam_width": np.array([beam.width], np.int32),
            "length_penalty": np.array([beam.length_penalty], np.float32),
            "max_length": np.array([MAX_TARGET_PIECES], np.int32),
        }

    def truncated(self, texts: Sequence[str], *, as_targets: bool = False) -> list[bool]:
        """Return a list that is true for the texts that are longer than the model can read.

        Args:
            texts: the texts.
            as_targets: count the pieces of the target vocabulary instead of the source vocabulary.
        """
        return source_ids(self.target if as_targets else self.source, texts, self.task, self.max_pieces)[1]

    def _prediction(self, text, ids, outputs, *, truncated):
        if TASKS[self.task].labelled:
            return self._label(text, ids, outputs, truncated)
        produced = [int(i) for i in outputs["ids"] if i != PAD]
        score = float(outputs["score"])
        if TASKS[self.task].prompted:
            output = self.source.decode([*ids, *produced])
            return Prediction(input=text, output=output, score=score, truncated=truncated)
        return Prediction(
            input=text,
            output=self.target.decode(produced),
            score=score,
            truncated=truncated,
            source_pieces=self.source.pieces(ids),
            target_pieces=self.target.pieces(produced),
            attention=_cropped(outputs, len(produced), len(ids)),
        )

    def _label(self, text, ids, outputs, truncated):
        if len(outputs["probabilities"]) != len(self.labels):
            expected = f"{len(outputs['probabilities'])} labels, one for each probability"
            raise CallError(f"The model is damaged: expected {expected}. Received: {self.labels!r}.")
        best = int(np.argmax(outputs["probabilities"]))
        probability = float(outputs["probabilities"][best])
        label, pieces = self.labels[best], self.source.pieces(ids)
        attention = _cropped(outputs, len(ids), len(ids))
        return Prediction(
            input=text,
            output=label,
            score=math.log(max(probability, 1e-45)),  # finite, so that JSON can hold it
            probability=probability,
            truncated=truncated,
            source_pieces=pieces,
            target_pieces=label_rows(label, pieces, attention),
            attention=attention,
        )

    def score(
        self, texts: Sequence[str], targets: Sequence[str] | None = None, *, batch_size: int = 64
    ) -> list[TextScore]:
        """Score whole texts with a language model, or translations with a translation model.

        Args:
            texts: the texts; for a translation model the sources.
            targets: for a translation model the translation of each text.
            batch_size: the number of texts per batch.

        Returns:
            The score of each text, in the order of the texts.

        Raises:
            CallError: the model is a classifier; or the targets are missing, not allowed, or not as many as the texts.
        """
        positive("batch_size", batch_size)
        check_list(texts)
        texts = list(texts)
        targets = None if targets is None else list(targets)
        self._check_targets(texts, targets)
        ids, truncated = source_ids(self.source, texts, self.task, self.max_pieces)
        if targets is None:
            ids = scored_ids = [[*prompt, END] for prompt in ids]
        else:
            scored_ids, cut_targets = source_ids(self.target, targets, self.task, self.max_pieces)
            truncated = [*map(operator.or_, truncated, cut_targets)]
        scores: list[Any] = [None] * len(texts)
        for indices, batch in _batches(ids, batch_size):
            inputs = {} if targets is None else {"target_ids": padded([scored_ids[i] for i in indices])}
            answer = self.functions["score_tokens"](batch, **inputs)
            for i, outputs in zip(indices, _by_row(answer, len(indices)), strict=True):
                scores[i] = TextScore(
                    log_probability=float(outputs["score"]),
                    tokens=int(outputs["tokens"]),
                    truncated=truncated[i],
                    attention=_cropped(outputs, len(scored_ids[i]), len(ids[i])),
                )
        return scores

    def _check_targets(self, texts, targets):
        task = TASKS[self.task]
        needs_targets = not task.prompted
        if task.labelled or needs_targets != (targets is not None) or (needs_targets and len(targets) != len(texts)):
            raise CallError(
                "A translation model scores texts with as many targets, a language model scores texts alone. "
                f"Received: {len(texts)} texts, {'no' if targets is None else len(targets)} targets, for {self.task}."
            )

    def explain(self, text: str, *, beam: Beam | None = None) -> Prediction:
        """Return the prediction for one text with its attention, for a language model over its whole output."""
        (prediction,) = self.predict([text], beam=beam)
        if not TASKS[self.task].prompted:
            return prediction
        (score,) = self.score([prediction.output])
        (prompt,), _ = source_ids(self.source, [prediction.output], self.task, self.max_pieces)
        pieces = self.source.pieces([*prompt, END])
        cut = prediction.truncated or score.truncated
        return replace(prediction, source_pieces=pieces, target_pieces=pieces, attention=score.attention, truncated=cut)


def _cropped(outputs: dict[str, np.ndarray], rows: int, columns: int) -> np.ndarray | None:
    """Return the attention without its padding; None for a model that does not attend."""
    if "attention" not in outputs:
        return None
    return outputs["attention"][:rows, :columns].copy()  # a view would keep the array of the whole batch


def _best(outputs, beam, make) -> Prediction:
    """Return the prediction of the best hypothesis, with the `n_best` as its alternatives if the beam asks for them."""
    found = max(1, int(np.sum(outputs["score"] > NEVER / 2)))  # the last hypotheses may be empty
    names = [name for name in ("ids", "score", "attention") if name in outputs]
    count = min(found, beam.n_best or 1)
    hypotheses = [make({name: outputs[name][rank] for name in names}) for rank in range(count)]
    return replace(hypotheses[0], alternatives=hypotheses) if beam.n_best else hypotheses[0]


def _batches(ids: list[list[int]], batch_size: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield batches of texts of similar length: their indices and their padded ids (B, S)."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        yield indices, padded([ids[i] for i in indices])


def _by_row(outputs: dict[str, np.ndarray], count: int) -> list[dict[str, np.ndarray]]:
    """Return the outputs of each of the first `count` rows of a batch."""
    return [{name: value[row] for name, value in outputs.items()} for row in range(count)]


def padded(rows: list[list[int]]) -> np.ndarray:
    """Return rows of ids as one array (B, T), padded at the end."""
    batch = np.full([len(rows), max(map(len, rows))], PAD, np.int32)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = row
    return batch
