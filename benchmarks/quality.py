"""Trains every model of the zoo for a few minutes and prints what it scores on data it has not seen.

    python -m benchmarks.quality --out /tmp/quality                                    # on the built-in corpus
    python -m benchmarks.quality --out /tmp/quality --sst2 data/sst2 --only tanh_rnn   # a classifier on SST-2

Translation and language models use `numbers-fr-en`; classifiers tell its kinds of phrases apart or, with
`--sst2 DIR`, good film reviews from bad ones (DIR holds train.tsv.gz and dev.tsv.gz; the score is on dev, so a
twentieth of train is held out to choose the epoch).
"""

import argparse
import json
import sys
from pathlib import Path

from zoo.catalog import CATALOG, Entry
from zoo.quiet import set_environment

CORPUS = "numbers-fr-en"
OPTIONS = {"units": 160}


def held_out(folder: Path, out: Path) -> tuple[str, str]:
    """Split SST-2's training set: every twentieth example chooses the epoch."""
    from training.corpora import read_corpus

    corpus = read_corpus(folder / "train.tsv.gz", task="classification")
    rows = list(zip(corpus.sources, corpus.targets, strict=True))
    parts = {"train": [r for i, r in enumerate(rows) if i % 20], "valid": rows[::20]}
    out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        lines = "".join(f"{text}\t{label}\n" for text, label in part)
        (out / f"sst2-{name}.tsv").write_text(lines, encoding="utf-8")
    return str(out / "sst2-train.tsv"), str(out / "sst2-valid.tsv")


def measure(entry: Entry, out: Path, sst2: Path | None, epochs: int) -> dict:
    """Train one model and score it."""
    from training.corpora import read_corpus
    from training.evaluate import evaluate
    from training.fit import train
    from training.settings import Settings

    train_data = valid_data = test_data = CORPUS
    if sst2 and entry.task == "classification":
        train_data, valid_data = held_out(sst2, out)
        test_data = str(sst2 / "dev.tsv.gz")
    settings = Settings(epochs=epochs, vocabulary_size=4000 if sst2 and entry.task == "classification" else 1000)
    options = OPTIONS | ({"bidirectional": True} if entry.task == "translation" else {})
    options |= {"dropout": 0.3} if test_data != CORPUS else {}
    run = train(
        entry.name,
        train=train_data,
        valid=valid_data,
        out=out / entry.name,
        options=options,
        settings=settings,
        force=True,
    )
    scores = evaluate(run.predictor(), read_corpus(test_data, task=entry.task, split="test"))
    seconds = json.loads((run.path / "metrics.json").read_text())["seconds"]
    return {
        "model": entry.name,
        "data": "SST-2" if test_data != CORPUS else CORPUS,
        "parameters": run.model.count_params(),
        "epochs": epochs,
        "minutes": round(seconds / 60, 1),
        **{name: scores[name] for name in ("exact_match", "bleu", "accuracy", "perplexity") if name in scores},
    }


def main() -> None:
    """Measure the models that were asked for, print each row as it comes and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="names of models; default all")
    parser.add_argument("--sst2", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    set_environment()
    rows = []
    for entry in CATALOG:
        if not options.only or entry.name in options.only:
            rows.append(measure(entry, options.out, options.sst2, options.epochs))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print("| model | data | parameters | epochs | minutes | score |\n|---|---|---|---|---|---|")
    for row in rows:
        measured = ("exact_match", "bleu", "accuracy", "perplexity")
        scores = ", ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in measured if name in row)
        columns = [row["model"], row["data"], f"{row['parameters']:,}", row["epochs"], row["minutes"], scores]
        print("| " + " | ".join(map(str, columns)) + " |")


if __name__ == "__main__":
    main()
