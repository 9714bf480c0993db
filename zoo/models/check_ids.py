"""Checks of the inputs of a model, of what is known before it runs: kinds, axes and keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.errors import CallError

_IDS = "token ids (B, T), an array or tensor of integers"


def check_ids(model: str, name: str, ids: Any) -> None:
    """Check that an argument is an array or tensor of token ids, with at least one id in each row.

    Args:
        model: the name of the model, for the error message.
        name: the name of the argument.
        ids: the value of the argument.

    Raises:
        CallError: anything else; an unknown rank or size is accepted.
    """
    if not (hasattr(ids, "shape") and hasattr(ids, "dtype")):
        raise _wrong(model, f"`{name}` must be {_IDS}", _kind(ids))
    dtype = str(getattr(ids.dtype, "name", ids.dtype))
    if not dtype.startswith(("int", "uint")):
        raise _wrong(model, f"`{name}` must be {_IDS}", f"dtype {dtype}")
    if getattr(ids.shape, "rank", 0) is None:
        return
    shape = tuple(ids.shape)
    if len(shape) != 2:
        raise _wrong(model, f"`{name}` must be {_IDS}", f"shape {shape}")
    if shape[1] == 0:
        raise _wrong(model, f"`{name}` must have at least one id in each row; pad empty rows with 0", f"shape {shape}")


def check_ids_by_key(model: str, inputs: Any, keys: Sequence[str]) -> None:
    """Check that the inputs are a dict of token ids with these keys; see `check_ids`.

    Raises:
        CallError: anything else.
    """
    named = " and ".join(f'"{key}"' for key in keys)
    expected = f"`inputs` must be a dict with the keys {named}, each {_IDS}"
    if not isinstance(inputs, Mapping):
        raise _wrong(model, expected, _kind(inputs))
    if set(inputs) != set(keys):
        raise _wrong(model, expected, f"the keys {', '.join(map(repr, inputs))}" if inputs else "no keys")
    for key in keys:
        check_ids(model, key, inputs[key])


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, list | tuple) else type(value).__name__


def _wrong(model: str, expected: str, received: str) -> CallError:
    return CallError(f'The model "{model}": {expected}. Received: {received}.')
