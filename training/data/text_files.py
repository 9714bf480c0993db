"""The lines of text files: one example a line, checked as they are read, so that a file may be larger than memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from itertools import zip_longest

from zoo.errors import CallError
from zoo.tasks import TASKS

Row = tuple[int, str, str]  # line number from 1, source, target
GZIP = b"\x1f\x8b"


def has_targets(task: str) -> bool:
    """Tell whether an example of a task is a pair: of a text and a translation, or of a text and a label."""
    return TASKS[task].labelled or "target" in TASKS[task].sides


def rows_of(files: list[str], task: str) -> Iterator[Row]:
    """Yield the examples of a file, or of two parallel files.

    Raises:
        CallError: a file cannot be used; the message names the file, the line, the expected and the received.
        FileNotFoundError: there is none.
    """
    if not has_targets(task):
        return _text_rows(*files)
    return _parallel_rows(*files) if len(files) == 2 else _tsv_rows(files[0], task)


def _text_rows(path: str) -> Iterator[Row]:
    return ((number, line.strip(), "") for number, line in _lines(path) if line.strip())


def _tsv_rows(path: str, task: str) -> Iterator[Row]:
    names = ("text", "label") if TASKS[task].labelled else ("source", "target")
    for number, line in _lines(path):
        fields = [text.strip() for text in line.split("\t")]
        if len(fields) != 2:
            received = "no tab" if len(fields) == 1 else f"{len(fields)} columns"
            shown = repr(line if len(line) <= 60 else line[:60] + "…")
            raise CallError(f"{path}, line {number}: expected {names[0]} TAB {names[1]}. Received {received}: {shown}.")
        for name, text in zip(names, fields, strict=True):
            _check_filled(text, name, path, number)
        yield number, fields[0], fields[1]


def _parallel_rows(source_path: str, target_path: str) -> Iterator[Row]:
    sources, targets = _lines(source_path), _lines(target_path)
    number = 0
    for source, target in zip_longest(sources, targets):
        if source is None or target is None:
            longer = number + 1 + sum(1 for _ in (targets if source is None else sources))
            counts = (number, longer) if source is None else (longer, number)
            raise CallError(
                "Expected two files with as many lines as each other. "
                f"Received: {source_path} with {counts[0]} and {target_path} with {counts[1]}, "
                "without the empty lines at the end."
            )
        number = source[0]
        _check_filled(source[1], "source", source_path, number)
        _check_filled(target[1], "target", target_path, number)
        yield number, source[1].strip(), target[1].strip()


def _check_filled(text: str, name: str, path: str, number: int) -> None:
    if not text.strip():
        raise CallError(f"{path}, line {number}: expected a {name}. Received: nothing but white space.")


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file by number, without line ends and the empty lines at the end of the file."""
    empty: list[tuple[int, str]] = []
    number = 0
    for number, content in enumerate(_byte_lines(path), 1):
        if number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        try:
            line = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise CallError(
                f"{path}, line {number}: expected UTF-8 text. Received: the byte 0x{content[error.start]:02x}."
            ) from None
        empty.append((number, line))
        if line.strip():
            yield from empty
            empty.clear()
    if len(empty) == number:
        raise CallError(f"{path}: expected one example a line. Received: an empty file.")


def _byte_lines(path: str) -> Iterator[bytes]:
    """Yield the lines of a file, decompressed when it begins as gzip does."""
    with _opened(path) as file:
        try:
            yield from gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == GZIP else file
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise CallError(f"{path}: expected a whole gzip file. Received: a damaged one ({error}).") from None
        except OSError as error:
            raise CallError(f"Cannot read {path!r}: {error.strerror or error}.") from None


def _opened(path: str) -> io.BufferedReader:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise CallError(f"Expected a file. Received: the folder {path}.") from None
    except (OSError, ValueError) as error:
        raise CallError(f"Cannot read {path!r}: {getattr(error, 'strerror', None) or error}.") from None
