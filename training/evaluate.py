"""Evaluation: BLEU, chrF and exact match, accuracy, or perplexity of a model on a corpus."""

import time
from typing import Any

from zoo.errors import CallError
from zoo.metrics import accuracy, perplexity, translation_scores
from zoo.prediction import Beam
from zoo.predictor import Predictor
from zoo.training.data.corpora import Corpus


def evaluate(predictor: Predictor, corpus: Corpus, *, beam: Beam | None = None) -> dict[str, Any]:
    """Score a model on a corpus.

    Args:
        predictor: the model with its vocabularies.
        corpus: read for the model's task.
        beam: the beam search of a translation model; default: greedy search.

    Returns:
        `count`, `seconds` and, for translation, `bleu`, `chrf` (0 to 100), `exact_match` (0 to 1) and sacrebleu's
        `signature`, with a beam its `beam` and `length_penalty`; for classification `accuracy` (0 to 1); for language
        models `perplexity` (per piece, the end included) and `tokens`; `truncated`, the number of texts that were too
        long to be read whole, if there were any.

    Raises:
        CallError: a label that the model does not know, or a beam for a model that does not translate.
    """
    if beam and predictor.task != "translation":
        raise CallError(f"Only a translation model is scored with a beam. Received: a model for {predictor.task}.")
    began = time.monotonic()
    scores = SCORES[predictor.task](predictor, corpus, beam)
    scores = {"count": len(corpus), **scores, "seconds": round(time.monotonic() - began, 2)}
    truncated = sum(predictor.truncated(corpus.sources))
    return scores | ({"truncated": truncated} if truncated else {})


def _translation(predictor, corpus, beam):
    outputs = [prediction.output for prediction in predictor.predict(corpus.sources, beam=beam)]
    scores = translation_scores(outputs, corpus.targets)
    return scores | ({"beam": beam.width, "length_penalty": beam.length_penalty} if beam else {})


def _classification(predictor, corpus, _):
    corpus.classes(predictor.labels)  # refuses labels that the model does not know
    predictions = predictor.predict(corpus.sources)
    return {"accuracy": accuracy([prediction.output for prediction in predictions], corpus.targets)}


def _language_model(predictor, corpus, _):
    return perplexity(predictor.score(corpus.sources))


SCORES = {"translation": _translation, "classification": _classification, "language_model": _language_model}
