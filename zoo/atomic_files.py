"""Files and folders that appear under their final name whole or not at all.

Each is made in a hidden folder beside its place, `.NAME.XXXXXXXX.part`, and then takes the place in one step. Such a
folder of a process that was killed is removed by the next one that makes something of the same name.
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
except ImportError:  # Windows: what is left behind stays there
    fcntl = None  # type: ignore[assignment]

OLD = "was"  # in a draft: what stood in the place, while the new takes it in two steps
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux


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


def check_apart(out: str | os.PathLike, *inputs: str | os.PathLike) -> None:
    """Refuse to make `out` where something stands that is read to make it.

    Raises:
        CallError: `out` is one of the inputs, or holds it.
    """
    place = Path(out).resolve()
    for one in map(Path, inputs):
        if place in (one.resolve(), *one.resolve().parents):
            raise CallError(f"{out} would take the place of {one}, which is read. Choose another --out.")


@contextlib.contextmanager
def new_folder(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its name when the block succeeds.

    Whatever ends the block early, Ctrl-C included, removes the temporary folder and leaves
    what stood under `path` as it was. So does SIGKILL, but for the temporary folder: the next call removes that.

    Args:
        path: the final name.
        force: replace what stands there.

    Raises:
        CallError: `path` exists and `force` is false, or its parent cannot be written.
        WorkError: the disk is full or the folder could not be moved into place.
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
            _take_place(new, path, force)
        except OSError as error:
            raise WorkError(f"Could not write {path}: {error.strerror or error}. Nothing was left behind.") from error


def _take_place(new: Path, path: Path, force: bool) -> None:
    """Move a folder to `path`, and with `force` what stood there into the draft.

    Without, an `OSError` says that another process has put something there meanwhile. Where names cannot be exchanged
    in one step, a process that is killed between the two leaves the old folder in its draft, from where `_sweep` brings
    it back.
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


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; false where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    return rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0


@contextlib.contextmanager
def new_file(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary file name beside `path`; the file replaces `path` when the block succeeds.

    Raises:
        WorkError: the disk is full or the file could not be moved into place.
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
    """Yield a hidden folder beside `path` that is this process's alone, and remove it in the end."""
    draft = None
    while draft is None or not draft.exists():  # another process may sweep it before it is locked
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        lock = contextlib.ExitStack()
        with contextlib.suppress(OSError):  # a file system without locks: there nobody sweeps either
            lock.enter_context(_locked(draft, wait=True))
    with lock:
        try:
            yield draft
        finally:
            if path.exists() or not (draft / OLD).exists():  # or else the old folder is all there is
                shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process however that ends.

    Raises:
        OSError: another process holds it and this one does not `wait`, or there are no locks here.
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
    """Hold a folder against other processes that ask for it too, for as long as the block, or this process, lasts.

    Args:
        folder: the folder.
        doing: what is done there, for the message: "trained".

    Raises:
        CallError: another process has it.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder))
        except BlockingIOError as error:
            raise CallError(f"{folder} is being {doing} by another process. Wait for it, or stop it.") from error
        except OSError:
            pass  # a file system or a system without locks
        yield


def _sweep(path: Path) -> None:
    """Remove the drafts of `path` whose process is gone; what one had moved away comes back first."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.????????.part"):
        with contextlib.suppress(OSError), _locked(draft):
            old = draft / OLD / path.name
            if old.exists() and not path.exists():
                os.rename(old, path)
            shutil.rmtree(draft, ignore_errors=True)
