"""Every model in every format: does it convert, does it answer as Keras does, what does it weigh, how fast is it?

    python -m benchmarks.matrix --out DIR [--sentences 1000] [--models NAME ...] [--formats NAME ...] [--json FILE]

Trains each model of the zoo for a few minutes on `numbers-fr-en` (or takes what an earlier call left in DIR),
exports it to every format with every kind of weights, and asks for sentences of the corpus that it has not seen: how
many answers are those of Keras to every piece, and how much the score falls (BLEU or accuracy in points,
perplexity in per cent). Milliseconds are the median of single sentences on this machine.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.kinds import KINDS, Kind
from zoo.catalog import CATALOG
from zoo.command.console import native_silence, set_environment
from zoo.errors import ZooError

CORPUS = "numbers-fr-en"
SINGLE = 50  # sentences that are timed one by one


def trained(model: str, task: str, out: Path) -> Any:
    """Return the run of a model, trained now or before."""
    from zoo.pipeline import load_run
    from zoo.run_folder import is_run
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    folder = out / model
    if is_run(folder) and (folder / "metrics.json").is_file():
        return load_run(folder)
    options: dict[str, Any] = {"units": 64}
    settings = Settings(epochs=2, vocabulary_size=800, learning_rate=0.004, train_size=20_000, watch_size=0)
    if task == "translation":  # as in `zoo demo`: of a model that has learnt little, many choices are near ties
        options = {"units": 160, "bidirectional": True}
        settings = Settings(epochs=3, vocabulary_size=1000, watch_size=0)
    data = {"train": CORPUS, "valid": CORPUS}
    return train(model, **data, out=folder, options=options, settings=settings, force=True)


def score(task: str, predictor: Any, answers: list[Any], targets: list[str], texts: list[str]) -> float:
    """Return BLEU; of a classifier the share of right answers in per cent, of a language model the perplexity."""
    from zoo.metrics import accuracy, perplexity, translation_scores

    if task == "translation":
        return translation_scores([one.output for one in answers], targets)["bleu"]
    if task == "language_model":
        return perplexity(predictor.score(texts))["perplexity"]
    return 100 * accuracy([one.output for one in answers], targets)


def cell(run: Any, kind: Kind, out: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Export a run to a format and measure it."""
    import shutil

    from zoo.export.formats import exporter
    from zoo.export.load import load
    from zoo.export.parity.answers import same
    from zoo.export.web.exporter import load_site

    folder = out / "exports" / run.path.name / kind.name.replace(" ", "-")
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with native_silence():
            report = exporter(kind.format)(run, folder, **kind.options)
        predictor = load_site(run, folder) if kind.format == "web" else load(report["path"])
        answers = predictor.predict(asked["texts"])
    except ZooError as error:
        return {"reason": str(error)}
    identical = sum(same(a, b) for a, b in zip(asked["answers"], answers, strict=True))
    now = score(run.task, predictor, answers, asked["targets"], asked["texts"])
    before = asked["score"]
    drop = 100 * (now / before - 1) if run.task == "language_model" else before - now
    times = []
    for text in asked["texts"][:SINGLE]:
        began = time.perf_counter()
        predictor.predict([text])
        times.append(time.perf_counter() - began)
    row = {"identical": identical, "of": len(answers), "drop": drop, "milliseconds": 1e3 * statistics.median(times)}
    return row | {"bytes": report["bytes"]}


def table(rows: list[dict[str, Any]]) -> str:
    """Return the scores in Keras and the rows, as Markdown."""
    scores = {row["model"]: f"{row['model']} {row['keras']:.2f}" for row in rows}
    lines = [f"In Keras: {', '.join(scores.values())} (BLEU, accuracy or perplexity).", ""]
    lines += ["| model | format | identical answers | score drop | MB | ms |", "|---|---|---|---|---|---|"]
    for row in rows:
        cells = [row["model"], row["kind"]]
        if "reason" in row:
            lines.append(f"| {' | '.join(cells)} | does not convert: {row['reason']} | | | |")
            continue
        unit = " %" if row["task"] == "language_model" else ""
        cells += [f"{row['identical']} of {row['of']}", f"{row['drop']:+.2f}{unit}"]
        lines.append("| " + " | ".join([*cells, f"{row['bytes'] / 1e6:.2f}", f"{row['milliseconds']:.1f}"]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Fill the matrix and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--models", nargs="*", default=[entry.name for entry in CATALOG])
    parser.add_argument("--formats", nargs="*", default=sorted({kind.format for kind in KINDS}))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    set_environment()
    from zoo.training.data.corpora import read_corpus

    rows = []
    for entry in CATALOG:
        if entry.name not in options.models:
            continue
        run = trained(entry.name, entry.task, options.out)
        corpus = read_corpus(CORPUS, task=entry.task, split="test", size=options.sentences)
        predictor, texts = run, corpus.sources
        asked = {"texts": texts, "targets": corpus.targets, "answers": predictor.predict(texts)}
        asked["score"] = score(entry.task, predictor, asked["answers"], corpus.targets, texts)
        for kind in KINDS:
            if kind.format in options.formats:
                row = cell(run, kind, options.out, asked)
                about = {"model": entry.name, "task": entry.task, "keras": asked["score"], "kind": kind.name}
                rows.append(about | row)
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
                if options.json:
                    options.json.write_text(json.dumps(rows, indent=2))
    print(table(rows))


if __name__ == "__main__":
    main()
