"""Scores of a model on a corpus: BLEU, chrF and exact match, accuracy, or perplexity."""

import time
from typing import Any

from training.corpora import Corpus
from zoo.errors import CallError, nearest
from zoo.predictor import Predictor
from zoo.scores import accuracy, perplexity, translation_scores


def evaluate(predictor: Predictor, corpus: Corpus) -> dict[str, Any]:
    """Score a model on a corpus.

    Args:
        predictor: the model with its vocabularies.
        corpus: read for the model's task.

    Returns:
        `count`, `seconds` and, for translation, `bleu`, `chrf` (0 to 100), `exact_match` (0 to 1) and sacrebleu's
        `signature`; for classification `accuracy` (0 to 1); for language models `perplexity` (per piece,
        the end included) and `tokens`; `truncated`, how many texts were too long to be read whole, if any was.

    Raises:
        CallError: a label that the model does not know.
    """
    began = time.monotonic()
    score = {"translation": _translation, "classification": _classification, "language_model": _language_model}
    scores = score[predictor.task](predictor, corpus)
    scores = {"count": len(corpus), **scores, "seconds": round(time.monotonic() - began, 2)}
    truncated = sum(predictor.truncated(corpus.sources))
    return scores | ({"truncated": truncated} if truncated else {})


def _translation(predictor, corpus):
    return translation_scores([one.output for one in predictor.predict(corpus.sources)], corpus.targets)


def _classification(predictor, corpus):
    for i, label in enumerate(corpus.targets):
        if label not in predictor.labels:
            known = ", ".join(predictor.labels[:20])
            hint = nearest(label, predictor.labels)
            raise CallError(f'{corpus.where(i)}: label "{label}" is not one of {known}.{hint}')
    predictions = predictor.predict(corpus.sources)
    return {"accuracy": accuracy([one.output for one in predictions], corpus.targets)}


def _language_model(predictor, corpus):
    return perplexity(predictor.score(corpus.sources))
