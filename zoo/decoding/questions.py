"""What a model can be asked by token ids, for everything that answers: Keras, SavedModel and LiteRT."""

import inspect
from collections.abc import Callable

import tensorflow as tf

from zoo.base import TokenModel
from zoo.decoding.beam import beam_search
from zoo.decoding.scoring import classify, score
from zoo.decoding.stepwise import greedy, sample

Function = Callable[..., dict[str, tf.Tensor]]

# Every input that a function over ids can have: its name tells its kind.
INPUTS = {
    "ids": tf.TensorSpec([None, None], tf.int32, name="ids"),
    "target_ids": tf.TensorSpec([None, None], tf.int32, name="target_ids"),
    **{name: tf.TensorSpec([], tf.int32, name=name) for name in ("beam_width", "max_length", "top_k", "seed")},
    **{name: tf.TensorSpec([], tf.float32, name=name) for name in ("length_penalty", "temperature", "top_p")},
}


def id_functions(model: TokenModel, *, beam_width: int | None = None, litert: bool = False) -> dict[str, Function]:
    """Return what a model can be asked, by name: functions from tensors to a dict of tensors.

    | name | inputs | of |
    |---|---|---|
    | `tokens` | ids | `classify` for a classifier, else `greedy` |
    | `beam_tokens` | ids, beam_width, length_penalty, max_length | `beam_search` |
    | `score_tokens` | ids, and target_ids for translation | `score` |
    | `sample_tokens` | ids, max_length, temperature, top_k, top_p, seed | `sample`; language models |

    Args:
        model: any model of the zoo.
        beam_width: the one beam width that there is, no input then: what a graph of known shapes needs.
        litert: leave out what LiteRT has no operations for, `sample_tokens`.
    """
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


def inputs_of(function: Function) -> dict[str, tf.TensorSpec]:
    """Return the kind of each input of one of these functions, in their order."""
    return {name: INPUTS[name] for name in inspect.signature(function).parameters}
