"""The shapes of the batches of an epoch, for each of which XLA compiles once, and the padding that they cost.

    python -m benchmarks.shapes [--batch-sizes 64 256] [--sentences 29000]

Sentences with the lengths of multi30k, in the buckets of `zoo train`. The ways to pad a batch:

    longest          each side to its longest row, without XLA
    bucket           both sides to the width of the bucket
    bucket, rows     the same, and the last batch of a bucket to the rows of the others: `few_shapes`
    sides, rows      each side to the width of a bucket of its own
"""

import argparse
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from benchmarks.contenders import sentences
from zoo.training.data.buckets import BUCKETS, bucket_bounds

WAYS = ("longest", "bucket", "bucket, rows", "sides, rows")


def shapes_of(batch: np.ndarray, batch_size: int) -> Iterator[tuple[int, int, int]]:
    """Yield the shape (rows, source, target) of a batch of lengths (B, 2), padded in each way."""
    source, target = batch.max(axis=0)
    own = [BUCKETS[bisect_right(BUCKETS, side)] - 1 for side in (source, target)]
    width = max(own)
    yield len(batch), source, target
    yield len(batch), width, width
    yield batch_size, width, width
    yield batch_size, *own


def main() -> None:
    """Count the shapes of an epoch and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[64, 256])
    parser.add_argument("--sentences", type=int, default=29_000)
    options = parser.parse_args()
    pairs = sentences({"vocabulary": 6000, "batches": options.sentences, "batch": 1, "seed": 1})
    lengths = np.array([[len(side) + 1 for side in pair] for pair in pairs])  # with the start or the end
    bucket = np.digitize(lengths.max(axis=1), bucket_bounds(lengths.max(axis=1)))
    print("| batch size | padded | shapes | padding, source | padding, target |\n|---|---|---|---|---|")
    for size in options.batch_sizes:
        shapes: dict[str, list[tuple[int, int, int]]] = {way: [] for way in WAYS}
        for number in np.unique(bucket):
            rows = lengths[bucket == number]
            for start in range(0, len(rows), size):
                for way, shape in zip(WAYS, shapes_of(rows[start : start + size], size), strict=True):
                    shapes[way].append(shape)
        for way, some in shapes.items():
            count, source, target = np.array(some).T
            padding = [1 - lengths[:, side].sum() / (count * width).sum() for side, width in ((0, source), (1, target))]
            print(f"| {size} | {way} | {len(set(some))} | {padding[0]:.1%} | {padding[1]:.1%} |")


if __name__ == "__main__":
    main()
