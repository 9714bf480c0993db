"""The bytes that each worker sends in a step of data-parallel training: the table of docs/distributed.md.

    python -m benchmarks.allreduce [--units 256] [--cell gru] [--tokens 1920]

The figures are computed from the sizes of the models, not measured.
"""

import argparse
import json

import keras

import zoo
from zoo.models.build import options_of_builder

VOCABULARY = 8000
SIZES = {
    "translation": {"source_vocabulary_size": VOCABULARY, "target_vocabulary_size": VOCABULARY},
    "classification": {"vocabulary_size": VOCABULARY, "classes": 2},
    "language_model": {"vocabulary_size": VOCABULARY},
}


def sent(dense: int, rows: int, width: int, workers: int) -> int:
    """Return the bytes that each worker sends, and receives, in a step.

    Dense gradients are summed by a ring all-reduce: each worker sends 2 (n - 1) / n times their size. The gradient of
    an embedding is sparse, the rows of the tokens in the worker's shard; every worker gathers the rows of all others.

    Args:
        dense: the number of parameters that are no embeddings.
        rows: rows of embeddings a step, over all workers.
        width: the size of a row.
        workers: the number of workers.
    """
    ring = 2 * (workers - 1) / workers * 4 * dense
    gathered = (workers - 1) / workers * rows * (4 * width + 8)  # 8 for the index of the row
    return round(ring + gathered)


def seconds(alone: float, sent_bytes: int, workers: int, bandwidth: float) -> float:
    """Return the seconds of a step, if communication does not overlap with computation.

    Args:
        alone: seconds of a step with the same global batch on a single worker.
        sent_bytes: the bytes that each worker sends, from `sent`.
        workers: the number of workers.
        bandwidth: the bandwidth of each worker, in bytes a second.
    """
    return alone / workers + sent_bytes / bandwidth


def counts(name: str, units: int, cell: str) -> dict[str, int]:
    """Return the number of parameters of a model, and the parameters, number and width of its embeddings."""
    task = next(entry.task for entry in zoo.catalog.CATALOG if entry.name == name)
    options = {"units": units} | ({"cell": cell} if "cell" in options_of_builder(name) else {})
    model = zoo.build(name, **SIZES[task], **options)
    embeddings = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    width = max(layer.output_dim for layer in embeddings)
    inside = sum(layer.count_params() for layer in embeddings)
    return {"all": model.count_params(), "embeddings": inside, "tables": len(embeddings), "width": width}


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--tokens", type=int, default=64 * 30, help="tokens a side of a global batch, padding included")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name in zoo.names():
        count = counts(name, options.units, options.cell)
        dense = count["all"] - count["embeddings"]
        touched = options.tokens * count["tables"]
        some = {str(n): sent(dense, touched, count["width"], n) for n in (2, 4, 8, 16)}
        rows.append({"model": name, **count, "sent": some})
    if options.json:
        return print(json.dumps(rows, indent=2))
    print("| model | parameters | of them embeddings | MB sent a step, n = 2 | 4 | 8 | 16 |")
    print("|---" * 7 + "|")
    for row in rows:
        megabytes = " | ".join(f"{value / 1e6:.1f}" for value in row["sent"].values())
        print(f"| `{row['model']}` | {row['all']:,} | {row['embeddings']:,} | {megabytes} |")


if __name__ == "__main__":
    main()
