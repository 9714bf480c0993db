"""The options of a class, read from the signature of its constructor and from its docstring.

A parameter has its check in the annotation, `units: Annotated[int, positive] = 256`, and its description under "Args"
or "Attributes" in the docstring of the class. The builders, and the flags and help of the command, use these options.
"""

import dataclasses
import functools
import inspect
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from zoo.checks import OneOf
from zoo.errors import CallError, nearest

Check = Callable[[str, Any], Any]


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option.

    Attributes:
        name: the name of the parameter.
        kind: the type, int, float, bool or str.
        default: the default value; `inspect.Parameter.empty` for a required option.
        optional: true if the value may be None.
        check: a function that returns a valid value and raises a `CallError` for any other; None for no check.
        help: the description in the docstring, as one line.
    """

    name: str
    kind: type
    default: Any
    optional: bool
    check: Check | None
    help: str

    @property
    def required(self) -> bool:
        """True if the option has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def annotation(self) -> Any:
        """The type of the value, for a signature that people read."""
        return self.kind | None if self.optional else self.kind

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words, for an option with a `OneOf` check."""
        return self.check.known if isinstance(self.check, OneOf) else ()

    def checked(self, value: Any) -> Any:
        """Return the value if it is valid.

        Raises:
            CallError: an invalid value.
        """
        if self.check is None or (value is None and self.optional):
            return value
        return self.check(self.name, value)


def options_of(owner: type) -> dict[str, Option]:
    """Return the options of a class by name: the parameters of its constructor except `**kwargs`.

    A class without a constructor of its own has those of the base class that it inherits it from.
    """
    if dataclasses.is_dataclass(owner):
        return _options(inspect.signature(owner), get_type_hints(owner, include_extras=True), owner)
    home = next(base for base in owner.__mro__ if "__init__" in vars(base))  # its docstring describes them
    return _options_of_init(home.__init__, home)  # type: ignore[misc]


@functools.cache
def _options_of_init(init: Callable, owner: type | None = None) -> dict[str, Option]:
    _, *parameters = inspect.signature(init).parameters.values()  # without `self`
    signature = inspect.Signature(parameters)
    return _options(signature, get_type_hints(init, include_extras=True), owner)


def _options(signature: inspect.Signature, hints: dict[str, Any], owner: Any) -> dict[str, Option]:
    descriptions = _descriptions(inspect.getdoc(owner) or "")
    options = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            kind, optional, check = _parse_annotation(hints[name])
            options[name] = Option(
                name=name,
                kind=kind,
                default=parameter.default,
                optional=optional,
                check=check,
                help=descriptions.get(name, ""),
            )
    return options


def check_names(what: str, given: Iterable[str], known: Mapping[str, Any]) -> None:
    """Check that all given names are known options.

    Args:
        what: the owner of the options, for the error message.
        given: the names to check.
        known: the options by name.

    Raises:
        CallError: an unknown name; the message names the nearest one.
    """
    for name in given:
        if name not in known:
            raise CallError(f'{what} has no option "{name}". It has: {", ".join(known)}.{nearest(name, known)}')


def _parse_annotation(annotation: Any) -> tuple[type, bool, Check | None]:
    """Return the kind of an annotation, true if it allows None, and its check."""
    check = None
    if get_origin(annotation) is Annotated:
        annotation, check = get_args(annotation)
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    kinds = [member for member in members if member is not type(None)]
    return kinds[0], len(kinds) < len(members), check


def _descriptions(docstring: str) -> dict[str, str]:
    """Return the descriptions under "Args" or "Attributes" by name. One entry may describe several names."""
    section = re.search(r"^(?:Args|Attributes):\n((?:(?: {4}.*)?\n)+)", docstring + "\n", re.MULTILINE)
    entries = re.split(r"\n(?= {4}\S)", "\n" + section[1].rstrip())[1:] if section else []
    descriptions: dict[str, str] = {}
    for entry in entries:
        names, _, text = " ".join(entry.split()).partition(": ")
        descriptions |= dict.fromkeys(names.split(", "), text)
    return descriptions


def takes_options(init: Callable) -> Callable:
    """Decorate a constructor so that its arguments are checked and stored in `self.options` before it runs.

    `self.given` has the arguments of the constructor of the object's own class, for `get_config`. `self.options` also
    has those of its base classes.
    """
    signature = inspect.signature(init)

    @functools.wraps(init)
    def checked_init(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        given = {name: option.checked(arguments[name]) for name, option in _options_of_init(init).items()}
        attributes = vars(self)  # without `__setattr__`, with which Keras would track a layer in them a second time
        attributes["options"] = {**attributes.get("options", {}), **given}
        if type(self).__init__ is checked_init:
            attributes["given"] = given
        init(self, **given, **arguments.get("kwargs", {}))

    checked_init.__signature__ = signature  # type: ignore[attr-defined]  # Keras reads it without following wrappers
    return checked_init
