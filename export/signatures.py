"""What an exported model can be asked: by token ids everywhere, by text where the graph can read text."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from zoo.decoding import id_functions
from zoo.run import Run
from zoo.special import END, PAD
from zoo.text import GraphText


class Signature(NamedTuple):
    """A function over tensors and the one input it takes."""

    function: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    input: tf.TensorSpec


IDS = tf.TensorSpec([None, None], tf.int32, name="ids")
TEXT = tf.TensorSpec([None], tf.string, name="text")


def id_signatures(run: Run) -> dict[str, Signature]:
    """Return the signatures over token ids (B, S), by name; see `zoo.decoding.id_functions`."""
    return {name: Signature(function, IDS) for name, function in id_functions(run.model).items()}


def text_signatures(run: Run, text: dict[str, GraphText]) -> dict[str, Signature]:
    """Return the signatures over text (B,), by name.

    Args:
        run: the trained model.
        text: its vocabularies in the graph, by side.

    `serving_default` and `detail` for every task, `score` for language models:

    | task | serving_default | detail adds |
    |---|---|---|
    | translation | text, score | source_pieces, pieces, attention |
    | classification | label, probability | source_pieces, probabilities, attention |
    | language_model | text, score | source_pieces, pieces |

    `score` gives score (the log-probability) and tokens (how many share it).
    """
    make = {"translation": _translation, "classification": _classification, "language_model": _language_model}
    return make[run.task](run, id_functions(run.model), text)


def _answers(detail, short: list[str]) -> dict[str, Signature]:
    """Return `detail`, and `serving_default`, which is the short of it."""

    def default(text):
        answer = detail(text)
        return {name: answer[name] for name in short}

    return {"serving_default": Signature(default, TEXT), "detail": Signature(detail, TEXT)}


def _translation(run, functions, text):
    source, target = text["source"], text["target"]

    def detail(text):
        ids = source.source_ids(text, run.task)
        answer = functions["tokens"](ids)
        produced = answer.pop("ids")
        words = tf.where(tf.equal(produced, END), PAD, produced)
        pieces = {"source_pieces": source.pieces(ids), "pieces": target.pieces(produced)}
        return {"text": target.decode(words)} | answer | pieces

    return _answers(detail, ["text", "score"])


def _classification(run, functions, text):
    source, labels = text["source"], tf.constant(run.config["labels"])

    def detail(text):
        ids = source.source_ids(text, run.task)
        answer = functions["tokens"](ids)
        best = tf.argmax(answer["probabilities"], axis=-1)
        label = {"label": tf.gather(labels, best), "probability": tf.reduce_max(answer["probabilities"], axis=-1)}
        return label | answer | {"source_pieces": source.pieces(ids)}

    return _answers(detail, ["label", "probability"])


def _language_model(run, functions, text):
    source = text["source"]

    def detail(text):
        ids = source.source_ids(text, run.task)
        answer = functions["tokens"](ids)
        produced = answer["ids"]
        whole = tf.concat([ids, produced], axis=1)
        pieces = {"source_pieces": source.pieces(ids), "pieces": source.pieces(produced)}
        return {"text": source.decode(whole), "score": answer["score"]} | pieces

    def score(text):
        ids = source.source_ids(text, run.task)
        ids = tf.pad(ids, [[0, 0], [0, 1]], constant_values=PAD)
        lengths = tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
        answer = functions["score_tokens"](ids + END * tf.one_hot(lengths, tf.shape(ids)[1], dtype=tf.int32))
        return {"score": answer["score"], "tokens": answer["tokens"]}

    return _answers(detail, ["text", "score"]) | {"score": Signature(score, TEXT)}
