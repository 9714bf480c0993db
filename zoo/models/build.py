"""The builders of all models by name, as the catalogue lists them."""

import importlib
from collections.abc import Iterable
from typing import Any

import keras

from zoo.catalog import CATALOG, find
from zoo.models.builder import Builder
from zoo.options import Option, check_names

MODELS: dict[str, Builder] = {entry.name: getattr(importlib.import_module(entry.home), entry.name) for entry in CATALOG}


def build(name: str, **options: Any) -> keras.Model:
    """Build the model of that name.

    Args:
        name: one of `zoo.names()`.
        options: the arguments of its builder.

    Raises:
        CallError: an unknown model or option (the message gives the nearest), one that is missing or out of range.
    """
    return MODELS[find(name).name](**options)


def options_of_builder(name: str) -> dict[str, Option]:
    """Return the options of a model by name, the sizes of its vocabularies included.

    Raises:
        CallError: there is no such model.
    """
    return MODELS[find(name).name].options  # type: ignore[attr-defined]


def check_options(name: str, options: Iterable[str]) -> None:
    """Refuse options that a model does not have.

    Raises:
        CallError: an unknown model or option; the message gives the nearest.
    """
    check_names(name, options, options_of_builder(name))


def model_options() -> dict[str, Option]:
    """Return the options that any model has, by name, described for the last model that has them.

    Those that follow from the data, the sizes of vocabularies and the number of classes, are left out.
    """
    of_all = [option for entry in CATALOG for option in options_of_builder(entry.name).values()]
    return {option.name: option for option in of_all if not option.required}
