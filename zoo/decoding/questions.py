"""What a model can be asked by token ids."""

from collections.abc import Callable

import tensorflow as tf

from zoo.base import TokenModel
from zoo.decoding.scoring import classify, score
from zoo.decoding.stepwise import greedy


def id_functions(model: TokenModel) -> dict[str, Callable[[tf.Tensor], dict[str, tf.Tensor]]]:
    """Return what a model can be asked, each a function from ids (B, S) to a dict of tensors.

    `tokens` for translation (`greedy`) and classification (`classify`), `tokens` (`greedy` from a
    prompt) and `score_tokens` (`score`) for language models.
    """
    if model.task == "classification":
        return {"tokens": lambda ids: classify(model, ids)}
    functions = {"tokens": lambda ids: greedy(model, ids)}
    if model.task == "language_model":
        functions["score_tokens"] = lambda ids: score(model, ids)
    return functions
