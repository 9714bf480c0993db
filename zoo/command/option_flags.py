"""Flags that are made from the options of a class, with their kinds, choices, help and defaults."""

import re
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from zoo.command.flags import flag_of
from zoo.options import Option

METAVARS = {int: "N", float: "X", str: "KIND"}


def add_options(parser: ArgumentParser, title: str, options: Mapping[str, Option]) -> None:
    """Add a group with a flag for each option; without the flag the value is None, not the option's default."""
    group = parser.add_argument_group(title)
    for name, option in options.items():
        group.add_argument(flag_of(name), help=_help(option, options), **_kind(option))


def given(options: Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return the options of these names that were given, by name."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _kind(option: Option) -> dict[str, Any]:
    if option.kind is bool:
        return {"action": BooleanOptionalAction}
    if option.choices:
        return {"choices": option.choices}
    return {"type": option.kind, "metavar": METAVARS[option.kind]}


def _help(option: Option, options: Mapping[str, Option]) -> str:
    """Return the help of an option with its default, and other options by their flags."""
    text = re.sub(r"`(\w+)`", lambda name: flag_of(name[1]) if name[1] in options else name[0], option.help)
    text = text.removesuffix(".").replace("%", "%%")
    return text if option.required or option.default is None else f"{text} (default: {_default(option)})"


def _default(option: Option) -> str:
    if option.kind is bool:
        return "yes" if option.default else "no"
    return f"{option.default:g}" if option.kind is float else str(option.default)
