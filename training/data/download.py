"""The download of a public data set into a folder that the commands can read."""

import contextlib
import datetime
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from zoo.atomic_files import check_free, new_folder, sha256_of
from zoo.errors import CallError, nearest
from zoo.training.data.fetch import Remote, Report, fetch
from zoo.training.data.public_sets import PUBLIC, PublicSet, package_version


def download(
    name: str,
    out: str | os.PathLike,
    *,
    sources: Mapping[str, PublicSet] | None = None,
    progress: bool = True,
    force: bool = False,
) -> Path:
    """Download a public data set into a new folder, and return the folder.

    The folder appears when every file is complete and checked. When a connection breaks, the bytes received so far are
    kept beside it, in `.<folder>.download`, and the next call continues from there. It also takes a complete file from
    that folder, such as one that was fetched by hand.

    Args:
        name: a key of PUBLIC.
        out: the folder to make.
        sources: the sets to choose from; default PUBLIC.
        progress: draw a progress bar on standard error.
        force: replace an existing `out`.

    Raises:
        CallError: an unknown name, a folder that already exists, or a package that is not installed.
        WorkError: the network, the server or the disk failed, or a file is not the expected one.
    """
    sources = PUBLIC if sources is None else sources
    if name not in sources:
        hint = nearest(name, sources)
        raise CallError(f"Expected a data set, one of {', '.join(sources)}. Received: {name!r}.{hint}")
    out = Path(out)
    check_free(out, force)
    chosen = sources[name]
    partial = out.parent / f".{out.name}.download"
    paths = []
    for remote in chosen.files:
        with _bar(remote, progress) as report:
            paths.append(fetch(remote, partial, report=report))
    with new_folder(out, force) as folder:
        chosen.build(paths, folder)
        (folder / "SOURCE.txt").write_text(_source_note(name, chosen, paths), encoding="utf-8")
    shutil.rmtree(partial, ignore_errors=True)
    return out


@contextlib.contextmanager
def _bar(remote: Remote, shown: bool) -> Iterator[Report]:
    """Show a progress bar on standard error while the block runs."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(remote.name, total=remote.size)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _source_note(name: str, chosen: PublicSet, paths: list[Path]) -> str:
    """Return a note of the origin of the files: addresses, date, sizes and digests."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"Data set: {name}", f"Made: {today}", f"Terms: {chosen.terms}"]
    if chosen.package:
        lines += ["", f"Package: {chosen.package} {package_version(chosen.package)}"]
    for remote, path in zip(chosen.files, paths, strict=True):
        lines += ["", f"Address: {remote.address}", f"Bytes: {path.stat().st_size}", f"SHA-256: {sha256_of(path)}"]
    return "\n".join(lines) + "\n"
