"""The lines of standard input, as soon as they are there."""

import codecs
import queue
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from zoo.errors import CallError

PAUSE = 0.02  # seconds without a line, after which the lines so far are a window
MAX_LINE_BYTES = 2**16  # the rest of a longer line is left out; a model reads at most 512 pieces
MAX_TEXT_BYTES = 2**24  # of a line that is read whole
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def standard_input() -> BinaryIO:
    """Return standard input as bytes.

    It has a buffer of its own, since Python would wait at exit for a thread that reads from that of `sys.stdin`.

    Raises:
        CallError: standard input is closed.
    """
    if sys.stdin is None:
        raise CallError("Expected texts as arguments or on standard input. Standard input is closed.")
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except OSError:  # a stream in memory
        return sys.stdin.buffer


def windows(stream: BinaryIO, most: int, *, skip: int = 0, whole: bool = False) -> Iterator[list[str]]:
    """Yield the lines of a stream in lists, each with the lines that are there, at least one.

    A thread reads ahead, so that an answer to a line need not wait for the next line. An empty line is a text; a line
    break at the end begins none.

    Args:
        stream: lines in UTF-8.
        most: the maximum number of lines of a list.
        skip: leave out this number of lines at the beginning.
        whole: read long lines whole; otherwise their ends are left out, which no model would read.

    Raises:
        CallError: a line is not UTF-8, it is to be read whole and has more than 16 MiB, or there are fewer than `skip`
            lines; after the lines before it.
        OSError: the stream cannot be read; after the lines before it.
    """
    lines: queue.Queue = queue.Queue(most)
    threading.Thread(target=_read, args=(stream, skip, whole, lines), daemon=True).start()
    end = None
    while end is None:
        window, end = _waiting(lines, most)
        if window:
            yield window
    if not isinstance(end, EOFError):
        raise end


def _waiting(lines: queue.Queue, most: int) -> tuple[list[str], Exception | None]:
    """Return the lines that are there, and the error that follows them or None."""
    window: list[str] = []
    try:
        while len(window) < most:
            line = lines.get(timeout=PAUSE if window else None)
            if isinstance(line, Exception):
                return window, line
            window.append(line)
    except queue.Empty:
        pass
    return window, None


def _read(stream: BinaryIO, skip: int, whole: bool, lines: queue.Queue) -> None:
    """Put each line of a stream into a queue, and then the error that ended it: at the end of the file EOFError."""
    number, most = 0, MAX_TEXT_BYTES if whole else MAX_LINE_BYTES
    try:
        while line := stream.readline(most):
            number += 1
            is_cut = len(line) == most and not line.endswith(b"\n")
            if whole and is_cut and number > skip:
                raise CallError(f"Standard input, line {number}: longer than {MAX_TEXT_BYTES:,} bytes.")
            part = line
            while part and not part.endswith(b"\n"):
                part = stream.readline(MAX_LINE_BYTES)
            if number > skip:
                lines.put(_text(line, number, is_cut))
        if number < skip:
            raise CallError(f"Expected at least {skip:,} lines, because of --skip. Received: {number:,} lines.")
        raise EOFError
    except Exception as error:
        lines.put(error)


def _text(line: bytes, number: int, is_cut: bool) -> str:
    """Return a line without its line break; if its end was left out, without a character that was cut."""
    if number == 1:
        line = line.removeprefix(BYTE_ORDER_MARK)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(line.removesuffix(b"\n").removesuffix(b"\r"), final=not is_cut)
    except UnicodeDecodeError as error:
        raise CallError(f"Standard input, line {number}: not UTF-8 ({error.reason}).") from error
