"""Token ids in, padded batches out: the tf.data pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from zoo.constants import END, PAD, START
from zoo.errors import CallError, nearest
from zoo.text import Vocabulary
from zoo.training.data.corpora import Corpus

# A batch holds examples of like length: the longer side falls between two of these. Narrower ones would save a little
# padding; but examples of one length are alike, and a model learns less from batches of those.
BUCKETS = (6, 9, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400)


@dataclass(frozen=True)
class Examples:
    """Encoded examples.

    Attributes:
        task: "translation", "classification" or "language_model".
        sources: the ids of each text, without start or end.
        targets: the ids of each translation, without start or end, or the class of each text as one id; empty
            for a language model.
        dropped: how many examples were left out because a side was longer than the limit.
        cut_anew: from the number of an epoch the sources and targets cut in another way, none of another bucket than
            the first; None: always as they are.
    """

    task: str
    sources: list[list[int]]
    targets: list[list[int]]
    dropped: int = 0
    cut_anew: Callable[[int], tuple[list[list[int]], list[list[int]]]] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def lengths(self) -> np.ndarray:
        """Return the length of the longer side of each example, start or end included."""
        sides = [self.sources, self.targets] if self.task == "translation" else [self.sources]
        return np.array([max(len(side) for side in sides_of_one) + 1 for sides_of_one in zip(*sides, strict=True)])


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
    """Encode a corpus and leave out what is too long.

    Args:
        corpus: the text.
        task: "translation", "classification" or "language_model".
        vocabularies: by side.
        labels: the labels of a classifier, in the order of its classes.
        max_length: the most pieces of a side; `Examples.dropped` counts what had more.
        subword_alpha: cut the texts anew in each epoch, see `Vocabulary.sample`; 0: always in the best way.
        seed: of that.

    Raises:
        CallError: a label that is not among `labels` (with its file and line), or nothing is left.
    """
    sources = vocabularies["source"].encode(corpus.sources)
    if task == "translation":
        targets = vocabularies["target"].encode(corpus.targets)
    elif task == "classification":
        targets = [[_class_of(label, labels, corpus, i)] for i, label in enumerate(corpus.targets)]
    else:
        targets = [[] for _ in sources]
    kept = [i for i in range(len(sources)) if max(len(sources[i]), len(targets[i])) <= max_length]
    if not kept:
        raise CallError(f"{corpus.origin}: every one of {len(sources)} examples is longer than {max_length} pieces.")
    best = Examples(task, [sources[i] for i in kept], [targets[i] for i in kept], len(sources) - len(kept))
    if not subword_alpha:
        return best
    texts = {"source": [corpus.sources[i] for i in kept]}
    if task == "translation":
        texts["target"] = [corpus.targets[i] for i in kept]

    def cut_anew(epoch: int) -> tuple[list[list[int]], list[list[int]]]:
        return _cut_anew(best, vocabularies, texts, subword_alpha, (seed + 1_000_003 * epoch) % 2**31)

    return replace(best, cut_anew=cut_anew)


def _cut_anew(best, vocabularies, texts, alpha, seed):
    """Return the sources and targets cut in a way that is drawn; in the best where that would be of a longer bucket."""
    lengths = best.lengths()
    bounds = _bounds(lengths)
    room = np.array(bounds)[np.digitize(lengths, bounds)] - 2  # the start or end is one more
    sides = {"source": best.sources, "target": best.targets}
    for side, some in texts.items():
        drawn = vocabularies[side].sample(some, alpha=alpha, seed=seed)
        sides[side] = [
            new if len(new) <= most else old for new, old, most in zip(drawn, sides[side], room, strict=True)
        ]
    return sides["source"], sides["target"]


def _class_of(label, labels, corpus, i):
    if label not in labels:
        known = ", ".join(labels[:20])
        raise CallError(f'{corpus.where(i)}: label "{label}" is not one of {known}.{nearest(label, labels)}')
    return labels.index(label)


def steps_per_epoch(
    examples: Examples, batch_size: int, *, batch_tokens: int | None = None, few_shapes: bool = False
) -> int:
    """Return how many batches an epoch has; the order of the examples does not change it. Arguments as `batches`."""
    bounds, sizes = _buckets(examples, batch_size, batch_tokens, few_shapes)
    counts = np.bincount(np.digitize(examples.lengths(), bounds), minlength=len(sizes))
    return int(np.sum(-(-counts // sizes)))


def _bounds(lengths: np.ndarray) -> list[int]:
    """Return the bounds of the buckets, the last beyond the longest example."""
    return [*BUCKETS, int(max(lengths.max(), BUCKETS[-1])) + 1]


def _buckets(examples, batch_size, batch_tokens, few_shapes):
    """Return the bounds of the buckets and how many examples of each make a batch."""
    bounds = _bounds(examples.lengths())
    longest = np.array([*bounds, bounds[-1]]) - (0 if few_shapes else 1)  # the last bucket is empty
    sizes = np.maximum(batch_tokens // longest, 1) if batch_tokens else np.full(len(longest), batch_size)
    return bounds, sizes


def batches(
    examples: Examples,
    batch_size: int,
    *,
    batch_tokens: int | None = None,
    shuffle_seed: int | None = None,
    first_epoch: int = 0,
    few_shapes: bool = False,
) -> tf.data.Dataset:
    """Return batches as Keras `fit` wants them: inputs and what they should give.

    Args:
        examples: what `encode` returned.
        batch_size: examples a batch.
        batch_tokens: instead, the most pieces of the longer side in a batch, padding included: more of the short
            examples and fewer of the long ones.
        shuffle_seed: shuffle, anew in each epoch, and go on for ever; None: one epoch in the given order.
        first_epoch: the epoch to begin with, for a run that goes on; each epoch's order depends on the
            seed and its number alone.
        few_shapes: pad each batch to the bound of its bucket rather than to its longest row, for XLA, which
            compiles every shape it meets.
    """
    best = (_ragged(*_flat(examples.sources)), _ragged(*_flat(examples.targets)))
    lengths = tf.constant(examples.lengths(), tf.int32)
    bounds, sizes = _buckets(examples, batch_size, batch_tokens, few_shapes)

    def one_epoch(order, sources, targets):
        rows = tf.data.Dataset.from_tensor_slices(order)
        rows = rows.map(lambda i: (lengths[i], sources[i], targets[i]), tf.data.AUTOTUNE)
        return rows.bucket_by_sequence_length(
            lambda length, *_: length,
            bounds,
            sizes.tolist(),
            padding_values=(0, PAD, PAD),
            pad_to_bucket_boundary=few_shapes,
        )

    count = len(examples)
    if shuffle_seed is None:
        steps = tf.data.experimental.assert_cardinality(
            steps_per_epoch(examples, batch_size, batch_tokens=batch_tokens, few_shapes=few_shapes)
        )
        data = one_epoch(tf.range(count), *best).apply(steps)
    else:
        shuffled = tf.random.experimental.stateless_shuffle

        def shuffled_epoch(epoch):
            sides = best if examples.cut_anew is None else _drawn(examples.cut_anew, epoch)
            return one_epoch(shuffled(tf.range(count), seed=[shuffle_seed, epoch]), *sides)

        data = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(shuffled_epoch)
    make = {"translation": _translation, "classification": _classification, "language_model": _language_model}
    return data.map(make[examples.task], tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _flat(rows):
    """Return the ids of all rows one behind the other, and how many are in each."""
    return np.array([i for row in rows for i in row], np.int32), np.array([len(row) for row in rows], np.int32)


def _ragged(values, lengths):
    return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)


def _drawn(cut_anew, epoch):
    """Return the sources and targets of an epoch as ragged tensors, inside a graph."""

    def flat(epoch):
        sources, targets = cut_anew(int(epoch))
        return *_flat(sources), *_flat(targets)

    tensors = tf.numpy_function(flat, [epoch], [tf.int32] * 4)
    for one in tensors:
        one.set_shape([None])
    return _ragged(*tensors[:2]), _ragged(*tensors[2:])


def _translation(_, sources, targets):
    inputs = {"source": _close(sources), "target": _open(targets)}
    return inputs, _close(targets)


def _classification(_, sources, targets):
    return _close(sources), tf.gather(targets, 0, axis=1)


def _language_model(_, sources, targets):
    return _open(sources), _close(sources)


def _open(ids):
    """Put the start id before each row (B, T): (B, T + 1)."""
    return tf.pad(ids, [[0, 0], [1, 0]], constant_values=START)


def _close(ids):
    """Put the end id after the last piece of each row (B, T): (B, T + 1)."""
    ids = tf.pad(ids, [[0, 0], [0, 1]], constant_values=PAD)
    lengths = tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
    return ids + END * tf.one_hot(lengths, tf.shape(ids)[1], dtype=tf.int32)
