"""The endpoints of a model: functions over token ids, the same for Keras, SavedModel, LiteRT and ONNX."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.constants import UNKNOWN
from zoo.decoding.beam import beam_search
from zoo.decoding.greedy import greedy
from zoo.decoding.sample import sample
from zoo.decoding.score import classify, score
from zoo.models.base import TokenModel

Function = Callable[..., dict[str, tf.Tensor]]

# Every input that a function over ids can have: its name tells its kind. An option has a number for each row, or one
# for all: a server that batches the rows of several callers wants every input to have the length of the batch.
INPUTS = {
    "ids": tf.TensorSpec([None, None], tf.int32, name="ids"),
    "target_ids": tf.TensorSpec([None, None], tf.int32, name="target_ids"),
    **{name: tf.TensorSpec([None], tf.int32, name=name) for name in ("beam_width", "max_length", "top_k", "seed")},
    **{name: tf.TensorSpec([None], tf.float32, name=name) for name in ("length_penalty", "temperature", "top_p")},
}


def id_functions(model: TokenModel, *, beam_width: int | None = None, litert: bool = False) -> dict[str, Function]:
    """Return what a model can be asked, by name: functions from tensors to a dict of tensors.

    | name | inputs | of |
    |---|---|---|
    | `tokens` | ids | `classify` for a classifier, else `greedy` |
    | `beam_tokens` | ids, beam_width, length_penalty, max_length | `beam_search` |
    | `score_tokens` | ids, and target_ids for translation | `score` |
    | `sample_tokens` | ids, max_length, temperature, top_k, top_p, seed | `sample`; language models |

    An id outside the vocabulary is read as the unknown piece: an error for one row would be one for the whole batch.

    Args:
        model: any model of the zoo.
        beam_width: the one beam width that there is, no input then: what a graph of known shapes needs.
        litert: leave out what LiteRT has no operations for, `sample_tokens`.
    """
    functions = _functions(model, beam_width, litert)
    return {name: _of_known_ids(model, function) for name, function in functions.items()}


def _functions(model, beam_width, litert) -> dict[str, Function]:
    if model.task == "classification":
        return {"tokens": lambda ids: classify(model, ids)}

    def beam(ids, beam_width, length_penalty, max_length):
        return beam_search(model, ids, beam_width=beam_width, length_penalty=length_penalty, max_length=max_length)

    functions: dict[str, Function] = {"tokens": lambda ids: greedy(model, ids), "beam_tokens": beam}
    if beam_width is not None:
        functions["beam_tokens"] = lambda ids, length_penalty, max_length: beam(
            ids, beam_width, length_penalty, max_length
        )
    if model.task == "translation":
        return functions | {"score_tokens": lambda ids, target_ids: score(model, ids, target_ids)}
    functions["score_tokens"] = lambda ids: score(model, ids)
    if not litert:
        functions["sample_tokens"] = lambda ids, max_length, temperature, top_k, top_p, seed: sample(
            model, ids, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, max_length=max_length
        )
    return functions


def _of_known_ids(model: TokenModel, function: Function) -> Function:
    """Let a function read ids outside the vocabulary as the unknown piece."""
    kinds = {"ids": "source_vocabulary_size", "target_ids": "target_vocabulary_size"}
    signature = inspect.signature(function)

    @functools.wraps(function)
    def known(*inputs: Any, **more: Any) -> dict[str, tf.Tensor]:
        given = signature.bind(*inputs, **more).arguments
        for name in kinds.keys() & given.keys():
            size = model.options.get(kinds[name]) or model.options["vocabulary_size"]
            ids = tf.convert_to_tensor(given[name])
            given[name] = tf.where(tf.logical_and(ids >= 0, ids < size), ids, UNKNOWN)
        return function(**given)

    return known


def inputs_of(function: Function, *, scalars: bool = False) -> dict[str, tf.TensorSpec]:
    """Return the kind of each input of one of these functions, in their order; options as scalars if asked."""
    kinds = {name: INPUTS[name] for name in inspect.signature(function).parameters}
    if scalars:
        kinds |= {name: tf.TensorSpec([], one.dtype, name) for name, one in kinds.items() if one.shape.rank == 1}
    return kinds
