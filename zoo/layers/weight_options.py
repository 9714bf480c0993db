"""The options of the weights of a layer, as in Keras: an initializer, a regularizer and a constraint for each role."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras

from zoo.errors import CallError

_KINDS = {"initializer": keras.initializers, "regularizer": keras.regularizers, "constraint": keras.constraints}

_DOCUMENTATION = """

    Arguments of the weights, as in Keras: an object, its name, its config or None.
        {initializers}:
            the initial values; default: {defaults}.
        {regularizers}:
            the penalties, which `losses` returns; default: None.
        {constraints}:
            the projections after each update; default: None.
"""


def defaults_of(roles: Mapping[str, str]) -> dict[str, str | None]:
    """Return the defaults of the options by name, from the default initializer of each role."""
    return {f"{role}_{kind}": roles[role] if kind == "initializer" else None for kind in _KINDS for role in roles}


def take(roles: Mapping[str, str], arguments: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of the weights from the arguments, and return those that differ from the defaults.

    A default initializer stays a name: Keras draws the seed of an initializer when it makes the object.

    Raises:
        CallError: an unknown or invalid initializer, regularizer or constraint.
    """
    defaults = defaults_of(roles)
    given = {name: arguments.pop(name) for name in defaults if name in arguments}
    return {name: _object(name, value) for name, value in given.items() if value is None or value != defaults[name]}


def _object(name: str, value: Any) -> Any:
    kind = name.rpartition("_")[2]
    try:
        return _KINDS[kind].get(value)
    except (TypeError, ValueError) as error:
        raise CallError(f"`{name}` must be a Keras {kind}, its name or None. Received: {name}={value!r}.") from error


def documentation(roles: Mapping[str, str]) -> str:
    """Return the section of a docstring that states the options of the weights."""
    names = {f"{kind}s": ", ".join(f"{role}_{kind}" for role in roles) for kind in _KINDS}
    return _DOCUMENTATION.format(**names, defaults=_listed(roles.values()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
