"""Standard input as windows of lines."""

import io
import os
import time

import pytest

from zoo.command.input_lines import MAX_LINE_BYTES, windows
from zoo.errors import CallError


def lines_of(content, most=100, **options):
    return [line for window in windows(io.BytesIO(content), most, **options) for line in window]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\r\n\nb\n", ["a", "", "b"]),
        ("é\u2028ü\x0b\x85".encode(), ["é\u2028ü\x0b\x85"]),
        (b"a\rb\n", ["a\rb"]),
        ("\ufeffa\n\ufeffb\n".encode(), ["a", "\ufeffb"]),  # a byte order mark is at the beginning alone
    ],
)
def test_lines_end_with_a_line_feed_alone(content, lines):
    assert lines_of(content) == lines


def test_a_window_has_a_maximum_size():
    sizes = [len(window) for window in windows(io.BytesIO(b"a\n" * 1000), 64)]
    assert sum(sizes) == 1000 and max(sizes) <= 64


def test_a_window_does_not_wait_for_the_next_line():
    reader, writer = os.pipe()
    with open(reader, "rb") as stream, open(writer, "wb", buffering=0) as producer:
        came = windows(stream, 100)
        for text in (b"one\n", b"two\nthree\n"):
            producer.write(text)
            began = time.monotonic()
            assert "\n".join(next(came)) + "\n" == text.decode()
            assert time.monotonic() - began < 5
        producer.write(b"four")
        producer.close()
        assert list(came) == [["four"]]


def test_lines_before_an_invalid_one_are_read():
    came = windows(io.BytesIO(b"a\nb\n\xc3\nc\n"), 100)
    with pytest.raises(CallError, match="line 3: not UTF-8"):
        assert next(came) == ["a", "b"]
        next(came)


def test_lines_are_skipped_unread():
    assert lines_of(b"\xff\nb\nc\n", skip=1) == ["b", "c"]
    assert lines_of(b"a\nb\n", skip=2) == []
    with pytest.raises(CallError, match="at least 3 lines, because of --skip. Received: 2 lines"):
        lines_of(b"a\nb\n", skip=3)


def test_a_long_line_is_cut_between_two_characters():
    long = "a" + "é" * MAX_LINE_BYTES
    cut, after = lines_of(f"{long}\nb\n".encode())
    assert long.startswith(cut) and len(cut.encode()) == MAX_LINE_BYTES - 1 and after == "b"
    whole = "a" * (MAX_LINE_BYTES - 1)
    assert lines_of(f"{whole}\n{whole}ab\n".encode()) == [whole, whole + "a"]
    with pytest.raises(CallError, match="line 1"):
        lines_of(b"a" * (MAX_LINE_BYTES - 2) + b"\xc3\n")


def test_a_long_line_is_read_whole_if_asked_for(monkeypatch):
    long = "é" * MAX_LINE_BYTES
    assert lines_of(f"{long}\nb\n".encode(), whole=True) == [long, "b"]
    monkeypatch.setattr("zoo.command.input_lines.MAX_TEXT_BYTES", 8)
    assert lines_of(b"a\n" + b"b" * 7 + b"\n", whole=True) == ["a", "b" * 7]
    with pytest.raises(CallError, match="Standard input, line 2: longer than 8 bytes"):
        lines_of(b"a\n" + b"b" * 9 + b"\n", whole=True)


def test_an_error_of_the_stream_is_raised():
    class Broken(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        next(windows(io.BufferedReader(Broken()), 100))
