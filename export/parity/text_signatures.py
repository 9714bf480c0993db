"""The proof that the text signatures of a SavedModel answer as Keras does."""

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import MAX_TARGET_PIECES
from zoo.errors import WorkError
from zoo.export.parity.answers import SCORE_TOLERANCE, a_hundred, compare, largest_difference
from zoo.prediction import Beam, Prediction
from zoo.predictor import Predictor
from zoo.tasks import TASKS

Pairs = dict[str, tuple[list[float], np.ndarray]]


def compare_by_text(predictor: Predictor, loaded: Any, texts: list[str]) -> dict[str, Any]:
    """Compare `serving_default` and `detail` on a hundred texts, the other text signatures on twenty.

    Args:
        predictor: what answers by Keras.
        loaded: the SavedModel.
        texts: the inputs.

    Raises:
        WorkError: an answer differs, or a score by more than the tolerance.
    """
    if "detail" not in loaded.signatures:
        return {"text_signatures": "none: tensorflow-text is not installed"}
    few = list(a_hundred(texts))
    what = "the text signature of saved_model"
    report = compare(
        few, predictor.predict(few), lambda texts: [_ask(loaded, predictor.task, text) for text in texts], what
    )
    scores = {"translation": _scores_of_translations, "language_model": _scores_of_language}.get(predictor.task)
    few = [text for text in few if text.strip()][:20]
    for name, (expected, actual) in (scores(loaded, predictor, few) if scores else {}).items():
        difference = largest_difference(zip(expected, actual, strict=True))
        if not difference <= SCORE_TOLERANCE:
            raise WorkError(f"the text signature {name} does not score as Keras does: it differs by {difference:.2g}.")
    return {"text_compared": report["compared"], "text_identical": report["identical"]}


def _ask(loaded, task: str, text: str) -> Prediction:
    """Ask `detail` for one text, and `serving_default` for the same in short."""
    inputs = tf.constant([text])
    answer = {name: value.numpy()[0] for name, value in loaded.signatures["detail"](text=inputs).items()}
    short = {name: value.numpy()[0] for name, value in loaded.signatures["serving_default"](text=inputs).items()}
    pieces = [piece.decode() for piece in answer["source_pieces"]]
    if task == "classification":
        attention = answer.get("attention")
        return Prediction(
            input=text,
            output=short["label"].decode(),
            score=float(np.log(short["probability"])),
            source_pieces=pieces,
            target_pieces=pieces,
            attention=attention,
        )
    produced = [piece.decode() for piece in answer["pieces"] if piece]
    output, score = short["text"].decode(), float(short["score"])
    if TASKS[task].prompted:
        return Prediction(input=text, output=output, score=score)
    attention = answer["attention"][: len(produced)] if "attention" in answer else None
    return Prediction(
        input=text, output=output, score=score, source_pieces=pieces, target_pieces=produced, attention=attention
    )


def _scores_of_translations(loaded, predictor: Predictor, texts: list[str]) -> Pairs:
    targets = [one.output for one in predictor.predict(texts)]
    scored = loaded.signatures["score"](text=tf.constant(texts), target=tf.constant(targets))
    options = {"beam_width": 4, "length_penalty": 0.0, "max_length": MAX_TARGET_PIECES}
    searched = loaded.signatures["beam"](text=tf.constant(texts), **_for_each(texts, options))
    best = predictor.predict(texts, beam=Beam(4, length_penalty=0.0))
    return {
        "score": ([one.log_probability for one in predictor.score(texts, targets)], scored["score"].numpy()),
        "beam": ([one.score for one in best], searched["scores"].numpy()[:, 0]),
    }


def _scores_of_language(loaded, predictor: Predictor, texts: list[str]) -> Pairs:
    scored = loaded.signatures["score"](text=tf.constant(texts))
    options = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 1, "max_length": MAX_TARGET_PIECES}  # greedily
    drawn = loaded.signatures["generate"](text=tf.constant(texts), **_for_each(texts, options))
    return {
        "score": ([one.log_probability for one in predictor.score(texts)], scored["score"].numpy()),
        "generate": ([one.score for one in predictor.predict(texts)], drawn["score"].numpy()),
    }


def _for_each(texts, options: dict[str, int | float]) -> dict[str, tf.Tensor]:
    """Return each option once a text."""
    return {name: tf.fill([len(texts)], value) for name, value in options.items()}
