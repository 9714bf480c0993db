"""`zoo demo`: the whole road once, from French and English text to a phone's answer."""

import os
import time
from pathlib import Path
from typing import Any

from zoo.atomic_files import check_free
from zoo.command.commands import RUN_FOLDER, export_run, say
from zoo.command.console import native_silence
from zoo.errors import WorkError

RECIPE = "numbers-fr-en.bahdanau_seq2seq"

SENTENCES = (
    "le 28 octobre 1934",
    "quatre-vingt-dix-sept",
    "Il est huit heures et quart.",
    "Nous partirons le 11 décembre.",
    "Il a vu deux portes grises.",
    "le vingt-deux mars",
    "J'ai payé ce livre 15,50 €.",
    "Ils ont vécu trois jours en Somalie.",
    "Il attend la dix-neuvième réunion.",
    "en août mille sept cent deux",
    "treize dinars serbes",
    "trois moins dix-sept",
)


def run_demo(out: str | os.PathLike, *, force: bool = False) -> dict[str, Any]:
    """Train, evaluate, export, translate and draw; say on standard error what is done.

    Args:
        out: the folder to make.
        force: replace what stands there.

    Returns:
        What `zoo demo --json` prints: scores, artefacts, times and where everything lies.

    Raises:
        CallError: `out` exists and `force` is false.
        WorkError: a step failed.
    """
    began = time.monotonic()
    out = Path(out)
    check_free(out, force)
    say("[1/5] Loading TensorFlow and making the corpus ...")
    run = _train(out / RUN_FOLDER, force)
    scores = _evaluate(run)
    artefacts = {to: _export(run, to, out / to, force) for to in ("saved_model", "tflite")}
    picture = _translate(artefacts["tflite"]["path"], out / "attention.png")
    report = {
        "seconds": round(time.monotonic() - began, 1),
        "exact_match": scores["exact_match"],
        "bleu": scores["bleu"],
        "chrf": scores["chrf"],
        "run": str(run.path),
        **artefacts,
        "attention_picture": str(picture),
    }
    _summary(report)
    return report


def _train(path, force):
    from zoo.training.fit import train
    from zoo.training.recipe import read_recipe

    say(f"[2/5] Training with the recipe {RECIPE}, French to English ...")
    recipe = read_recipe(RECIPE)
    options, settings = recipe.settled()
    return train(recipe.model, **recipe.data, out=path, options=options, settings=settings, recipe=RECIPE, force=force)


def _evaluate(run):
    from zoo.run_folder import write_json
    from zoo.training.data.corpora import read_corpus
    from zoo.training.evaluate import evaluate

    say("[3/5] Translating the unseen test set ...")
    corpus = run.config.data["train"]["origin"].split(":")[0]
    scores = evaluate(run.predictor(), read_corpus(corpus, task=run.task, split="test"))
    write_json(run.path / "test.json", scores)
    say(f"      {scores['exact_match']:.1%} of {scores['count']:,} exactly right, BLEU {scores['bleu']:.1f}")
    return scores


def _export(run, to, path, force):
    say(f"[4/5] Exporting to {to} and comparing it with Keras ...")
    return export_run(run, to, path, force=force)


def _translate(model, picture):
    from zoo.export.lite import LiteModel
    from zoo.plot import draw_attention

    say("[5/5] Translating with the .tflite, and drawing what it attends to ...")
    with native_silence():
        predictions = LiteModel(model).predict(SENTENCES)
    width = max(map(len, SENTENCES))
    for prediction in predictions:
        say(f"      {prediction.input:<{width}}  {prediction.output}")
    first = predictions[0]
    if first.attention is None:
        raise WorkError(f"{model} gave no attention.")
    draw_attention(picture, first.attention, first.source_pieces, first.target_pieces)
    return picture


def _summary(report) -> None:
    say(f"\nDone in {report['seconds'] / 60:.1f} minutes.")
    say(f"  test set        {report['exact_match']:.1%} exactly right, BLEU {report['bleu']}, chrF {report['chrf']}")
    say(f"  run             {report['run']}")
    for to in ("saved_model", "tflite"):
        one = report[to]
        same = f"{one['parity']['identical']} of {one['parity']['compared']} answers as in Keras"
        say(f"  {to:<15} {one['path']}, {one['bytes'] / 1e6:.1f} MB, {same}")
    say(f"  picture         {report['attention_picture']}")
    say(f'\nNext: zoo predict {report["tflite"]["path"]} "le 3 mai 1968" --attention picture.png')
