"""The base of all layers of the zoo."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import tensorflow as tf

from zoo.errors import CallError
from zoo.layers import weight_options


class Layer(keras.layers.Layer):
    """A Keras layer whose weights can also be used outside `call`, for example in `step`.

    A subclass with arguments decorates its constructor with `takes_options`. Its config holds these arguments.

    Attributes:
        roles: the roles of the weights, each with its default initializer. For each role the constructor takes an
            initializer, a regularizer and a constraint, for example `kernel_regularizer`, which `add_role_weight` uses.
        call_axes: the possible axes of call arguments by name, for example {"inputs": ["B T n"]}. Axes whose names
            start with T are time axes and must not be empty.
        weight_options: the options of the weights that differ from the defaults, by name.
    """

    roles: ClassVar[Mapping[str, str]] = {}
    call_axes: ClassVar[Mapping[str, list[str]]] = {}
    options: dict[str, Any] = {}
    given: dict[str, Any] | None = None
    weight_options: dict[str, Any]

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._call_arguments = list(inspect.signature(cls.call).parameters)[1:]
        if cls.roles and cls.__dict__.get("__doc__"):
            cls.__doc__ = cls.__doc__.rstrip() + weight_options.documentation(cls.roles)

    def __init__(self, **kwargs):
        given = weight_options.take(self.roles, kwargs)
        super().__init__(**kwargs)
        vars(self)["weight_options"] = given  # without `__setattr__`, with which Keras would replace the dict
        for name, value in {**weight_options.defaults_of(self.roles), **given}.items():
            setattr(self, name, value)

    def __call__(self, *args, **kwargs):
        """Check the shapes that are known, and call the layer.

        Raises:
            CallError: an argument with other axes than those of `call_axes`, or with an empty time axis.
        """
        for name, argument in {**dict(zip(self._call_arguments, args, strict=False)), **kwargs}.items():
            if name in self.call_axes:
                self.check_axes(name, argument)
        return super().__call__(*args, **kwargs)

    def check_axes(self, name: str, argument: Any):
        """Check an argument for the axes of `call_axes`; an unknown rank or size is accepted.

        Raises:
            CallError: other axes, or an empty time axis.
        """
        shape = getattr(argument, "shape", None)
        if shape is None or getattr(shape, "rank", 0) is None:
            return
        received = f"Received: shape {tuple(shape)}."
        start = f'`{name}` of the layer "{self.name}" ({type(self).__name__}) must have'
        axes = [axes.split() for axes in self.call_axes[name] if len(axes.split()) == len(shape)]
        if not axes:
            known = " or ".join(f"({axes.replace(' ', ', ')})" for axes in self.call_axes[name])
            raise CallError(f"{start} the axes {known}. {received}")
        if any(axis.startswith("T") and size == 0 for axis, size in zip(axes[0], shape, strict=True)):
            raise CallError(f"{start} at least one step. {received}")

    def add_role_weight(self, role: str, shape: tuple, name: str) -> keras.Variable:
        """Create a weight with the initializer, the regularizer and the constraint of its role."""
        return self.add_weight(
            shape=shape,
            initializer=self.initializer_of(role),
            regularizer=getattr(self, f"{role}_regularizer"),
            constraint=getattr(self, f"{role}_constraint"),
            name=name,
        )

    def initializer_of(self, role: str) -> Any:
        """Return the initializer of a weight of a role, a new one for each weight: without a seed they differ."""
        initializer = getattr(self, f"{role}_initializer")
        if not isinstance(initializer, keras.initializers.Initializer):
            return initializer
        has_config = type(initializer).get_config is not keras.initializers.Initializer.get_config
        return initializer.clone() if has_config else initializer

    def cast(self, weight) -> tf.Tensor:
        """Return a weight as a tensor of the layer's compute dtype."""
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def get_config(self):
        """Return the arguments of the constructor."""
        weights = {name: keras.saving.serialize_keras_object(value) for name, value in self.weight_options.items()}
        return {**super().get_config(), **(self.options if self.given is None else self.given), **weights}


def as_mask(mask: Any) -> tf.Tensor | None:
    """Return a mask as booleans; None stays None. Those of tokenizers are numbers."""
    return None if mask is None else tf.cast(mask, tf.bool)


class StateDropout(keras.layers.Dropout):
    """Variational dropout: one mask per sequence, the same at every step.

    Source: Gal and Ghahramani 2016, arXiv 1512.05287.
    """

    def mask(self, h, training):
        """Return the factors (B, units) for the states h; None outside training or at rate 0."""
        return self(tf.ones_like(h), training=True) if training and self.rate else None
