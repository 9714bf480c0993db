"""Shards: a corpus of many files that may be larger than memory. Its texts are kept in temporary files."""

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from zoo.errors import CallError
from zoo.log import logger
from zoo.training.data.rows import CHUNK, Texts, TextWriter
from zoo.training.data.text_files import Row, has_targets, rows_of


@dataclass(frozen=True)
class Shard:
    """A part of a corpus.

    Attributes:
        origin: its file, or its two parallel files joined by a comma.
        first: the number of its first example in the corpus, from 0.
    """

    origin: str
    first: int


def parts_of(data: str) -> list[str]:
    """Return the files or patterns of DATA, which a comma joins; their names may have commas too."""
    pieces = data.split(",")
    pairs = [[",".join(pieces[:i]), ",".join(pieces[i:])] for i in range(1, len(pieces))]
    return next((parts for parts in ([data], *pairs) if all(map(_is_there, parts))), pieces)


def _is_there(part: str) -> bool:
    return os.path.exists(part) or (glob.has_magic(part) and bool(_matching(part)))


def _matching(pattern: str) -> list[str]:
    """Return the files that match a pattern, sorted by name; `**` stands for any folders."""
    return sorted(glob.glob(pattern, recursive=True))


def is_pattern(part: str) -> bool:
    """Tell whether a part of DATA is a pattern of file names, such as `shards/*.tsv.gz`."""
    return glob.has_magic(part) and not os.path.exists(part)


def files_of(part: str) -> list[str]:
    """Return the file that a part of DATA names, or the files that match a pattern, sorted by name.

    Raises:
        CallError: no file matches.
    """
    if not is_pattern(part):
        return [part]
    files = _matching(part)
    if not files:
        raise CallError(f"No file matches {part}, which is read as a pattern of file names.")
    return files


def absolute(part: str) -> str:
    """Return a part of DATA with an absolute path."""
    return os.path.join(glob.escape(os.getcwd()), part) if is_pattern(part) else str(Path(part).resolve())


def store_shards(
    parts: list[str], task: str, size: int | None, folder: Path
) -> tuple[Texts, Texts | list[str], list[Shard]]:
    """Read shards into temporary files.

    Args:
        parts: a pattern, or two patterns of parallel files, whose files belong together in the order of their names.
        task: the name of the task.
        size: read only this many examples, the first.
        folder: the folder of the temporary files.

    Returns:
        The sources, the targets (none for a language model) and the shards.

    Raises:
        CallError: a shard that cannot be used, or two patterns that match different numbers of files.
        WorkError: the disk is full.
    """
    files = [files_of(part) for part in parts]
    if len({len(names) for names in files}) > 1:
        counts = " and ".join(f"{len(names)} for {part}" for part, names in zip(parts, files, strict=True))
        raise CallError(f"Expected as many source files as target files. Received: {counts}.")
    logger.info(f"{','.join(parts)}: reading {len(files[0])} files")
    sources, targets, shards = TextWriter(folder), TextWriter(folder) if has_targets(task) else None, []
    read = 0
    for names in zip(*files, strict=True):
        if read == size:
            break
        shards.append(Shard(",".join(names), read))
        for chunk in _chunks(islice(rows_of(list(names), task), None if size is None else size - read)):
            sources.add_texts(source for _, source, _ in chunk)
            if targets:
                targets.add_texts(target for _, _, target in chunk)
            read += len(chunk)
    return sources.texts(), targets.texts() if targets else [], shards


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    for first in rows:
        yield list(chain([first], islice(rows, CHUNK - 1)))
