"""Options, each told once: in the signature of its class, with its default, its check and a line of the docstring.

A parameter names its check in its annotation, `units: Annotated[int, positive] = 256`, and is described under "Args" or
"Attributes" in the docstring of the class. Checks, builders, and the flags and help of the command read it from there.
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
    """One option.

    Attributes:
        name: of the parameter.
        kind: int, float, bool or str.
        default: `inspect.Parameter.empty` for an option that must be given.
        optional: whether it may be None.
        check: returns the value, or raises a `CallError`; None without a check.
        help: its lines in the docstring, as one.
    """

    name: str
    kind: type
    default: Any
    optional: bool
    check: Check | None
    help: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it can be, where there are only so many."""
        return self.check.known if isinstance(self.check, OneOf) else ()

    def checked(self, value: Any) -> Any:
        """Return the value if it is one that the option can have.

        Raises:
            CallError: it is not.
        """
        if self.check is None or (value is None and self.optional):
            return value
        return self.check(self.name, value)


def options_of(owner: type) -> dict[str, Option]:
    """Return the options of a class by name: the parameters of its constructor, but for `**kwargs`."""
    if dataclasses.is_dataclass(owner):
        return _options(inspect.signature(owner), get_type_hints(owner, include_extras=True), owner)
    return _options_of_init(owner.__init__, owner)  # type: ignore[misc]


@functools.cache
def _options_of_init(init: Callable, owner: type | None = None) -> dict[str, Option]:
    _, *parameters = inspect.signature(init).parameters.values()  # all but `self`
    signature = inspect.Signature(parameters)
    return _options(signature, get_type_hints(init, include_extras=True), owner)


def _options(signature: inspect.Signature, hints: dict[str, Any], owner: Any) -> dict[str, Option]:
    lines = _described(inspect.getdoc(owner) or "")
    found = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            kind, optional, check = _read(hints[name])
            found[name] = Option(
                name=name,
                kind=kind,
                default=parameter.default,
                optional=optional,
                check=check,
                help=lines.get(name, ""),
            )
    return found


def check_names(what: str, given: Iterable[str], known: Mapping[str, Any]) -> None:
    """Refuse names that are not known.

    Raises:
        CallError: an unknown name; the message gives the nearest.
    """
    for name in given:
        if name not in known:
            raise CallError(f'{what} has no option "{name}". It has: {", ".join(known)}.{nearest(name, known)}')


def _read(hint: Any) -> tuple[type, bool, Check | None]:
    """Return the kind, whether None is allowed, and the check of an annotation."""
    check = None
    if get_origin(hint) is Annotated:
        hint, check = get_args(hint)
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [member for member in members if member is not type(None)]
    return kinds[0], len(kinds) < len(members), check


def _described(docstring: str) -> dict[str, str]:
    """Return the descriptions under "Args" or "Attributes", by name; a line may describe several names."""
    section = re.search(r"^(?:Args|Attributes):\n((?:(?: {4}.*)?\n)+)", docstring + "\n", re.MULTILINE)
    entries = re.split(r"\n(?= {4}\S)", "\n" + section[1].rstrip())[1:] if section else []
    found: dict[str, str] = {}
    for entry in entries:
        names, _, text = " ".join(entry.split()).partition(": ")
        found |= dict.fromkeys(names.split(", "), text)
    return found


def takes_options(init: Callable) -> Callable:
    """Decorate a constructor: check its arguments and keep them in `self.options` before it runs.

    `self.given` holds the arguments of the constructor of the object's own class, for `get_config`; `self.options` also
    holds those of the classes that it inherits from.
    """
    signature = inspect.signature(init)

    @functools.wraps(init)
    def checked_init(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        given = {name: option.checked(arguments[name]) for name, option in _options_of_init(init).items()}
        attributes = vars(self)  # set past `__setattr__`: Keras would track a layer among them a second time
        attributes["options"] = {**attributes.get("options", {}), **given}
        if type(self).__init__ is checked_init:
            attributes["given"] = given
        init(self, **given, **arguments.get("kwargs", {}))

    checked_init.__signature__ = signature  # type: ignore[attr-defined]  # Keras reads it without following wrappers
    return checked_init
