"""Averages of the weights, with an optimizer that keeps them: for validation and for the saved model."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from zoo.fitting.precision import in_float32


class AveragedWeights:
    """A mix-in before `keras.Model` that validates with the averaged weights, if the optimizer has `use_ema`.

    At the end of `fit` Keras makes the averages the weights, so that they need no other treatment after it.

    Attributes:
        averaged: true if the weights are the averaged ones at the moment.
        fitting: true inside `fit`.
    """

    averaged = False
    fitting = False

    def fit(self, *args, **kwargs):
        """Train as Keras does, and validate with the averaged weights."""
        self.fitting = True
        try:
            return super().fit(*args, **kwargs)  # type: ignore[misc]
        finally:
            self.fitting = False

    @contextlib.contextmanager
    def evaluation_weights(self) -> Iterator[None]:
        """Give the model the averaged weights inside the block, if the optimizer averages them."""
        optimizer: Any = getattr(self, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        averages = getattr(optimizer, "use_ema", False) and optimizer.built
        if self.averaged or not averages or not int(optimizer.iterations.numpy()):
            yield
            return
        variables = self.trainable_variables  # type: ignore[attr-defined]  # of `keras.Model`
        own = [variable.numpy() for variable in variables]
        optimizer.finalize_variable_values(variables)
        self.averaged = True
        try:
            yield
        finally:
            self.averaged = False
            for variable, value in zip(variables, own, strict=True):
                variable.assign(value)

    def evaluate(self, *args, **kwargs):
        """Evaluate as Keras does; the validation of `fit` is with the averaged weights."""
        with self.evaluation_weights() if self.fitting else contextlib.nullcontext():
            return super().evaluate(*args, **kwargs)

    def save_for_inference(self, path: str | os.PathLike) -> None:
        """Save the model with the averaged weights, in float32, without the optimizer."""
        with self.evaluation_weights():
            copy = in_float32(self)
        copy.save(path)
