"""Buckets: examples of similar length share a batch, so that little of it is padding."""

from dataclasses import dataclass

import numpy as np

# The longer side of the examples of a batch falls between two of these bounds. Narrower buckets would save a little
# padding; but examples of one length are alike, and a model learns less from batches of those.
BUCKETS = (6, 9, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400)


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """The buckets of some examples.

    Attributes:
        bounds: the bounds between the buckets, in ids; the last is beyond the longest example.
        batch_sizes: the number of examples of a batch, by bucket: one more than the bounds, and the last bucket is
            empty.
    """

    bounds: list[int]
    batch_sizes: np.ndarray

    def plan(self, buckets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the batches of an epoch in their order.

        The examples go into their buckets one after the other. A bucket that is full becomes a batch; what is left in
        the buckets at the end becomes the last batches.

        Args:
            buckets: the bucket of each example, in the order of the epoch.

        Returns:
            The places of the examples in the order of the epoch, by bucket, and where in there each batch begins and
            ends.
        """
        places = np.empty(len(buckets), np.int32)
        begins, ends, made = [], [], []
        end = 0
        for bucket, size in enumerate(self.batch_sizes):
            some = np.flatnonzero(buckets == bucket)
            begin, end = end, end + len(some)
            places[begin:end] = some
            first = np.arange(begin, end, size)
            last = np.minimum(first + size, end)
            begins.append(first)
            ends.append(last)
            # A full batch is made when its last example comes.
            made.append(np.where(last - first == size, places[last - 1], len(buckets)))
        order = np.argsort(np.concatenate(made), kind="stable")
        return places, np.concatenate(begins)[order], np.concatenate(ends)[order]

    def count_batches(self, buckets: np.ndarray) -> int:
        """Return how many batches the examples of these buckets make."""
        sizes = enumerate(self.batch_sizes)
        return sum(-(-int(np.count_nonzero(buckets == bucket)) // int(size)) for bucket, size in sizes)


def bucket_bounds(lengths: np.ndarray) -> list[int]:
    """Return the bounds of the buckets for examples of these lengths, the last beyond the longest example."""
    return [*BUCKETS, int(max(lengths.max(), BUCKETS[-1])) + 1]


def buckets_of(lengths: np.ndarray, bounds: list[int]) -> np.ndarray:
    """Return the number of the bucket of each example, one byte each."""
    buckets = np.zeros(len(lengths), np.uint8)
    for bound in bounds:
        buckets += lengths >= bound
    return buckets


def make_buckets(lengths: np.ndarray, batch_size: int, *, batch_tokens: int | None, in_order: bool = False) -> Buckets:
    """Return the buckets for examples of these lengths; the other arguments are those of `batches`."""
    bounds = [int(lengths.max()) + 1] if in_order else bucket_bounds(lengths)
    widest = np.array([*bounds, bounds[-1]]) - 1
    sizes = np.maximum(batch_tokens // widest, 1) if batch_tokens else np.full(len(widest), batch_size)
    return Buckets(bounds=bounds, batch_sizes=sizes)
