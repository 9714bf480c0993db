"""Files and folders that appear under their final name whole or not at all."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import CallError, WorkError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def check_free(path: Path, force: bool = False) -> None:
    """Refuse a path that is already there, unless `force`.

    Raises:
        CallError: `path` exists and `force` is false.
    """
    if path.exists() and not force:
        raise CallError(f"{path} already exists. Choose another --out, or add --force to replace it.")


@contextlib.contextmanager
def new_folder(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its name when the block succeeds.

    Whatever ends the block early, Ctrl-C included, removes the temporary folder and leaves
    what stood under `path` as it was.

    Args:
        path: the final name.
        force: replace what stands there.

    Raises:
        CallError: `path` exists and `force` is false, or its parent cannot be written.
        WorkError: the disk is full or the folder could not be moved into place.
    """
    path = Path(path)
    check_free(path, force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        draft.chmod(0o755)
    except OSError as error:
        raise CallError(f"Cannot write beside {path}: {error.strerror}.") from error
    try:
        yield draft
        _replace_folder(draft, path)
    except OSError as error:
        raise WorkError(f"Could not write {path}: {error.strerror or error}. Nothing was left behind.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace_folder(draft: Path, path: Path) -> None:
    """Move `draft` to `path`; an old folder steps aside first and is removed last."""
    if not path.exists():
        os.rename(draft, path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    try:
        os.rename(path, old / "was")
        os.rename(draft, path)
    except BaseException:
        if not path.exists():
            os.rename(old / "was", path)
        raise
    finally:
        if path.exists():  # or else the old folder is all there is
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def new_file(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary file name beside `path`; the file replaces `path` when the block succeeds.

    Raises:
        WorkError: the disk is full or the file could not be moved into place.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise WorkError(f"Could not write {path}: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
