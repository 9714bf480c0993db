"""The decorator of the builder functions."""

import dataclasses
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import keras

from zoo.errors import CallError
from zoo.options import Option, check_names, options_of

Builder = Callable[..., keras.Model]

_SECTIONS = ("Call arguments", "Returns", "Raises", "Source")  # those of a class that its builders show


def builder(
    model_class: type, *, defaults: Mapping[str, Any] | None = None, **fixed: Any
) -> Callable[[Builder], Builder]:
    """Decorate a function that builds a model. It takes the options of the class except those that are fixed.

    It also takes `name` and `dtype`, as in all of Keras. The default name is the name of the builder.

    Args:
        model_class: the class of the model.
        defaults: the options whose default differs from that of the class.
        fixed: the options whose values define this model.
    """
    defaults = defaults or {}

    def decorate(build: Builder) -> Builder:
        name = build.__name__
        options = {key: option for key, option in options_of(model_class).items() if key not in fixed}
        options |= {key: dataclasses.replace(options[key], default=value) for key, value in defaults.items()}
        signature = _signature(model_class, options, name)

        @functools.wraps(build)
        def build_checked(*sizes: Any, **given: Any) -> keras.Model:
            check_names(name, given, signature.parameters)
            given = signature.bind_partial(*sizes, **given).arguments
            for key, option in options.items():
                if option.required and key not in given:
                    raise CallError(f"{name} needs `{key}`, a positive integer.")
            return build(**{"name": name, **defaults, **given, **fixed})

        build_checked.__doc__ = _docstring(build, model_class, options)
        build_checked.__signature__ = signature  # type: ignore[attr-defined]
        build_checked.options = options  # type: ignore[attr-defined]
        build_checked.builds = lambda model: _builds(model, model_class, fixed)  # type: ignore[attr-defined]
        return build_checked

    return decorate


def _docstring(build: Builder, model_class: type, options: dict[str, Option]) -> str:
    """Return the docstring of a builder with the description of every argument, and what the class says of the rest."""
    lines = [inspect.cleandoc(build.__doc__ or ""), "", "Args:"]
    descriptions = {key: f"{option.help}{_choices(option)}" for key, option in options.items()}
    descriptions |= {"name": "the name of the model.", "dtype": "the dtype or dtype policy, as in `keras.Model`."}
    for key, text in descriptions.items():
        lines += textwrap.wrap(f"{key}: {text}", 110, initial_indent="    ", subsequent_indent="        ")
    lines += ["", f"The model is a `{model_class.__name__}`."]
    sections = _sections(model_class)
    return "\n".join([*lines, "", *(sections[title] for title in _SECTIONS if title in sections)])


def _sections(model_class: type) -> dict[str, str]:
    """Return the sections of the docstring of a class by title; those that it leaves out are those of its bases."""
    sections: dict[str, str] = {}
    for base in reversed(model_class.__mro__):
        for section in re.split(r"\n(?=[A-Z][a-z ]+:(?: |\n))", inspect.cleandoc(base.__doc__ or "")):
            sections[section.partition(":")[0]] = section
    return sections


def _choices(option: Option) -> str:
    words = [f'"{word}"' for word in option.choices]
    return f" One of {', '.join(words)}." if words and words[0] not in option.help else ""


def _builds(model: Any, model_class: type, fixed: dict[str, Any]) -> bool:
    """Return true if a model is of this class and has the fixed options."""
    options = getattr(model, "options", {})
    return type(model) is model_class and all(options[name] == value for name, value in fixed.items())


def _signature(model_class: type, options: dict[str, Option], name: str) -> inspect.Signature:
    """Return the signature of a builder: its options as parameters of the class, then `name` and `dtype`."""
    # of the constructor: Python 3.10 would take the signature of the `__new__` that Keras models have
    of_class = inspect.signature(model_class.__init__).parameters  # type: ignore[misc]
    parameters = [
        of_class[key].replace(annotation=option.annotation, default=option.default) for key, option in options.items()
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters.append(inspect.Parameter("name", keyword, default=name, annotation=str))
    parameters.append(inspect.Parameter("dtype", keyword, default=None, annotation=Any))
    return inspect.Signature(parameters, return_annotation=keras.Model)
