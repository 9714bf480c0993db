"""The builders of all models in the catalogue, by name."""

import dataclasses
import importlib
from collections.abc import Collection
from typing import Any

import keras

from zoo.catalog import CATALOG, find
from zoo.errors import CallError
from zoo.models.builder import Builder
from zoo.options import Option, check_names

MODELS: dict[str, Builder] = {entry.name: getattr(importlib.import_module(entry.home), entry.name) for entry in CATALOG}


# For a model over the ids of another tokenizer. A model over text has those of `zoo.Vocabulary`, the defaults.
ID_OPTIONS = ("start_id", "end_id")


def build(name: str, **options: Any) -> keras.Model:
    """Build a model by name.

    Args:
        name: one of `zoo.names()`.
        options: the arguments of the builder.

    Raises:
        CallError: an unknown model or option (the message names the nearest one), or an option that is missing or
            invalid.
    """
    return MODELS[find(name).name](**options)


def name_of(model: keras.Model) -> str:
    """Return the name in the catalogue of a model, or the model's own name if no builder makes such a model."""
    names = (name for name, builder in MODELS.items() if builder.builds(model))  # type: ignore[attr-defined]
    return next(names, model.name)


def options_of_builder(name: str) -> dict[str, Option]:
    """Return the options of a model by name, including the sizes of its vocabularies.

    Raises:
        CallError: an unknown model.
    """
    return MODELS[find(name).name].options  # type: ignore[attr-defined]


def check_options(name: str, options: Collection[str]) -> None:
    """Check that a model that is trained on text has these options.

    Raises:
        CallError: an unknown model or option (the message names the nearest one), or one of `ID_OPTIONS`.
    """
    for option in ID_OPTIONS:
        if option in options:
            raise CallError(f"`{option}` is for a model over the ids of another tokenizer, not for training on text.")
    check_names(name, options, options_of_builder(name))


def model_options() -> dict[str, Option]:
    """Return the options of all models by name, each with the description in the last model that has it.

    Where the defaults of the models differ, it is None. Required options, the sizes of vocabularies and the number of
    classes, are left out: they follow from the data. So do the `ID_OPTIONS`.
    """
    of_all = [option for entry in CATALOG for option in options_of_builder(entry.name).values()]
    last = {option.name: option for option in of_all if not option.required and option.name not in ID_OPTIONS}
    for name, option in last.items():
        if len({other.default for other in of_all if other.name == name}) > 1:
            description = f"{option.help.removesuffix('.')}; default: that of the model."
            last[name] = dataclasses.replace(option, default=None, help=description)
    return last
