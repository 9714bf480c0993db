"""Batches: padded token ids from examples, as a tf.data pipeline."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import END, PAD, START
from zoo.tasks import TASKS
from zoo.training.data.buckets import Buckets, buckets_of, make_buckets
from zoo.training.data.examples import Examples


class Epochs:
    """The position of a dataset whose iterations are one epoch after the other.

    Attributes:
        number: the number of the epoch that the next iteration is.
        done: the number of its batches that the next iteration leaves out.
        steps: the batches of an epoch.
        record: a record of the data and of the options of the batches.
    """

    def __init__(self, steps: int, record: dict[str, Any]):
        self.number = 0
        self.done = 0
        self.steps = steps
        self.record = record

    def begun(self, _) -> tuple[tf.Tensor, tf.Tensor]:
        """Begin an iteration inside a graph; return the number of its epoch and the batches to leave out."""
        number, done = tf.numpy_function(self._begin, [], [tf.int64, tf.int64])
        return tf.ensure_shape(number, []), tf.ensure_shape(done, [])

    def _begin(self):
        began = np.int64(self.number), np.int64(self.done)
        self.number, self.done = self.number + 1, 0
        return began


def steps_per_epoch(examples: Examples, batch_size: int, *, batch_tokens: int | None = None) -> int:
    """Return how many batches an epoch has, whatever the order of the examples. Arguments as `batches`."""
    lengths = examples.lengths()
    buckets = make_buckets(lengths, batch_size, batch_tokens=batch_tokens)
    return buckets.count_batches(buckets_of(lengths, buckets.bounds))


def batches(
    examples: Examples,
    batch_size: int,
    *,
    batch_tokens: int | None = None,
    shuffle_seed: int | None = None,
    first_epoch: int = 0,
    first_step: int = 0,
    few_shapes: bool = False,
    in_order: bool = False,
    epochs: Epochs | None = None,
) -> tf.data.Dataset:
    """Return batches of (inputs, targets) for `fit`, each of examples of similar length.

    Args:
        examples: the examples, as `encode` returns them.
        batch_size: examples a batch.
        batch_tokens: in place of `batch_size`, the most pieces of the longer side in a batch, padding included: more of
            the short examples and fewer of the long ones.
        shuffle_seed: shuffle each epoch in an order of its own, without end; None: one epoch, the same each time.
        first_epoch: the number of the first epoch, for a run that is resumed. The order of an epoch depends on the
            seed and its number alone.
        first_step: the number of batches that the first epoch leaves out.
        few_shapes: pad each batch to the widest row that its bucket can hold rather than to its longest, and the last
            batch of a bucket to as many rows as the others have, for XLA, which compiles once for each shape. The rows
            that are added are padding alone; batches of classes, which have no padding, keep their rows.
        in_order: keep the given order, so that examples of all lengths share a batch.
        epochs: with `shuffle_seed`, end after each epoch; the next iteration is the epoch that this names.
    """
    lengths = examples.lengths()
    buckets = make_buckets(lengths, batch_size, batch_tokens=batch_tokens, in_order=in_order)
    make = _EpochMaker(examples, buckets, buckets_of(lengths, buckets.bounds), few_shapes=few_shapes)
    if shuffle_seed is None:
        data = make.once()
    elif epochs is None:
        numbers = tf.data.Dataset.range(first_epoch, tf.int64.max)
        step = tf.constant(first_step, tf.int64)
        data = numbers.flat_map(lambda n: make.shuffled(shuffle_seed, n, tf.where(n == first_epoch, step, 0)))
    else:
        position = tf.data.Dataset.range(1).map(epochs.begun)
        data = position.flat_map(lambda number, done: make.shuffled(shuffle_seed, number, done))
    data = data.map(MODEL_BATCHES[examples.task], tf.data.AUTOTUNE)
    if few_shapes and not TASKS[examples.task].labelled:
        data = data.map(lambda inputs, targets: _with_all_rows(inputs, targets, buckets), tf.data.AUTOTUNE)
    return data.prefetch(tf.data.AUTOTUNE)


def _with_all_rows(inputs: Any, targets: tf.Tensor, buckets: Buckets) -> tuple[Any, tf.Tensor]:
    """Add rows of padding to a batch that is as wide as its bucket allows, up to the batch size of the bucket."""
    rows, width = tf.unstack(tf.shape(targets))
    size = tf.constant(buckets.batch_sizes, tf.int32)[tf.searchsorted(buckets.bounds, [width], side="right")[0]]
    return tf.nest.map_structure(
        lambda ids: tf.pad(ids, [[0, size - rows], [0, 0]], constant_values=PAD), (inputs, targets)
    )


class _EpochMaker:
    """Makes the batches of one epoch from their plan, so that an epoch can begin at any batch.

    Args:
        examples: the examples.
        buckets: the buckets.
        bucket_of: the bucket of each example.
        few_shapes: as in `batches`.
    """

    def __init__(self, examples: Examples, buckets: Buckets, bucket_of: np.ndarray, *, few_shapes: bool):
        self.examples, self.buckets, self.bucket_of, self.few_shapes = examples, buckets, bucket_of, few_shapes
        self.steps = buckets.count_batches(bucket_of)

    def once(self) -> tf.data.Dataset:
        """Return one epoch of the examples as they come, in their best segmentation."""
        plan = [tf.constant(part) for part in self.buckets.plan(self.bucket_of)]
        return self._batches(*plan, epoch=-1, first=0)

    def shuffled(self, seed: int, epoch: tf.Tensor, first: tf.Tensor) -> tf.data.Dataset:
        """Return an epoch in an order of its own, from the batch `first` on; for use inside a graph."""
        order = tf.random.experimental.stateless_shuffle(tf.range(len(self.bucket_of)), seed=[seed, epoch])
        shuffled = tf.gather(self.bucket_of, order)
        plan = tf.numpy_function(self.buckets.plan, [shuffled], [tf.int32, tf.int64, tf.int64], stateful=False)
        places, begins, ends = plan
        return self._batches(tf.gather(order, places), begins, ends, epoch=epoch, first=first)

    def _batches(self, numbers, begins, ends, *, epoch, first) -> tf.data.Dataset:
        """Return the batches of a plan from the batch `first` on: ids (B, Tx) of sources, (B, Ty) of targets."""

        def batch(step):
            some = numbers[begins[step] : ends[step]]
            sides = tf.numpy_function(self._padded, [some, epoch], [tf.int32, tf.int32], stateful=False)
            return [tf.ensure_shape(ids, [None, None]) for ids in sides]

        return tf.data.Dataset.range(first, self.steps).map(batch, tf.data.AUTOTUNE)

    def _padded(self, numbers, epoch):
        examples, width = self.examples, None
        if self.few_shapes:
            width = self.buckets.bounds[self.bucket_of[numbers[0]]] - 2  # below it, and the start or end is one more
        if epoch >= 0 and examples.resampled is not None:
            examples, numbers = examples.resampled(numbers, int(epoch)), np.arange(len(numbers))
        return examples.sources.padded(numbers, width), examples.targets.padded(numbers, width)


def _translation_batch(sources, targets):
    return {"source": with_end(sources), "target": with_start(targets)}, with_end(targets)


def _classification_batch(sources, targets):
    return with_end(sources), tf.gather(targets, 0, axis=1)


def _language_model_batch(sources, targets):
    return with_start(sources), with_end(sources)


# The inputs and targets of each task's model, from (sources, targets) without start or end.
MODEL_BATCHES: dict[str, Callable] = {
    "translation": _translation_batch,
    "classification": _classification_batch,
    "language_model": _language_model_batch,
}


def with_start(ids: tf.Tensor) -> tf.Tensor:
    """Put the start id before each row: (B, T) to (B, T + 1). `zoo.text.framed` does it for lists."""
    return tf.pad(ids, [[0, 0], [1, 0]], constant_values=START)


def with_end(ids: tf.Tensor) -> tf.Tensor:
    """Put the end id after the last piece of each row, before its padding: (B, T) to (B, T + 1)."""
    ids = tf.pad(ids, [[0, 0], [0, 1]], constant_values=PAD)
    lengths = tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
    return ids + END * tf.one_hot(lengths, tf.shape(ids)[1], dtype=tf.int32)
