"""TOML files that a user writes."""

import sys
from pathlib import Path
from typing import Any

from zoo.errors import CallError


def read_toml(path: Path, *, named: str, otherwise: str) -> dict[str, Any]:
    """Return the content of a TOML file.

    Args:
        path: the file.
        named: what an error calls a file that cannot be read.
        otherwise: what an error says of a file that is no UTF-8 or no TOML.

    Raises:
        CallError: either is the case.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # not needed by presets, nor by a .tflite

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallError(f"Cannot read {named}: {error.strerror}.") from error
    except ValueError as error:
        raise CallError(f"{path} {otherwise}: {error}.") from error
