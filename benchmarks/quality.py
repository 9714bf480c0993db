"""The quality of the models: each is trained for a few minutes and scored on held-out data.

    python -m benchmarks.quality --out /tmp/quality                                    # on `numbers-fr-en`
    python -m benchmarks.quality --out /tmp/quality --sst2 data/sst2 --only tanh_rnn   # a classifier on SST-2
    python -m benchmarks.quality --out /tmp/quality --multi30k data/multi30k --cells tanh gru lstm --epochs 2
    python -m benchmarks.quality --out /tmp/quality --multi30k data/multi30k --only bahdanau_seq2seq --cells gru \
        --epochs 2 --seeds 1 2 3 --precisions float32 mixed_bfloat16

Translation and language models train on `numbers-fr-en`. Classifiers train on the kinds of its phrases or, with
`--sst2 DIR`, on the sentiment of film reviews: DIR holds train.tsv.gz and dev.tsv.gz; the score is on dev, and a
twentieth of train is held out to choose the epoch. With `--multi30k DIR` only the translation models train, on image
descriptions: DIR holds {train,val,test_2016_flickr}.{fr,en}.gz; the epoch is chosen on val, the score is on test.
A model that has a result in `--out` is not trained again.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.device import PRECISIONS
from zoo.catalog import CATALOG
from zoo.command.console import set_environment
from zoo.processor import processor_name

CORPUS = "numbers-fr-en"
SCORES = ("exact_match", "bleu", "chrf", "accuracy", "perplexity")


class Task(NamedTuple):
    """A model, its data, and its settings."""

    model: str
    corpus: str
    data: dict[str, str]  # train, valid, test
    options: dict[str, Any]
    settings: dict[str, Any]


def held_out(folder: Path, out: Path) -> dict[str, str]:
    """Split the training set of SST-2 and return the files; every twentieth example is for validation."""
    from zoo.training.data.corpora import read_corpus

    corpus = read_corpus(folder / "train.tsv.gz", task="classification")
    rows = list(zip(corpus.sources, corpus.targets, strict=True))
    parts = {"train": [r for i, r in enumerate(rows) if i % 20], "valid": rows[::20]}
    out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        lines = "".join(f"{text}\t{label}\n" for text, label in part)
        (out / f"sst2-{name}.tsv").write_text(lines, encoding="utf-8")
    return {name: str(out / f"sst2-{name}.tsv") for name in parts} | {"test": str(folder / "dev.tsv.gz")}


def tasks(options: argparse.Namespace) -> list[Task]:
    """Return the models to measure, each with the given cells, or with its own."""
    from zoo.models.build import options_of_builder

    found = []
    for entry in CATALOG:
        both_ways = {"bidirectional": True} if entry.task == "translation" else {}
        for cell in (options.cells if "cell" in options_of_builder(entry.name) else None) or [None]:
            kind = both_ways | ({"cell": cell} if cell else {})
            if options.multi30k:
                if entry.task == "translation":
                    found.append(_on_multi30k(entry.name, kind, options.multi30k))
            elif options.sst2 and entry.task == "classification":
                data = held_out(options.sst2, options.out)
                kind |= {"units": 160, "dropout": 0.3}
                found.append(Task(entry.name, "SST-2", data, kind, {"vocabulary_size": 4000}))
            else:
                data = dict.fromkeys(("train", "valid", "test"), CORPUS)
                found.append(Task(entry.name, CORPUS, data, {"units": 160, **kind}, {"vocabulary_size": 1000}))
    return [one for one in found if not options.only or one.model in options.only]


def _on_multi30k(model, kind, folder):
    splits = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    data = {name: ",".join(str(folder / f"{file}.{side}.gz") for side in ("fr", "en")) for name, file in splits.items()}
    sizes = {"units": 256, "encoder_units": 128, "embedding_units": 160, "tie_embeddings": True}
    settings = {"batch_size": 32, "clip": 5.0, "label_smoothing": 0.1, "vocabulary_size": 4000, "watch_size": 0}
    return Task(model, "multi30k", data, {**sizes, "dropout": 0.2, "embedding_dropout": 0.1, **kind}, settings)


def measure(task: Task, out: Path, **given: Any) -> dict[str, Any]:
    """Train a model with the settings of its task and the given `epochs`, `seed` and `precision`; return its scores."""
    from zoo.training.data.corpora import read_corpus
    from zoo.training.evaluate import evaluate
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    cell = task.options.get("cell", "own")
    folder = out / "-".join(map(str, (task.corpus, task.model, cell, *given.values())))
    report = folder.with_suffix(".json")
    if report.is_file():
        return json.loads(report.read_text())
    settings = Settings(**task.settings, **given)
    data = {name: task.data[name] for name in ("train", "valid")}
    run = train(task.model, **data, out=folder, options=task.options, settings=settings, force=True)
    scores = evaluate(run, read_corpus(task.data["test"], task=run.task, split="test"))
    seconds = json.loads((run.path / "metrics.json").read_text())["seconds"]
    row = {"model": task.model, "cell": run.model.options.get("cell", ""), "data": task.corpus}
    row |= {"parameters": run.model.count_params()}
    row |= {**given, "minutes": round(seconds / 60, 1)}
    row |= {name: scores[name] for name in SCORES if name in scores}
    report.write_text(json.dumps(row))
    return row


def main() -> None:
    """Measure the chosen models, print each row when it is done, and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="names of models (default: all)")
    parser.add_argument("--cells", nargs="*", choices=["tanh", "gru", "lstm"], help="default: that of each model")
    parser.add_argument("--sst2", type=Path)
    parser.add_argument("--multi30k", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["float32"])
    options = parser.parse_args()
    set_environment()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for task, seed, precision in itertools.product(tasks(options), options.seeds, options.precisions):
        rows.append(measure(task, options.out, epochs=options.epochs, seed=seed, precision=precision))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print(processor_name())
    print("\n| model | cell | data | parameters | epochs | seed | precision | minutes | score |\n|" + 9 * "---|")
    for row in rows:
        scores = ", ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in SCORES if name in row)
        columns = [row["model"], row["cell"], row["data"], f"{row['parameters']:,}"]
        columns += [row[name] for name in ("epochs", "seed", "precision", "minutes")]
        print("| " + " | ".join(map(str, [*columns, scores])) + " |")


if __name__ == "__main__":
    main()
