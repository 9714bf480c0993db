"""Batches: padded token ids from examples, as a tf.data pipeline."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import END, PAD, START
from zoo.tasks import TASKS
from zoo.training.data.buckets import Buckets, make_buckets
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


Sides = tuple[tf.RaggedTensor, tf.RaggedTensor]  # the ids of the sources and of the targets


def steps_per_epoch(examples: Examples, batch_size: int, *, batch_tokens: int | None = None) -> int:
    """Return how many batches an epoch has, whatever the order of the examples. Arguments as `batches`."""
    lengths = examples.lengths()
    return make_buckets(lengths, batch_size, batch_tokens=batch_tokens).count_batches(lengths)


def batches(
    examples: Examples,
    batch_size: int,
    *,
    batch_tokens: int | None = None,
    shuffle_seed: int | None = None,
    first_epoch: int = 0,
    few_shapes: bool = False,
    epochs: Epochs | None = None,
) -> tf.data.Dataset:
    """Return batches of (inputs, targets) for `fit`, each of examples of similar length.

    Args:
        examples: the examples, as `encode` returns them.
        batch_size: examples a batch.
        batch_tokens: in place of `batch_size`, the most pieces of the longer side in a batch, padding included: more of
            the short examples and fewer of the long ones.
        shuffle_seed: shuffle each epoch in an order of its own, without end; None: one epoch in the given order.
        first_epoch: the number of the first epoch, for a run that is resumed. The order of an epoch depends on the
            seed and its number alone.
        few_shapes: pad each batch to the widest row that its bucket can hold rather than to its longest, and the last
            batch of a bucket to as many rows as the others have, for XLA, which compiles once for each shape. The rows
            that are added are padding alone; batches of classes, which have no padding, keep their rows.
        epochs: with `shuffle_seed`, end after each epoch; the next iteration is the epoch that this names.
    """
    lengths = examples.lengths()
    buckets = make_buckets(lengths, batch_size, batch_tokens=batch_tokens)
    length_of = tf.constant(lengths - 1, tf.int32)  # without the start or the end

    def epoch_batches(order: tf.Tensor, sides: Sides) -> tf.data.Dataset:
        sources, targets = sides
        rows = tf.data.Dataset.from_tensor_slices(order)
        rows = rows.map(lambda i: (length_of[i], sources[i], targets[i]), tf.data.AUTOTUNE)
        return rows.bucket_by_sequence_length(
            lambda length, *_: length,
            [bound - 1 for bound in buckets.bounds],
            buckets.batch_sizes.tolist(),
            padding_values=(0, PAD, PAD),
            pad_to_bucket_boundary=few_shapes,
        )

    if shuffle_seed is None:
        data = epoch_batches(tf.range(len(examples)), _ragged_sides(examples))
        data = data.apply(tf.data.experimental.assert_cardinality(buckets.count_batches(lengths)))
    else:
        data = _shuffled_epochs(examples, epoch_batches, seed=shuffle_seed, first=first_epoch, epochs=epochs)
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


def _shuffled_epochs(
    examples: Examples,
    epoch_batches: Callable[[tf.Tensor, Sides], tf.data.Dataset],
    *,
    seed: int,
    first: int,
    epochs: Epochs | None,
) -> tf.data.Dataset:
    """Return the batches of one epoch after the other, each in an order of its own: without end, or of one epoch."""
    best = _ragged_sides(examples)

    def shuffled_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(len(examples)), seed=[seed, epoch])
        return epoch_batches(order, best if examples.resampled is None else _resampled_sides(examples, epoch))

    if epochs is None:
        return tf.data.Dataset.range(first, tf.int64.max).flat_map(shuffled_epoch)
    return tf.data.Dataset.range(1).map(epochs.begun).flat_map(lambda epoch, done: shuffled_epoch(epoch).skip(done))


def _ragged_sides(examples: Examples) -> Sides:
    return _ragged(*_flat(examples.sources)), _ragged(*_flat(examples.targets))


def _resampled_sides(examples: Examples, epoch: tf.Tensor) -> Sides:
    """Return the sides of an epoch in its own segmentation, inside a graph."""

    def flat_sides(epoch):
        resampled = examples.resampled(int(epoch))
        return *_flat(resampled.sources), *_flat(resampled.targets)

    tensors = tf.numpy_function(flat_sides, [epoch], [tf.int32] * 4)
    for tensor in tensors:
        tensor.set_shape([None])
    return _ragged(*tensors[:2]), _ragged(*tensors[2:])


def _flat(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of all rows in one array, and the length of each row."""
    return np.array([i for row in rows for i in row], np.int32), np.array([len(row) for row in rows], np.int32)


def _ragged(values, lengths) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)


def _translation_batch(_, sources, targets):
    return {"source": with_end(sources), "target": with_start(targets)}, with_end(targets)


def _classification_batch(_, sources, targets):
    return with_end(sources), tf.gather(targets, 0, axis=1)


def _language_model_batch(_, sources, targets):
    return with_start(sources), with_end(sources)


# The inputs and targets of each task's model, from (lengths, sources, targets) without start or end.
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
