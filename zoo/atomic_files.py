"""Atomic writes: files and folders that appear under their final name complete or not at all.

Each is written to a draft, a hidden folder `.NAME.XXXXXXXX.part` beside the final path, and then renamed in one step.
The draft of a process that was killed is removed by the next process that writes to the same path.
"""

import contextlib
import ctypes
import glob
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import CallError, WorkError

try:
    import fcntl
except ImportError:  # Windows: the drafts of killed processes are kept
    fcntl = None  # type: ignore[assignment]

OLD = "was"  # the folder in a draft that holds the old content while two renames replace it
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # from Linux's <fcntl.h> and <linux/fs.h>


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def check_free(path: Path, force: bool = False) -> None:
    """Refuse a path that exists, unless `force` is true.

    Raises:
        CallError: `path` exists and `force` is false.
    """
    if os.path.exists(path) and not force:
        raise CallError(f"{path} already exists. Choose another --out, or add --force to replace it.")


def check_apart(out: str | os.PathLike, *inputs: str | os.PathLike) -> None:
    """Refuse an output that would replace one of its inputs.

    Raises:
        CallError: `out` is one of the inputs, or a folder that contains one.
    """
    resolved = Path(out).resolve()
    for path in map(Path, inputs):
        if resolved in (path.resolve(), *path.resolve().parents):
            raise CallError(f"{out} would take the place of {path}, which is an input. Choose another --out.")


@contextlib.contextmanager
def new_folder(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to `path` when the block succeeds.

    When the block fails, on Ctrl-C too, the temporary folder is removed and `path` is left unchanged. SIGKILL leaves
    `path` unchanged too, and the next call removes the temporary folder.

    Args:
        path: the final path.
        force: replace `path` if it exists.

    Raises:
        CallError: `path` exists and `force` is false, or its parent is not writable.
        WorkError: the disk is full, or the folder could not be renamed.
    """
    path = Path(path)
    _sweep(path)
    check_free(path, force)
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = stack.enter_context(_draft(path)) / path.name
            new.mkdir()
            new.chmod(0o755)
        except OSError as error:
            raise CallError(f"Cannot write beside {path}: {error.strerror}.") from error
        try:
            yield new
            _rename(new, path, force)
        except OSError as error:
            raise WorkError(f"Could not write {path}: {error.strerror or error}. Nothing was left behind.") from error


def _rename(new: Path, path: Path, force: bool) -> None:
    """Rename a folder to `path`; with `force`, move the old content of `path` into the draft.

    Where the two cannot be exchanged in one step, a process that is killed between two renames leaves the old content
    in its draft, and `_sweep` restores it.

    Raises:
        OSError: the rename failed; without `force`, also when another process has created `path` in the meantime.
    """
    if not (force and path.exists()):
        os.rename(new, path)
        return
    if _exchange(new, path):
        return
    old = new.parent / OLD / path.name
    old.parent.mkdir()
    try:
        os.rename(path, old)
        os.rename(new, path)
    except BaseException:
        if not path.exists():
            os.rename(old, path)
        raise


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; return false if the operating system or the file system does not support it."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    return rename(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0


@contextlib.contextmanager
def new_file(path: str | os.PathLike) -> Iterator[Path]:
    """Yield the path of a temporary file that replaces `path` when the block succeeds.

    Raises:
        WorkError: the disk is full, or the file could not be renamed.
    """
    path = Path(path)
    _sweep(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _draft(path) as draft:
            new = draft / path.name
            yield new
            os.replace(new, path)
    except OSError as error:
        raise WorkError(f"Could not write {path}: {error.strerror or error}.") from error


@contextlib.contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path`, locked by this process, and remove it afterwards."""
    draft, lock = None, contextlib.ExitStack()
    try:
        while draft is None or not draft.exists():  # another process may remove it before it is locked
            draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
            with contextlib.suppress(OSError):  # a file system without locks, where no process removes drafts
                lock.enter_context(_locked(draft, wait=True))
        yield draft
    finally:  # Ctrl-C may come before the draft is locked
        if draft is not None and (path.exists() or not (draft / OLD).exists()):  # else it holds the only copy
            shutil.rmtree(draft, ignore_errors=True)
        lock.close()


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a folder; the operating system releases it when the process ends.

    Raises:
        OSError: another process holds it and `wait` is false, or the system has no locks.
    """
    if fcntl is None:
        raise OSError("no locks")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone_in(folder: Path, doing: str) -> Iterator[None]:
    """Lock a folder for the block, so that no other process enters a block for the same folder.

    Args:
        folder: the folder.
        doing: the work in the block, for the message: "trained".

    Raises:
        CallError: another process holds the lock.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder))
        except BlockingIOError as error:
            raise CallError(f"{folder} is being {doing} by another process. Wait for it, or stop it.") from error
        except OSError:
            pass  # the file system or the operating system has no locks
        yield


def remove_dead_drafts(folder: Path) -> None:
    """Remove the drafts in a folder whose processes have ended, after restoring old content that they may hold."""
    for draft in folder.glob(".*.????????.part"):
        _sweep(folder / draft.name[1:].rsplit(".", 2)[0])


def _sweep(path: Path) -> None:
    """Remove the drafts of `path` whose process has ended, after restoring the old content that one may hold."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.????????.part"):
        with contextlib.suppress(OSError), _locked(draft):
            old = draft / OLD / path.name
            if old.exists() and not path.exists():
                os.rename(old, path)
            shutil.rmtree(draft, ignore_errors=True)
