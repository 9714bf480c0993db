"""The versions of Python and of the packages that a result depends on."""

import importlib.metadata
import sys

PACKAGES = ("attention-zoo", "tensorflow", "keras", "tensorflow-text", "sentencepiece", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages, by name."""
    found = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
