"""The endpoints of a model: functions over token ids, the same for Keras, SavedModel, LiteRT and ONNX."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import UNKNOWN
from zoo.decoding.beam import beam_search
from zoo.decoding.greedy import greedy
from zoo.decoding.inputs import vocabulary_size
from zoo.decoding.sample import sample
from zoo.decoding.score import classify, score
from zoo.decoding.shortlist import over_candidates
from zoo.models.base import TokenModel
from zoo.recurrence.scan import inference_graph
from zoo.tasks import TASKS

Function = Callable[..., dict[str, tf.Tensor]]

# All inputs of the endpoints. An option has one value per row, or one for all rows: a server that batches the rows of
# several callers requires the length of the batch for every input.
INPUTS = {
    "ids": tf.TensorSpec([None, None], tf.int32, name="ids"),
    "target_ids": tf.TensorSpec([None, None], tf.int32, name="target_ids"),
    **{name: tf.TensorSpec([None], tf.int32, name=name) for name in ("beam_width", "max_length", "top_k", "seed")},
    **{name: tf.TensorSpec([None], tf.float32, name=name) for name in ("length_penalty", "temperature", "top_p")},
}


def id_functions(model: TokenModel, *, beam_width: int | None = None, litert: bool = False) -> dict[str, Function]:
    """Return the endpoints of a model by name: functions from tensors to a dict of tensors.

    | name | inputs | function |
    |---|---|---|
    | `tokens` | ids | `classify` for a classifier, else `greedy` |
    | `beam_tokens` | ids, beam_width, length_penalty, max_length | `beam_search` |
    | `score_tokens` | ids, and target_ids for translation | `score` |
    | `sample_tokens` | ids, max_length, temperature, top_k, top_p, seed | `sample`; language models only |

    An id outside the vocabulary is read as the unknown piece, because an error for one row would fail the whole batch.
    `greedy` and `beam_search` decode over the shortlist of the model, if it has one.

    Args:
        model: any model of the zoo.
        beam_width: a fixed beam width, for a graph with static shapes. `beam_width` is then not an input.
        litert: leave out `sample_tokens`, for which LiteRT has no operations.
    """
    functions = _functions(model, beam_width, litert)
    return {name: _with_known_ids(model, function) for name, function in functions.items()}


def _functions(model, beam_width, litert) -> dict[str, Function]:
    task = TASKS[model.task]
    if task.labelled:
        return {"tokens": lambda ids: classify(model, ids)}
    functions: dict[str, Function] = {
        "tokens": lambda ids: over_candidates(greedy, model, ids),
        "beam_tokens": _beam_function(model, beam_width),
    }
    if not task.prompted:
        return functions | {"score_tokens": lambda ids, target_ids: score(model, ids, target_ids)}
    functions["score_tokens"] = lambda ids: score(model, ids)
    if not litert:
        functions["sample_tokens"] = lambda ids, max_length, temperature, top_k, top_p, seed: sample(
            model, ids, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, max_length=max_length
        )
    return functions


def _beam_function(model, fixed_width) -> Function:
    def beam(ids, beam_width, length_penalty, max_length):
        options = {"beam_width": beam_width, "length_penalty": length_penalty, "max_length": max_length}
        return over_candidates(beam_search, model, ids, **options)

    if fixed_width is None:
        return beam
    return lambda ids, length_penalty, max_length: beam(ids, fixed_width, length_penalty, max_length)


def _with_known_ids(model: TokenModel, function: Function) -> Function:
    """Return a function that reads ids outside the vocabulary as the unknown piece."""
    sides = {"ids": "source", "target_ids": "target"}
    signature = inspect.signature(function)

    @functools.wraps(function)
    def with_known_ids(*inputs: Any, **named_inputs: Any) -> dict[str, tf.Tensor]:
        arguments = signature.bind(*inputs, **named_inputs).arguments
        for name, side in sides.items():
            if name in arguments:
                size = vocabulary_size(model, side)
                ids = tf.convert_to_tensor(arguments[name])
                arguments[name] = tf.where(tf.logical_and(ids >= 0, ids < size), ids, UNKNOWN)
        return function(**arguments)

    return with_known_ids


def inputs_of(function: Function, *, scalars: bool = False) -> dict[str, tf.TensorSpec]:
    """Return the inputs of an endpoint by name, in the order of its parameters.

    Args:
        function: a function of `id_functions`.
        scalars: make the options scalars instead of one value per row.
    """
    inputs = {name: INPUTS[name] for name in inspect.signature(function).parameters}
    if scalars:
        inputs |= {name: tf.TensorSpec([], spec.dtype, name) for name, spec in inputs.items() if spec.shape.rank == 1}
    return inputs


def numpy_functions(model: TokenModel) -> dict[str, Callable[..., dict[str, np.ndarray]]]:
    """Return the endpoints of a model by name as functions from arrays to arrays. Each is traced once, as a graph."""
    return {name: _numpy_function(function) for name, function in id_functions(model).items()}


def _numpy_function(function):
    inputs = inputs_of(function)

    def traced(*tensors):
        with inference_graph():
            return function(**dict(zip(inputs, tensors, strict=True)))

    graph = tf.function(traced, list(inputs.values()), autograph=False)

    def call_graph(ids, **options):
        arguments = {"ids": ids, **options}
        outputs = graph(*(arguments[name] for name in inputs))
        return {name: value.numpy() for name, value in outputs.items()}

    return call_graph
