"""Tensors as JSON, as in TF Serving's REST interface.

Sources, in github.com/tensorflow/serving: tensorflow_serving/g3doc/api_rest.md, tensorflow_serving/util/json_tensor.cc.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np


def rows_of(outputs: Mapping[str, np.ndarray]) -> list[Any]:
    """Return outputs in rows, as a request with "instances" is answered under "predictions".

    Args:
        outputs: arrays by name, all with the same first axis.

    Returns:
        For each row the values by name, or the value alone if there is a single output.
    """
    columns = {name: plain(name, value) for name, value in sorted(outputs.items())}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def columns_of(outputs: Mapping[str, np.ndarray]) -> Any:
    """Return outputs in columns, as a request with "inputs" is answered under "outputs"."""
    columns = {name: plain(name, value) for name, value in sorted(outputs.items())}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def plain(name: str, array: np.ndarray) -> Any:
    """Return an array as nested lists for JSON; a name that ends in `_bytes` holds binary strings."""
    if array.dtype == object:
        binary = name.endswith("_bytes")
        return _mapped(array.tolist(), _binary if binary else _text)
    if array.dtype == np.float32:
        return _mapped(array.tolist(), _short)
    return array.tolist()


def _mapped(nest, function):
    return [_mapped(item, function) for item in nest] if isinstance(nest, list) else function(nest)


def _text(value: bytes | str) -> str | dict[str, str]:
    """Return a text as it is, and bytes that are none in base 64."""
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _binary(value)


def _binary(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _short(value: float) -> float:
    """Return the float64 that prints with 6 digits, or with 9 where 6 are not the same float32."""
    six = float(f"{value:.6g}")
    return six if np.float32(six) == np.float32(value) else float(f"{value:.9g}")
