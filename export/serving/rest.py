"""Tensors as JSON, the way TF Serving's REST interface writes them.

After tensorflow_serving/g3doc/api_rest.md and tensorflow_serving/util/json_tensor.cc of github.com/tensorflow/serving.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np


def rows_of(outputs: Mapping[str, np.ndarray]) -> list[Any]:
    """Return what a request in rows ("instances") is answered under "predictions".

    Args:
        outputs: arrays by name, all with the same first axis.

    Returns:
        A row each: its values by name, or the value alone when there is one output.
    """
    columns = {name: plain(name, value) for name, value in sorted(outputs.items())}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def columns_of(outputs: Mapping[str, np.ndarray]) -> Any:
    """Return what a request in columns ("inputs") is answered under "outputs"."""
    columns = {name: plain(name, value) for name, value in sorted(outputs.items())}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def plain(name: str, array: np.ndarray) -> Any:
    """Return an array as nested lists of what JSON can hold; a name that ends in _bytes holds binary strings."""
    if array.dtype == object:
        binary = name.endswith("_bytes")
        return _mapped(array.tolist(), _binary if binary else _text)
    if array.dtype == np.float32:
        return _mapped(array.tolist(), _short)
    return array.tolist()


def _mapped(nest, function):
    return [_mapped(one, function) for one in nest] if isinstance(nest, list) else function(nest)


def _text(one: bytes | str) -> str:
    return one.decode() if isinstance(one, bytes) else one


def _binary(one: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(one).decode()}


def _short(value: float) -> float:
    """Return the float64 that prints as the shortest of 6 or 9 digits that is the same float32."""
    six = float(f"{value:.6g}")
    return six if np.float32(six) == np.float32(value) else float(f"{value:.9g}")
