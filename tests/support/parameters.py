"""Parameters of tests that run for every model, cell or format."""

from collections.abc import Iterable
from typing import Any

import pytest


def few(values: Iterable[Any], *chosen: Any) -> list[Any]:
    """Return the values as parameters of a test. Those that are not chosen are left to `pytest -m conformance`."""
    return [one if one in chosen else pytest.param(one, marks=pytest.mark.conformance) for one in values]
