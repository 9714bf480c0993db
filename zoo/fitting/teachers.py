"""Distillation: trained models whose mean probabilities are a part of the targets."""

import hashlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from zoo.checks import Number
from zoo.errors import CallError
from zoo.tasks import TASKS


class Teachers:
    """The teachers of a model. It is no Keras object, so that Keras neither trains nor saves them with the student.

    Args:
        models: trained models of the student's task, vocabularies and classes.
        student: the model that learns from them.
        distillation: the share of the targets that the teachers decide.

    Raises:
        CallError: no list of models, a teacher that reads or answers other ids, or a share that is not from 0 to 1.

    Source: Hinton et al. 2015, arXiv 1503.02531, with a temperature of 1.
    """

    def __init__(self, models: Any, student: keras.Model, distillation: float):
        if not isinstance(models, list | tuple):
            raise CallError(f"`teachers` must be a list of models. Received: {models!r}.")
        self.share = Number(high=1.0)("distillation", distillation)
        self.models = tuple(models)
        for model in models:
            _check(model, student)

    def probabilities(self, inputs: Any, kept: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor | None:
        """Return the mean probabilities of the teachers, float32; None if they decide nothing.

        Args:
            inputs: the inputs of the student.
            kept: takes the features (B, T, n) that logits are computed for.
        """
        if not self.models or not self.share:
            return None
        logits = [model.to_logits(kept(model.hidden(inputs))) for model in self.models]
        return sum(tf.nn.softmax(tf.cast(of_teacher, tf.float32)) for of_teacher in logits) / len(logits)

    def record(self) -> dict[str, Any]:
        """Return what a training with these teachers depends on, for a checkpoint; nothing without teachers."""
        digests = [hashlib.sha256(b"".join(map(bytes, model.get_weights()))).hexdigest() for model in self.models]
        return {"teachers": {"digests": digests, "distillation": self.share}} if digests else {}


def _check(model: Any, student: Any) -> None:
    """Refuse a teacher of another task, or with other vocabularies or classes."""
    expected, received = _ids_of(student), _ids_of(model)
    if expected != received:
        raise CallError(f"`teachers` must be models of {_text(expected)}. Received: {_text(received) or repr(model)}.")


def _ids_of(model: Any) -> dict[str, Any]:
    """Return what a model and its teacher have in common; nothing for what is no model of the zoo."""
    task, options = getattr(model, "task", None), getattr(model, "options", {})
    if task not in TASKS:
        return {}
    sizes = {name: options.get(name) for name in (*TASKS[task].size_options.values(), "classes")}
    ids = {name: getattr(model, name, None) for name in ("start_id", "end_id")}
    return {"task": task, **{name: value for name, value in {**sizes, **ids}.items() if value is not None}}


def _text(common: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in common.items())
