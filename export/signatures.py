"""The signatures of an exported model: over token ids in every format, over text where the graph can read text."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.constants import END, PAD
from zoo.decoding.endpoints import INPUTS, id_functions, inputs_of
from zoo.errors import CallError
from zoo.models.base import TokenModel
from zoo.pipeline import Pipeline
from zoo.shortlist import SHORTLIST
from zoo.tasks import TASKS

BEAM_WIDTH = 4  # of a graph with fixed shapes
ID_SIGNATURES = ("tokens", "beam_tokens", "score_tokens", "sample_tokens")  # of a SavedModel, over token ids


class Signature(NamedTuple):
    """A function over tensors, and the specification of each input by name, in the order of its parameters."""

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: dict[str, tf.TensorSpec]

    def graph(self) -> Any:
        """Return the function as a `tf.function` of positional tensors."""

        def function(*tensors):
            return self.function(**dict(zip(self.inputs, tensors, strict=True)))

        return tf.function(function, list(self.inputs.values()), autograph=False)


def id_signatures(model: TokenModel) -> dict[str, Signature]:
    """Return the signatures over token ids (B, S), by name; see `zoo.decoding.endpoints.id_functions`."""
    return {name: Signature(function, inputs_of(function)) for name, function in id_functions(model).items()}


def litert_signatures(model: TokenModel, shape: tuple[int, int] | None = None) -> dict[str, Signature]:
    """Return the signatures over token ids of a .tflite, by their names there.

    Args:
        model: the Keras model.
        shape: B and S of a graph with fixed shapes, whose beam width is 4 and is no input.

    Raises:
        CallError: fixed shapes for a model with a shortlist.
    """
    if shape and getattr(model, "shortlist", None) is not None:
        raise CallError(
            f"A graph with fixed shapes has no shortlist: the number of candidates varies. Remove {SHORTLIST} from "
            "the run folder for this export."
        )
    functions = id_functions(model, beam_width=BEAM_WIDTH if shape else None, litert=True)
    signatures = {}
    for name, function in functions.items():
        inputs = inputs_of(function, scalars=True)
        for ids in ("ids", "target_ids") if shape else ():
            if ids in inputs:
                inputs[ids] = tf.TensorSpec(shape, tf.int32, name=ids)
        signatures[TASKS[model.task].endpoints[name]] = Signature(function, inputs)
    return signatures


def text_signatures(pipeline: Pipeline, text: dict[str, Any]) -> dict[str, Signature]:
    """Return the signatures over text (B,), by name.

    Args:
        pipeline: the trained model with its vocabularies.
        text: the vocabularies in the graph, by side: `GraphText`, or an object with its methods.

    | task | signature | inputs besides text | outputs |
    |---|---|---|---|
    | translation | serving_default | | text, score |
    | | detail | | and source_pieces, pieces, attention |
    | | beam | beam_width, length_penalty, max_length | texts, scores |
    | | score | target | score, tokens, token_scores |
    | classification | serving_default | | label, probability |
    | | detail | | and source_pieces, probabilities, attention |
    | language_model | serving_default | | text, score |
    | | detail | | and source_pieces, pieces |
    | | generate | max_length, temperature, top_k, top_p, seed | text, score |
    | | score | | score, tokens, perplexity |
    """
    make = {"translation": _translation, "classification": _classification, "language_model": _language_model}
    return make[pipeline.task](pipeline, id_functions(pipeline.model), text)


def _signature(function, names: str) -> Signature:
    texts = {name: tf.TensorSpec([None], tf.string, name=name) for name in ("text", "target")}
    return Signature(function, {name: (texts | INPUTS)[name] for name in names.split()})


def _answers(detail, short: list[str]) -> dict[str, Signature]:
    """Return `detail`, and `serving_default`, which has some of its outputs."""

    def default(text):
        answer = detail(text)
        return {name: answer[name] for name in short}

    return {"serving_default": _signature(default, "text"), "detail": _signature(detail, "text")}


def _translation(pipeline, functions, text):
    source, target = text["source"], text["target"]

    def detail(text):
        ids = source.source_ids(text, pipeline.task)
        answer = functions["tokens"](ids)
        produced = answer.pop("ids")
        pieces = {"source_pieces": source.pieces(ids), "pieces": target.pieces(produced)}
        return {"text": _text_of(target, produced)} | answer | pieces

    def beam(text, beam_width, length_penalty, max_length):
        ids = source.source_ids(text, pipeline.task)
        answer = functions["beam_tokens"](ids, beam_width, length_penalty, max_length)
        shape = tf.shape(answer["score"])
        texts = _text_of(target, tf.reshape(answer["ids"], [shape[0] * shape[1], tf.shape(answer["ids"])[2]]))
        return {"texts": tf.reshape(texts, shape), "scores": answer["score"]}

    def score(text, target):
        target_ids = text_of_target.source_ids(target, pipeline.task)
        answer = functions["score_tokens"](source.source_ids(text, pipeline.task), target_ids)
        return {name: answer[name] for name in ("score", "tokens", "token_scores")}

    text_of_target = target
    return _answers(detail, ["text", "score"]) | {
        "beam": _signature(beam, "text beam_width length_penalty max_length"),
        "score": _signature(score, "text target"),
    }


def _text_of(vocabulary, ids):
    return vocabulary.decode(tf.where(tf.equal(ids, END), PAD, ids))


def _classification(pipeline, functions, text):
    source, labels = text["source"], tf.constant(pipeline.config.labels)

    def detail(text):
        ids = source.source_ids(text, pipeline.task)
        answer = functions["tokens"](ids)
        best = tf.argmax(answer["probabilities"], axis=-1)
        label = {"label": tf.gather(labels, best), "probability": tf.reduce_max(answer["probabilities"], axis=-1)}
        return label | answer | {"source_pieces": source.pieces(ids)}

    return _answers(detail, ["label", "probability"])


def _language_model(pipeline, functions, text):
    source = text["source"]

    def whole(ids, answer):
        return {"text": source.decode(tf.concat([ids, answer["ids"]], axis=1)), "score": answer["score"]}

    def detail(text):
        ids = source.source_ids(text, pipeline.task)
        answer = functions["tokens"](ids)
        return whole(ids, answer) | {"source_pieces": source.pieces(ids), "pieces": source.pieces(answer["ids"])}

    def generate(text, **options):
        ids = source.source_ids(text, pipeline.task)
        return whole(ids, functions["sample_tokens"](ids, **options))

    def score(text):
        ids = source.source_ids(text, pipeline.task)
        ids = tf.pad(ids, [[0, 0], [0, 1]], constant_values=PAD)
        lengths = tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
        answer = functions["score_tokens"](ids + END * tf.one_hot(lengths, tf.shape(ids)[1], dtype=tf.int32))
        perplexity = tf.exp(-answer["score"] / answer["tokens"])
        return {"score": answer["score"], "tokens": answer["tokens"], "perplexity": perplexity}

    return _answers(detail, ["text", "score"]) | {
        "generate": _signature(generate, "text max_length temperature top_k top_p seed"),
        "score": _signature(score, "text"),
    }
