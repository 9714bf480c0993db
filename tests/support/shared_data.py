"""Where the data beside the project lies, for the tests that read it when it is there."""

import os
from pathlib import Path

import pytest

from tests.support.paths import ROOT

VARIABLE = "ATTENTION_ZOO_DATA"


def _found() -> Path:
    """Return the folder that the variable names, or else the nearest `shared/data` beside or above the project."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    project = ROOT
    folders = [parent / "shared" / "data" for parent in project.parents]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


SHARED = _found()
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"there is no data in {SHARED}; {VARIABLE} can name it")
