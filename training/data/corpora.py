"""Corpora: the text of a file, of two parallel files, of many shards or of a built-in corpus."""

import bisect
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

from zoo.atomic_files import new_file
from zoo.errors import CallError, nearest
from zoo.tasks import task_named
from zoo.training.data import numbers, spoken
from zoo.training.data.generated import Example
from zoo.training.data.shards import Shard, is_pattern, parts_of, store_shards
from zoo.training.data.text_files import has_targets, rows_of

# The generator of each built-in corpus, a function of the split and the size.
BUILT_IN: dict[str, Callable[[str, int], list[Example]]] = {
    "numbers-fr-en": numbers.generate,
    "spoken-en": partial(spoken.generate, "en"),
    "spoken-fr": partial(spoken.generate, "fr"),
}
DEFAULT_SIZES = {"train": 40_000, "valid": 2_000, "test": 2_000}


@dataclass(frozen=True)
class Corpus:
    """The texts of a corpus, in memory or, if they are from shards, in temporary files.

    Attributes:
        sources: the texts.
        targets: a translation or label for each; empty for a language model.
        origin: DATA as the user wrote it.
        digest: the SHA-256 of the sources and targets, in hexadecimal.
        lines: the number of each example's line in the file, from 1; empty for a built-in corpus and for shards.
        shards: the shards; empty for any other corpus.
        scratch: the folder of the temporary files, if there are any, also of those that hold the encoded texts.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    origin: str
    digest: str
    lines: list[int] = field(default_factory=list)
    shards: list[Shard] = field(default_factory=list)
    scratch: Path | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def texts(self, side: str) -> Sequence[str]:
        """Return the texts of a side, "source" or "target"."""
        return {"source": self.sources, "target": self.targets}[side]

    def classes(self, labels: Sequence[str], part: slice = slice(None)) -> list[int]:
        """Return the class of each text: the place of its label among `labels`.

        Args:
            labels: all labels, in the order of the classes.
            part: the part of the corpus; default: all of it.

        Raises:
            CallError: a label that is not among them; the message names the line, and the nearest.
        """
        numbers = {label: number for number, label in enumerate(labels)}
        found = self.targets[part]
        for i, label in enumerate(found, part.start or 0):
            if label not in numbers:
                known = ", ".join(labels[:20])
                raise CallError(f'{self.where(i)}: label "{label}" is not one of {known}.{nearest(label, labels)}')
        return [numbers[label] for label in found]

    def where(self, index: int) -> str:
        """Return the place of an example for error messages: "data/train.tsv, line 7"."""
        if self.lines:
            return f"{self.origin}, line {self.lines[index]}"
        if not self.shards:
            return f"{self.origin}, example {index + 1}"
        shard = self.shards[bisect.bisect_right([shard.first for shard in self.shards], index) - 1]
        # Only a language model skips lines.
        return f"{shard.origin}, {'line' if self.targets else 'example'} {index - shard.first + 1}"


def read_corpus(
    data: str | os.PathLike,
    *,
    task: str,
    split: str = "train",
    size: int | None = None,
    scratch: str | os.PathLike | None = None,
) -> Corpus:
    """Read the examples that DATA names.

    Text is UTF-8, plain or gzip (recognised by its first bytes), one example a line. Only a line feed, or carriage
    return and line feed, ends a line. White space around a field is dropped.

    A pattern of file names, such as `shards/*.tsv.gz`, names the shards of a corpus that may be larger than memory: its
    texts and their ids are kept in temporary files without a name, which take disk space until the process ends.

    Args:
        data: a .tsv file (source TAB target, or text TAB label), two parallel files joined by a comma, for a language
            model a text file (one sentence a line, empty lines skipped), or a built-in name, alone or with a split:
            `numbers-fr-en`, `spoken-en:test`, `spoken-fr:valid`. In place of a file a pattern; of two patterns, the
            files belong together in the order of their names.
        task: "translation", "classification" or "language_model".
        split: the split of a built-in corpus, where `data` does not name one.
        size: keep only this many examples, the first; for a built-in corpus, make this many.
        scratch: the folder of the temporary files; default: that of the operating system (`TMPDIR`).

    Raises:
        CallError: the data cannot be used; the message names the file, the line, the expected and the received.
        WorkError: no disk space for the temporary files.
    """
    data = os.fspath(data)
    task_named(task)
    if size is not None and (not isinstance(size, int) or size < 1):
        raise CallError(f"`size` must be a positive integer or None. Received: size={size!r}.")
    name, _, named_split = data.partition(":")
    if name in BUILT_IN:
        return _built_in(name, task, named_split or split, size)
    parts = parts_of(data)
    if len(parts) > 2 or not all(parts):
        raise CallError(f"Expected a file, or two parallel files joined by one comma. Received: {data!r}.")
    if not has_targets(task) and len(parts) == 2:
        raise CallError(f"A language model reads one text file. Received two parallel files: {data!r}.")
    return _read(parts, data, task, size, scratch)


def parallel_corpus(source_path: str | os.PathLike, target_path: str | os.PathLike) -> Corpus:
    """Read two parallel files, or the files of two patterns; errors as `read_corpus`."""
    paths = [os.fspath(source_path), os.fspath(target_path)]
    return _read(paths, ",".join(paths), "translation")


def corpus_of(sources: list[str], targets: list[str], origin: str, lines: Sequence[int] = ()) -> Corpus:
    """Return the corpus of texts; see `Corpus`."""
    return Corpus(sources, targets, origin, _digest(sources, targets), list(lines))


def _read(
    parts: list[str], origin: str, task: str, size: int | None = None, scratch: str | os.PathLike | None = None
) -> Corpus:
    try:
        if any(map(is_pattern, parts)):
            return _sharded(parts, origin, task, size, Path(scratch or tempfile.gettempdir()))
        rows = list(islice(rows_of(parts, task), size))
    except FileNotFoundError as error:
        path = str(error.filename)
        expected = f"a .tsv file, two parallel files joined by a comma, or a built-in corpus ({', '.join(BUILT_IN)})"
        hint = nearest(path.partition(":")[0], BUILT_IN)
        raise CallError(f"No such file: {path}. Expected {expected}.{hint}") from None
    lines, sources, targets = map(list, zip(*rows, strict=True))
    return corpus_of(sources, targets if has_targets(task) else [], origin, lines)


def _sharded(parts: list[str], origin: str, task: str, size: int | None, scratch: Path) -> Corpus:
    sources, targets, shards = store_shards(parts, task, size, scratch)
    return Corpus(sources, targets, origin, _digest(sources, targets), shards=shards, scratch=scratch)


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


def _digest(sources: Sequence[str], targets: Sequence[str]) -> str:
    """Return the digest of the texts and their lengths, without which two corpora could have the same bytes."""
    digest = hashlib.sha256()
    for text in chain([str(len(targets))], sources, targets):
        content = text.encode()
        digest.update(b"%d:%s" % (len(content), content))
    return digest.hexdigest()


def _built_in(name: str, task: str, split: str, size: int | None) -> Corpus:
    if split not in DEFAULT_SIZES:
        splits, hint = ", ".join(DEFAULT_SIZES), nearest(split, DEFAULT_SIZES)
        raise CallError(f"{name}: expected a split, one of {splits}. Received: {split!r}.{hint}")
    examples = BUILT_IN[name](split, size or DEFAULT_SIZES[split])
    written, wanted = [example.source for example in examples], [example.target for example in examples]
    kinds = [example.kind for example in examples]
    sources, targets = {
        "translation": (written, wanted),
        "classification": (written, kinds),
        "language_model": (wanted, []),
    }[task]
    return Corpus(sources, targets, f"{name}:{split}", _digest(sources, targets))
