"""What training on several workers sends: `python -m benchmarks.allreduce`, the table of docs/distributed.md."""

import argparse
import json

import keras

import zoo

VOCABULARY = 8000
SIZES = {
    "translation": {"source_vocabulary_size": VOCABULARY, "target_vocabulary_size": VOCABULARY},
    "classification": {"vocabulary_size": VOCABULARY, "classes": 2},
    "language_model": {"vocabulary_size": VOCABULARY},
}


def sent(dense: int, rows: int, width: int, workers: int) -> int:
    """Return how many bytes each of several workers sends, and receives, in a step.

    Dense gradients go around a ring: each worker sends 2 (n - 1) / n times their size. The gradient of an embedding is
    only the rows of the tokens in the share; every worker gets those of all others.

    Args:
        dense: parameters but embeddings.
        rows: rows of embeddings a step, of all workers together.
        width: numbers a row.
        workers: how many.
    """
    ring = 2 * (workers - 1) / workers * 4 * dense
    gathered = (workers - 1) / workers * rows * (4 * width + 8)  # 8 for the number of the row
    return round(ring + gathered)


def seconds(alone: float, sent_bytes: int, workers: int, bandwidth: float) -> float:
    """Return the time of a step when nothing is sent while the rest is computed.

    Args:
        alone: seconds of the step of the same global batch on one worker.
        sent_bytes: what `sent` returned.
        workers: how many.
        bandwidth: of each worker's line, bytes a second.
    """
    return alone / workers + sent_bytes / bandwidth


def counts(name: str, units: int, cell: str) -> dict[str, int]:
    """Return the parameters of a model, and those of its embeddings and how many they are."""
    task = next(entry.task for entry in zoo.catalog.CATALOG if entry.name == name)
    options = {"units": units} | ({} if name == "tanh_dnn" else {"cell": cell})
    model = zoo.build(name, **SIZES[task], **options)
    embeddings = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    width = max(layer.output_dim for layer in embeddings)
    inside = sum(layer.count_params() for layer in embeddings)
    return {"all": model.count_params(), "embeddings": inside, "tables": len(embeddings), "width": width}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
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
