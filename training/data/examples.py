"""Examples: the texts of a corpus as token ids, segmented in the best way or in one drawn for each epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.errors import CallError
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.data.buckets import bucket_bounds
from zoo.training.data.corpora import Corpus


@dataclass(frozen=True)
class Examples:
    """Encoded examples.

    Attributes:
        task: "translation", "classification" or "language_model".
        sources: the ids of each text, without start or end.
        targets: the ids of each translation, without start or end, or the class of each text as one id; empty lists
            for a language model.
        dropped: the number of examples left out because a side was longer than the limit.
        resampled: a function from the number of an epoch to the same examples in another segmentation, each in the
            same bucket; None: one segmentation for all epochs.
    """

    task: str
    sources: list[list[int]]
    targets: list[list[int]]
    dropped: int = 0
    resampled: Callable[[int], "Examples"] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def sides(self) -> dict[str, list[list[int]]]:
        """The ids of the sides that have a vocabulary."""
        ids = {"source": self.sources, "target": self.targets}
        return {side: ids[side] for side in TASKS[self.task].sides}

    def lengths(self) -> np.ndarray:
        """Return the length of the longer side of each example, start or end included."""
        return np.array([max(map(len, sides)) + 1 for sides in zip(*self.sides.values(), strict=True)])


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
        CallError: a label that is not among `labels` (with its file and line), or every example is too long.
    """
    sides = {side: vocabularies[side].encode(corpus.texts(side)) for side in TASKS[task].sides}
    sources = sides["source"]
    if TASKS[task].labelled:
        targets = [[number] for number in corpus.classes(labels)]
    else:
        targets = sides.get("target") or [[] for _ in sources]
    kept = [i for i in range(len(sources)) if max(len(sources[i]), len(targets[i])) <= max_length]
    if not kept:
        raise CallError(f"{corpus.origin}: every one of {len(sources)} examples is longer than {max_length} pieces.")
    best = Examples(task, [sources[i] for i in kept], [targets[i] for i in kept], len(sources) - len(kept))
    if not subword_alpha:
        return best
    texts = {side: [corpus.texts(side)[i] for i in kept] for side in sides}
    return replace(best, resampled=SubwordSampler(best, texts, vocabularies, alpha=subword_alpha, seed=seed))


@dataclass(frozen=True)
class SubwordSampler:
    """Subword regularisation: from the number of an epoch to examples in a segmentation that is drawn.

    A text whose drawn segmentation would need a longer bucket keeps the best one, so that an epoch has as many batches
    of each shape as any other.

    Attributes:
        best: the examples in the best segmentation.
        texts: the texts of each side.
        vocabularies: by side.
        alpha: see `Vocabulary.sample`.
        seed: the seed of the run.

    Source: Kudo 2018, arXiv 1804.10959.
    """

    best: Examples
    texts: dict[str, list[str]]
    vocabularies: dict[str, Vocabulary]
    alpha: float
    seed: int

    def __call__(self, epoch: int) -> Examples:
        """Return the examples of an epoch; they depend on the seed and the epoch alone."""
        lengths = self.best.lengths()
        bounds = bucket_bounds(lengths)
        most = np.array(bounds)[np.digitize(lengths, bounds)] - 2  # below the bound, and the start or end is one more
        sides = dict(self.best.sides)
        for side, texts in self.texts.items():
            drawn = self.vocabularies[side].sample(
                texts, alpha=self.alpha, seed=(self.seed + 1_000_003 * epoch) % 2**31
            )
            sides[side] = [
                ids if len(ids) <= room else best for ids, best, room in zip(drawn, sides[side], most, strict=True)
            ]
        return replace(self.best, sources=sides["source"], targets=sides.get("target", self.best.targets))
