"""Examples: the texts of a corpus as token ids, segmented in the best way or in one drawn for each epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.errors import CallError
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.data.buckets import bucket_bounds, buckets_of
from zoo.training.data.corpora import Corpus
from zoo.training.data.rows import CHUNK, ArrayWriter, Rows, RowWriter


@dataclass(frozen=True)
class Examples:
    """Encoded examples.

    Attributes:
        task: "translation", "classification" or "language_model".
        sources: the ids of each text, without start or end.
        targets: the ids of each translation, without start or end, or the class of each text as one id; empty rows
            for a language model.
        dropped: the number of examples left out because a side was longer than the limit.
        resampled: a function from the numbers of examples and of an epoch to these examples in another segmentation,
            each in the same bucket; None: one segmentation for all epochs.
    """

    task: str
    sources: Rows
    targets: Rows
    dropped: int = 0
    resampled: Callable[[np.ndarray, int], "Examples"] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def sides(self) -> dict[str, Rows]:
        """The ids of the sides that have a vocabulary."""
        ids = {"source": self.sources, "target": self.targets}
        return {side: ids[side] for side in TASKS[self.task].sides}

    def lengths(self) -> np.ndarray:
        """Return the length of the longer side of each example, start or end included."""
        longest, *others = [rows.lengths() for rows in self.sides.values()]
        for lengths in others:
            np.maximum(longest, lengths, out=longest)
        longest += 1
        return longest


def encode(
    corpus: Corpus,
    task: str,
    vocabularies: dict[str, Vocabulary],
    labels: Sequence[str] = (),
    *,
    max_length: int,
    subword_alpha: float = 0.0,
    seed: int = 0,
) -> Examples:
    """Encode a corpus and leave out the examples that are too long.

    Args:
        corpus: the text.
        task: "translation", "classification" or "language_model".
        vocabularies: by side.
        labels: the labels of a classifier, in the order of its classes.
        max_length: the most pieces of a side; `Examples.dropped` counts the examples with more.
        subword_alpha: draw another segmentation in each epoch, see `Vocabulary.sample`; 0: always the best one.
        seed: the seed of the segmentations.

    Raises:
        CallError: a label that is not among `labels` (with its file and line), or every example is too long; or
            segmentations of a vocabulary that does not draw them.
        WorkError: no disk space for the temporary files of shards.
    """
    vocabularies = {side: vocabularies[side] for side in TASKS[task].sides}
    if subword_alpha and (kinds := {vocabulary.kind for vocabulary in vocabularies.values()} - {"unigram"}):
        raise CallError(f"`subword_alpha` needs unigram vocabularies. Received: {', '.join(sorted(kinds))}.")
    sizes = {side: vocabulary.size for side, vocabulary in vocabularies.items()}
    sizes |= {"target": len(labels)} if TASKS[task].labelled else {}
    writers = {side: RowWriter(_id_type(size), corpus.scratch) for side, size in sizes.items()}
    kept = ArrayWriter(np.int64, corpus.scratch)
    for begin in range(0, len(corpus), CHUNK):
        part = slice(begin, begin + CHUNK)
        ids = {side: vocabulary.encode(corpus.texts(side)[part]) for side, vocabulary in vocabularies.items()}
        if TASKS[task].labelled:
            ids["target"] = [[number] for number in corpus.classes(labels, part)]
        short = [i for i, sides in enumerate(zip(*ids.values(), strict=True)) if max(map(len, sides)) <= max_length]
        kept.add(begin + np.array(short, np.int64))
        for side, writer in writers.items():
            writer.add([ids[side][i] for i in short])
    rows = {side: writer.rows() for side, writer in writers.items()}
    count = len(rows["source"])
    if not count:
        raise CallError(f"{corpus.origin}: every one of {len(corpus)} examples is longer than {max_length} pieces.")
    best = Examples(task, rows["source"], rows.get("target", Rows.empty(count)), len(corpus) - count)
    if not subword_alpha:
        return best
    return replace(best, resampled=SubwordSampler(best, corpus, kept.array(), vocabularies, subword_alpha, seed))


def _id_type(size: int) -> type[np.integer]:
    """Return the smallest type for the ids of so many pieces."""
    return np.uint16 if size <= 2**16 else np.int32


class SubwordSampler:
    """Subword regularisation: from examples and an epoch to these examples in a segmentation that is drawn.

    A text whose drawn segmentation would need a longer bucket keeps the best one, so that an epoch has as many batches
    of each shape as any other.

    Args:
        best: the examples in the best segmentation.
        corpus: their texts.
        places: the place of each example in the corpus.
        vocabularies: by side.
        alpha: see `Vocabulary.sample`.
        seed: the seed of the run.

    Source: Kudo 2018, arXiv 1804.10959.
    """

    def __init__(
        self,
        best: Examples,
        corpus: Corpus,
        places: np.ndarray,
        vocabularies: dict[str, Vocabulary],
        alpha: float,
        seed: int,
    ):
        self.best, self.corpus, self.places = best, corpus, places
        self.vocabularies, self.alpha, self.seed = vocabularies, alpha, seed
        lengths = best.lengths()
        self.bounds = np.array(bucket_bounds(lengths))
        self.bucket_of = buckets_of(lengths, self.bounds.tolist())

    def __call__(self, numbers: np.ndarray, epoch: int) -> Examples:
        """Return some examples; they depend on their numbers, the seed and the epoch alone."""
        seed = np.random.SeedSequence([self.seed, epoch, *numbers.tolist()]).generate_state(1)[0] % 2**31
        sides = {"source": self.best.sources, "target": self.best.targets}
        ids = {side: [rows[i].tolist() for i in numbers] for side, rows in sides.items()}
        room = self.bounds[self.bucket_of[numbers]] - 2  # below the bound, and the start or end is one more
        for side, vocabulary in self.vocabularies.items():
            texts = [self.corpus.texts(side)[i] for i in self.places[numbers]]
            drawn = vocabulary.sample(texts, alpha=self.alpha, seed=int(seed))
            rows = zip(drawn, ids[side], room, strict=True)
            ids[side] = [new if len(new) <= most else best for new, best, most in rows]
        return Examples(self.best.task, Rows.of(ids["source"]), Rows.of(ids["target"]))
