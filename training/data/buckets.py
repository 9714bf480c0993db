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

    def count_batches(self, lengths: np.ndarray) -> int:
        """Return how many batches the examples of these lengths make."""
        counts = np.bincount(np.digitize(lengths, self.bounds), minlength=len(self.batch_sizes))
        return int(np.sum(-(-counts // self.batch_sizes)))


def bucket_bounds(lengths: np.ndarray) -> list[int]:
    """Return the bounds of the buckets for examples of these lengths, the last beyond the longest example."""
    return [*BUCKETS, int(max(lengths.max(), BUCKETS[-1])) + 1]


def make_buckets(lengths: np.ndarray, batch_size: int, *, batch_tokens: int | None) -> Buckets:
    """Return the buckets for examples of these lengths; the other arguments are those of `batches`."""
    bounds = bucket_bounds(lengths)
    widest = np.array([*bounds, bounds[-1]]) - 1
    sizes = np.maximum(batch_tokens // widest, 1) if batch_tokens else np.full(len(widest), batch_size)
    return Buckets(bounds=bounds, batch_sizes=sizes)
