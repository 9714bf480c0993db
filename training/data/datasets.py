"""Datasets for `fit` from texts: the batches of `zoo train`, one epoch an iteration."""

import hashlib
import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

import tensorflow as tf

from zoo.checks import Number, Whole, positive, switch
from zoo.errors import CallError
from zoo.log import logger
from zoo.options import check_names, options_of
from zoo.text import Vocabulary, is_text
from zoo.training.data.batches import Epochs, batches, steps_per_epoch
from zoo.training.data.corpora import Corpus, corpus_of, parallel_corpus, read_corpus
from zoo.training.data.examples import encode

File = str | os.PathLike
GIVEN = "the texts given"


@dataclass(frozen=True, kw_only=True)
class Batching:
    """The options of the datasets.

    Attributes:
        batch_size: examples a batch; with `shuffle` those of a batch have similar lengths.
        batch_tokens: in place of `batch_size`, the most pieces of the longer side in a batch, padding included.
        shuffle: give each epoch an order of its own. For validation False: the order of the texts.
        seed: the seed of the orders and of the segmentations.
        max_length: leave out examples with more pieces than this on a side; a warning says how many.
        few_shapes: pad each batch to one of a few shapes, the last ones with rows of padding alone, for XLA, which
            compiles once for each shape.
        subword_alpha: draw another segmentation of the texts in each epoch, see `Vocabulary.sample`; 0: always the best
            one.
    """

    batch_size: Annotated[int, positive] = 64
    batch_tokens: Annotated[int | None, positive] = None
    shuffle: Annotated[bool, switch] = True
    seed: Annotated[int, Whole()] = 1
    max_length: Annotated[int, positive] = 100
    few_shapes: Annotated[bool, switch] = False
    subword_alpha: Annotated[float, Number()] = 0.0

    @classmethod
    def checked(cls, what: str, options: dict[str, Any]) -> "Batching":
        """Return the options of the function `what`, checked."""
        known = options_of(cls)
        check_names(what, options, known)
        made = cls(**{name: known[name].checked(value) for name, value in options.items()})
        if made.subword_alpha and not made.shuffle:
            raise CallError("`subword_alpha` is for training: without `shuffle` every epoch is the same.")
        return made


def _shows_options(function: Callable) -> Callable:
    """Decorate a function so that its signature has the options of `Batching` in place of `**options`."""
    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    keyword = inspect.Parameter.KEYWORD_ONLY
    own += [
        inspect.Parameter(each.name, keyword, default=each.default, annotation=each.type) for each in fields(Batching)
    ]
    function.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
    return function


@_shows_options
def pairs(
    sources: Iterable[str] | File,
    targets: Iterable[str] | File | None,
    source_vocabulary: Vocabulary,
    target_vocabulary: Vocabulary,
    **options: Any,
) -> tf.data.Dataset:
    """Return batches ({"source", "target"}, targets) for a translation model.

    Each iteration is an epoch; its order depends on the seed and on the number of the iteration.

    Args:
        sources: the texts; or the path of a text file, plain or gzip; or, without `targets`, a .tsv file or any other
            DATA of `zoo train`.
        targets: a translation for each text, or the path of a file with as many lines.
        source_vocabulary: the vocabulary of the sources.
        target_vocabulary: the vocabulary of the targets.
        options: see `Batching`.

    Raises:
        CallError: texts, files or options that cannot be used.
    """
    corpus = _paired_corpus(sources, targets, "translation")
    vocabularies = {"source": source_vocabulary, "target": target_vocabulary}
    return _dataset(corpus, "translation", vocabularies, Batching.checked("zoo.pairs", options))


@_shows_options
def texts(lines: Iterable[str] | File, vocabulary: Vocabulary, **options: Any) -> tf.data.Dataset:
    """Return batches (ids, ids of the next tokens) for a language model; empty lines are left out.

    Args:
        lines: the texts, or the path of a text file, plain or gzip.
        vocabulary: the vocabulary of the texts.
        options: see `Batching`.

    Raises:
        CallError: texts, a file or options that cannot be used.
    """
    if isinstance(lines, File):
        corpus = read_corpus(lines, task="language_model")
    else:
        kept = [line for line in _strings("lines", lines) if line]
        if not kept:
            raise CallError("Expected at least one line of text. Received: none.")
        corpus = corpus_of(kept, [], GIVEN)
    return _dataset(corpus, "language_model", {"source": vocabulary}, Batching.checked("zoo.texts", options))


@_shows_options
def labelled(
    texts: Iterable[str] | File,
    labels: Iterable[str] | None,
    vocabulary: Vocabulary,
    *,
    classes: Sequence[str] | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Return batches (ids, classes) for a classifier.

    The class of a text is the place of its label in `classes`.

    Args:
        texts: the texts; or, without `labels`, the path of a .tsv file of texts and labels.
        labels: the label of each text.
        vocabulary: the vocabulary of the texts.
        classes: the labels in the order of the classes; default: `zoo.labels_of(labels)`. Without `shuffle` there is no
            default, since validation texts need the classes of the training set.
        options: see `Batching`.

    Raises:
        CallError: texts, labels, a file or options that cannot be used.
    """
    corpus = _paired_corpus(texts, labels, "classification")
    batching = Batching.checked("zoo.labelled", options)
    if classes is None and not batching.shuffle:
        raise CallError("Without `shuffle`, `zoo.labelled` needs `classes`: `zoo.labels_of` the training set.")
    classes = sorted(set(corpus.targets)) if classes is None else _strings("classes", classes)
    if twice := [label for label, count in Counter(classes).items() if count > 1]:
        raise CallError(f"`classes` must be different labels. Received: {twice[0]!r} more than once.")
    return _dataset(corpus, "classification", {"source": vocabulary}, batching, classes)


def labels_of(labels: Iterable[str] | File) -> list[str]:
    """Return all different labels in sorted order.

    Args:
        labels: the label of each text, or the path of a .tsv file of texts and labels.

    Raises:
        CallError: labels or a file that cannot be used.
    """
    if isinstance(labels, File):
        labels = read_corpus(labels, task="classification").targets
    return sorted(set(_strings("labels", labels)))


def _paired_corpus(sources, targets, task: str) -> Corpus:
    names = {"translation": ("sources", "targets"), "classification": ("texts", "labels")}[task]
    if isinstance(sources, File) and targets is None:
        return read_corpus(sources, task=task)
    if isinstance(sources, File) and isinstance(targets, File):
        return parallel_corpus(sources, targets)
    columns = [_strings(name, column) for name, column in zip(names, (sources, targets), strict=True)]
    if len(columns[0]) != len(columns[1]):
        lengths = f"{len(columns[0])} {names[0]} and {len(columns[1])} {names[1]}"
        raise CallError(f"Expected as many {names[1]} as {names[0]}. Received: {lengths}.")
    if not columns[0]:
        raise CallError(f"Expected at least one text. Received: no {names[0]}.")
    for name, column in zip(names, columns, strict=True):
        if "" in column:
            raise CallError(f"Expected text. Received: {name}[{column.index('')}] has nothing but white space.")
    return corpus_of(columns[0], columns[1], GIVEN)


def _strings(name: str, texts: Any) -> list[str]:
    """Return texts as a list, without the white space around each, as in a file."""
    if isinstance(texts, File | bytes) or not isinstance(texts, Iterable):
        raise CallError(f"`{name}` must be a list of strings. Received: {name}={str(texts)[:80]!r}.")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise CallError(f"`{name}` must be a list of strings. Received: {name}[{i}]={str(text)[:80]!r}.")
        if not (text.isascii() or is_text(text)):
            raise CallError(f"`{name}` must be strings that UTF-8 can hold. Received: {name}[{i}]={text[:80]!a}.")
    return [text.strip() for text in texts]


def _dataset(
    corpus: Corpus,
    task: str,
    vocabularies: dict[str, Vocabulary],
    batching: Batching,
    classes: Sequence[str] = (),
) -> tf.data.Dataset:
    for name, vocabulary in vocabularies.items():
        if not isinstance(vocabulary, Vocabulary):
            raise CallError(f"The {name} vocabulary must be a `zoo.Vocabulary`. Received: {vocabulary!r}.")
    drawn: dict[str, Any] = {"subword_alpha": batching.subword_alpha, "seed": batching.seed}
    examples = encode(corpus, task, vocabularies, classes, max_length=batching.max_length, **drawn)
    if examples.dropped:
        logger.warning(
            f"{corpus.origin}: left out {examples.dropped:,} of {len(corpus):,} examples with more than "
            f"{batching.max_length} pieces on a side; see `max_length`"
        )
    size: dict[str, Any] = {"batch_size": batching.batch_size, "batch_tokens": batching.batch_tokens}
    how = {**size, "few_shapes": batching.few_shapes}
    if not batching.shuffle:
        return batches(examples, **how, in_order=True)
    proofs = {name: hashlib.sha256(vocabulary.proto).hexdigest() for name, vocabulary in vocabularies.items()}
    record = {"digest": corpus.digest, "classes": list(classes), "vocabularies": proofs, **asdict(batching)}
    epochs = Epochs(steps_per_epoch(examples, **size), record)
    data = batches(examples, **how, shuffle_seed=batching.seed, epochs=epochs)
    # Not by `assert_cardinality`: the rest of an epoch that is resumed has fewer batches.
    data.cardinality = lambda: tf.constant(epochs.steps, tf.int64)
    data.epochs = epochs
    return data
