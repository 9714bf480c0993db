"""Corpora: the text of a file, of two parallel files or of the built-in corpus, checked line by line."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.atomic_files import new_file
from zoo.errors import CallError, nearest
from zoo.tasks import TASKS, task_named
from zoo.training.data.numbers import generate

BUILT_IN = ("numbers-fr-en",)
DEFAULT_SIZES = {"train": 40_000, "valid": 2_000, "test": 2_000}

Rows = list[tuple[int, str, str]]  # line number from 1, source, target


@dataclass(frozen=True)
class Corpus:
    """The texts of a corpus, in memory.

    Attributes:
        sources: the texts.
        targets: a translation or label for each; empty for a language model.
        origin: DATA as the user wrote it.
        digest: the SHA-256 of the sources and targets, in hexadecimal.
        lines: the number of each example's line in the file, from 1; empty for a built-in corpus.
    """

    sources: list[str]
    targets: list[str]
    origin: str
    digest: str
    lines: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sources)

    def texts(self, side: str) -> list[str]:
        """Return the texts of a side, "source" or "target"."""
        return {"source": self.sources, "target": self.targets}[side]

    def classes(self, labels: Sequence[str]) -> list[int]:
        """Return the class of each text: the place of its label among `labels`.

        Raises:
            CallError: a label that is not among them; the message names the line, and the nearest.
        """
        numbers = {label: number for number, label in enumerate(labels)}
        for i, label in enumerate(self.targets):
            if label not in numbers:
                known = ", ".join(labels[:20])
                raise CallError(f'{self.where(i)}: label "{label}" is not one of {known}.{nearest(label, labels)}')
        return [numbers[label] for label in self.targets]

    def where(self, index: int) -> str:
        """Return the place of an example for error messages: "data/train.tsv, line 7"."""
        return f"{self.origin}, line {self.lines[index]}" if self.lines else f"{self.origin}, example {index + 1}"


def read_corpus(data: str | os.PathLike, *, task: str, split: str = "train", size: int | None = None) -> Corpus:
    """Read the examples that DATA names.

    Text is UTF-8, plain or gzip (recognised by its first bytes), one example a line. Only a line feed, or carriage
    return and line feed, ends a line. White space around a field is dropped.

    Args:
        data: a .tsv file (source TAB target, or text TAB label), two parallel files joined by a comma, for a language
            model a text file (one sentence a line, empty lines skipped), or a built-in name, alone or with a split:
            `numbers-fr-en`, `numbers-fr-en:test`.
        task: "translation", "classification" or "language_model".
        split: the split of a built-in corpus, where `data` does not name one.
        size: keep only this many examples, the first; for a built-in corpus, make this many.

    Raises:
        CallError: the data cannot be used; the message names the file, the line, the expected and the received.
    """
    data = os.fspath(data)
    task_named(task)
    if size is not None and (not isinstance(size, int) or size < 1):
        raise CallError(f"`size` must be a positive integer or None. Received: size={size!r}.")
    name, _, named_split = data.partition(":")
    if name in BUILT_IN:
        return _built_in(data, task, named_split or split, size)
    rows = _read_rows(data, task)[:size]
    sources = [source for _, source, _ in rows]
    targets = [target for _, _, target in rows] if _has_targets(task) else []
    return corpus_of(sources, targets, data, [line for line, _, _ in rows])


def parallel_corpus(source_path: str | os.PathLike, target_path: str | os.PathLike) -> Corpus:
    """Read two parallel files; errors as `read_corpus`."""
    paths = os.fspath(source_path), os.fspath(target_path)
    rows = _parallel_rows(*paths)
    return corpus_of([row[1] for row in rows], [row[2] for row in rows], ",".join(paths), [row[0] for row in rows])


def corpus_of(sources: list[str], targets: list[str], origin: str, lines: Sequence[int] = ()) -> Corpus:
    """Return the corpus of texts; see `Corpus`."""
    return Corpus(sources, targets, origin, _digest(sources, targets), list(lines))


def _has_targets(task: str) -> bool:
    """Tell whether an example of a task is a pair: of a text and a translation, or of a text and a label."""
    return TASKS[task].labelled or "target" in TASKS[task].sides


def write_tsv(path: str | os.PathLike, corpus: Corpus) -> None:
    """Write a corpus as source TAB target, one example a line; the file appears whole or not at all.

    Raises:
        CallError: the corpus has no targets, or a text holds a tab or line feed.
        WorkError: the file could not be written.
    """
    if len(corpus.targets) != len(corpus.sources):
        raise CallError(f"A .tsv needs a target for every source. Received: {corpus.origin}, which has none.")
    for index, pair in enumerate(zip(corpus.sources, corpus.targets, strict=True)):
        if any(mark in text for text in pair for mark in "\t\n"):
            raise CallError(f"{corpus.where(index)}: expected text without tab or line feed. Received: {pair!r}.")
    with new_file(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{source}\t{target}\n" for source, target in zip(corpus.sources, corpus.targets, strict=True))


def _digest(sources: list[str], targets: list[str]) -> str:
    """Return the digest of the texts and their lengths, without which two corpora could have the same bytes."""
    digest = hashlib.sha256()
    for text in (str(len(targets)), *sources, *targets):
        content = text.encode()
        digest.update(b"%d:%s" % (len(content), content))
    return digest.hexdigest()


def _built_in(data: str, task: str, split: str, size: int | None) -> Corpus:
    if split not in DEFAULT_SIZES:
        splits, hint = ", ".join(DEFAULT_SIZES), nearest(split, DEFAULT_SIZES)
        raise CallError(f"{data}: expected a split, one of {splits}. Received: {split!r}.{hint}")
    examples = generate(split, size or DEFAULT_SIZES[split])
    french, english = [example.source for example in examples], [example.target for example in examples]
    kinds = [example.kind for example in examples]
    sources, targets = {
        "translation": (french, english),
        "classification": (french, kinds),
        "language_model": (english, []),
    }[task]
    return Corpus(sources, targets, f"{BUILT_IN[0]}:{split}", _digest(sources, targets))


def _read_rows(data: str, task: str) -> Rows:
    parts = [data] if os.path.exists(data) else data.split(",")
    if len(parts) > 2 or not all(parts):
        raise CallError(f"Expected a file, or two parallel files joined by one comma. Received: {data!r}.")
    if not _has_targets(task):
        if len(parts) == 2:
            raise CallError(f"A language model reads one text file. Received two parallel files: {data!r}.")
        return _text_rows(data)
    return _parallel_rows(*parts) if len(parts) == 2 else _tsv_rows(data, task)


def _text_rows(path: str) -> Rows:
    return [(number, line.strip(), "") for number, line in enumerate(_lines(path), 1) if line.strip()]


def _tsv_rows(path: str, task: str) -> Rows:
    names = ("text", "label") if TASKS[task].labelled else ("source", "target")
    rows: Rows = []
    for number, line in enumerate(_lines(path), 1):
        fields = [text.strip() for text in line.split("\t")]
        if len(fields) != 2:
            received = "no tab" if len(fields) == 1 else f"{len(fields)} columns"
            shown = repr(line if len(line) <= 60 else line[:60] + "…")
            raise CallError(f"{path}, line {number}: expected {names[0]} TAB {names[1]}. Received {received}: {shown}.")
        for name, text in zip(names, fields, strict=True):
            _check_filled(text, name, path, number)
        rows.append((number, fields[0], fields[1]))
    return rows


def _parallel_rows(source_path: str, target_path: str) -> Rows:
    sources, targets = _lines(source_path), _lines(target_path)
    if len(sources) != len(targets):
        raise CallError(
            "Expected two files with as many lines as each other. "
            f"Received: {source_path} with {len(sources)} and {target_path} with {len(targets)}."
        )
    rows = []
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), 1):
        _check_filled(source, "source", source_path, number)
        _check_filled(target, "target", target_path, number)
        rows.append((number, source.strip(), target.strip()))
    return rows


def _check_filled(text: str, name: str, path: str, number: int) -> None:
    if not text.strip():
        raise CallError(f"{path}, line {number}: expected a {name}. Received: nothing but white space.")


def _lines(path: str) -> list[str]:
    """Return the lines of a UTF-8 file without their line ends and without the empty lines at the end of the file."""
    content = _content(path).removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise CallError(
            f"{path}, line {number}: expected UTF-8 text. Received: the byte 0x{content[error.start]:02x}."
        ) from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise CallError(f"{path}: expected one example a line. Received: an empty file.")
    return lines


def _content(path: str) -> bytes:
    """Return the bytes of a file, decompressed when they begin as gzip does."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        expected = f"a .tsv file, two parallel files joined by a comma, or a built-in corpus ({', '.join(BUILT_IN)})"
        hint = nearest(path.partition(":")[0], BUILT_IN)
        raise CallError(f"No such file: {path}. Expected {expected}.{hint}") from None
    except IsADirectoryError:
        raise CallError(f"Expected a file. Received: the folder {path}.") from None
    except (OSError, ValueError) as error:
        raise CallError(f"Cannot read {path!r}: {getattr(error, 'strerror', None) or error}.") from None
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise CallError(f"{path}: expected a whole gzip file. Received: a damaged one ({error}).") from None
