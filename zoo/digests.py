"""The SHA-256 of every file of an export, by which a damaged export is recognised before it is loaded."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.json_files import parse_json, write_json

DIGESTS = "sha256.json"


def write_digests(folder: Path, file: Path) -> None:
    """Write the digest of every file in a folder.

    Args:
        folder: the folder of the export.
        file: the file to write, in that folder.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    write_json(file, {name: sha256_of(folder / name) for name in names})


def add_digests(folder: Path, file: Path, names: Iterable[str]) -> None:
    """Add the digests of further files to what `write_digests` wrote."""
    digests = parse_json(file.read_text(encoding="utf-8"))
    write_json(file, digests | {name: sha256_of(folder / name) for name in names})


def check_digests(folder: Path, file: Path, names: Collection[str] | None = None) -> None:
    """Compare the files of an export with their digests.

    Args:
        folder: the folder of the export.
        file: the file that `write_digests` wrote.
        names: the files to check; default: all that have a digest.

    Raises:
        CallError: a file is missing or has another digest or none, or the digests cannot be read.
    """
    try:
        digests = parse_json(file.read_text(encoding="utf-8"))
        checked = digests.keys() if names is None else names
        if outside := [name for name in checked if Path(name).is_absolute() or ".." in Path(name).parts]:
            raise ValueError(f"{outside[0]!r} leaves the folder")
        damaged = [name for name in checked if sha256_of(folder / name) != digests.get(name)]
    except FileNotFoundError as error:
        missing = os.path.relpath(error.filename, folder)
        raise CallError(f"{folder} is damaged or not made by `zoo export`: it has no {missing}.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise CallError(f"{folder} is damaged: {file.name}: {error}.") from error
    if damaged:
        raise CallError(f"{folder} is damaged: {', '.join(damaged)} is not what `zoo export` wrote.")
