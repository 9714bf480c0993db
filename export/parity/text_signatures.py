"""The proof that the text signatures of a SavedModel answer as Keras does."""

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES
from zoo.errors import WorkError
from zoo.export.parity.answers import SCORE_TOLERANCE, compare, largest_difference
from zoo.export.parity.samples import about_a_hundred
from zoo.prediction import Beam, Prediction, label_rows
from zoo.predictor import Predictor
from zoo.tasks import TASKS

Scores = dict[str, tuple[list[float], np.ndarray]]


def compare_text_signatures(predictor: Predictor, loaded: Any, texts: list[str]) -> dict[str, Any]:
    """Compare `serving_default` and `detail` on about a hundred texts, the other text signatures on twenty.

    Args:
        predictor: a predictor backed by the Keras model.
        loaded: the SavedModel.
        texts: the inputs.

    Raises:
        WorkError: an answer differs, or a score differs by more than the tolerance.
    """
    if "detail" not in loaded.signatures:
        return {"text_signatures": "none: tensorflow-text is not installed"}
    texts = about_a_hundred(texts)
    answers = [_ask(loaded, predictor.task, text) for text in texts]
    report = compare(predictor.predict(texts), answers, "the text signature of saved_model")
    texts = [text for text in texts if text.strip()][:20]
    for name, (expected, actual) in _scores(loaded, predictor, texts).items():
        difference = largest_difference(zip(expected, actual, strict=True))
        if not difference <= SCORE_TOLERANCE:
            raise WorkError(f"the text signature {name} does not score as Keras does: it differs by {difference:.2g}.")
    return {"text_compared": report["compared"], "text_identical": report["identical"]}


def _ask(loaded: Any, task: str, text: str) -> Prediction:
    """Return the answer of `detail` to a text, with the output and score of `serving_default`."""
    inputs = tf.constant([text])
    answer = {name: value.numpy()[0] for name, value in loaded.signatures["detail"](text=inputs).items()}
    short = {name: value.numpy()[0] for name, value in loaded.signatures["serving_default"](text=inputs).items()}
    pieces = [piece.decode() for piece in answer["source_pieces"]]
    if task == "classification":
        label, attention = short["label"].decode(), answer.get("attention")
        return Prediction(
            input=text,
            output=label,
            score=float(np.log(short["probability"])),
            source_pieces=pieces,
            target_pieces=label_rows(label, pieces, attention),
            attention=attention,
        )
    output, score = short["text"].decode(), float(short["score"])
    if TASKS[task].prompted:
        return Prediction(input=text, output=output, score=score)
    produced = [piece.decode() for piece in answer["pieces"] if piece]
    attention = answer["attention"][: len(produced)] if "attention" in answer else None
    return Prediction(
        input=text, output=output, score=score, source_pieces=pieces, target_pieces=produced, attention=attention
    )


def _scores(loaded: Any, predictor: Predictor, texts: list[str]) -> Scores:
    """Return the scores of Keras and those of the other text signatures, by signature."""
    if predictor.task == "translation":
        return _scores_of_translations(loaded, predictor, texts)
    return _scores_of_language(loaded, predictor, texts) if predictor.task == "language_model" else {}


def _scores_of_translations(loaded: Any, predictor: Predictor, texts: list[str]) -> Scores:
    targets = [answer.output for answer in predictor.predict(texts)]
    scored = loaded.signatures["score"](text=tf.constant(texts), target=tf.constant(targets))
    options = {"beam_width": 4, "length_penalty": 0.0, "max_length": MAX_TARGET_PIECES}
    searched = loaded.signatures["beam"](text=tf.constant(texts), **_by_row(texts, options))
    best = predictor.predict(texts, beam=Beam(4, length_penalty=0.0))
    return {
        "score": ([score.log_probability for score in predictor.score(texts, targets)], scored["score"].numpy()),
        "beam": ([answer.score for answer in best], searched["scores"].numpy()[:, 0]),
    }


def _scores_of_language(loaded: Any, predictor: Predictor, texts: list[str]) -> Scores:
    scored = loaded.signatures["score"](text=tf.constant(texts))
    options = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 1, "max_length": MAX_TARGET_PIECES}  # greedy
    drawn = loaded.signatures["generate"](text=tf.constant(texts), **_by_row(texts, options))
    return {
        "score": ([score.log_probability for score in predictor.score(texts)], scored["score"].numpy()),
        "generate": ([answer.score for answer in predictor.predict(texts)], drawn["score"].numpy()),
    }


def _by_row(texts: list[str], options: dict[str, int | float]) -> dict[str, tf.Tensor]:
    """Return every option repeated for each text."""
    return {name: tf.fill([len(texts)], value) for name, value in options.items()}
