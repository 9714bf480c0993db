"""`zoo demo`: training, evaluation, export and translation with a built-in corpus, from texts to a .tflite file."""

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.atomic_files import check_free
from zoo.command.console import import_tensorflow, native_silence, print_json
from zoo.command.export import export_run
from zoo.command.flags import add_force
from zoo.errors import WorkError
from zoo.log import logger

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline

RECIPE = "numbers-fr-en.bahdanau_seq2seq"
FORMATS = ("saved_model", "tflite")
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


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("--out", default="zoo-demo", metavar="DIR", help="the folder to make (default: %(default)s)")
    add_force(parser)


def run(options: Namespace) -> None:
    """Run all steps, report them on standard error, and print the scores and paths with --json."""
    began = time.monotonic()
    out = Path(options.out)
    check_free(out, options.force)
    logger.info("[1/5] Loading TensorFlow and making the corpus ...")
    import_tensorflow()
    trained = _train(run_of(options), options.force)
    scores = _evaluate(trained)
    artefacts = {to: _export(trained, to, out / to, options.force) for to in FORMATS}
    picture = _translate(artefacts["tflite"]["path"], out / "attention.png")
    report = {
        "seconds": round(time.monotonic() - began, 1),
        **{name: scores[name] for name in ("exact_match", "bleu", "chrf")},
        "run": str(trained.path),
        **artefacts,
        "attention_picture": str(picture),
    }
    _summarise(report)
    if options.json:
        print_json(report)


def run_of(options: Namespace) -> Path:
    """Return the run folder that the command writes."""
    return Path(options.out) / "run"


def _train(path: Path, force: bool) -> "Pipeline":
    from zoo.training.fit import train
    from zoo.training.recipe import read_recipe

    logger.info(f"[2/5] Training with the recipe {RECIPE}, French to English ...")
    recipe = read_recipe(RECIPE)
    options, settings = recipe.settled()
    data: dict[str, Any] = dict(recipe.data)
    return train(recipe.model, **data, out=path, options=options, settings=settings, recipe=RECIPE, force=force)


def _evaluate(run: "Pipeline") -> dict[str, Any]:
    from zoo.json_files import write_json
    from zoo.training.data.corpora import read_corpus
    from zoo.training.evaluate import evaluate

    logger.info("[3/5] Translating the unseen test set ...")
    corpus = run.config.data["train"]["origin"].split(":")[0]
    scores = evaluate(run, read_corpus(corpus, task=run.task, split="test"))
    write_json(run.path / "test.json", scores)
    exact = f"{scores['exact_match']:.1%} of {scores['count']:,} exactly right"
    logger.info(f"      {exact}, BLEU {scores['bleu']:.1f}")
    return scores


def _export(run: "Pipeline", to: str, path: Path, force: bool) -> dict[str, Any]:
    logger.info(f"[4/5] Exporting to {to} and comparing it with Keras ...")
    return export_run(run, to, path, force=force)


def _translate(model: str, picture: Path) -> Path:
    from zoo.export.lite import LiteModel
    from zoo.plot import draw_attention

    logger.info("[5/5] Translating with the .tflite file, and drawing the attention of the first sentence ...")
    with native_silence():
        predictions = LiteModel(model).predict(SENTENCES)
    width = max(map(len, SENTENCES))
    for prediction in predictions:
        logger.info(f"      {prediction.input:<{width}}  {prediction.output}")
    first = predictions[0]
    if first.attention is None:
        raise WorkError(f"{model} gave no attention.")
    draw_attention(picture, first.attention, first.source_pieces, first.target_pieces)
    return picture


def _summarise(report: dict[str, Any]) -> None:
    logger.info(f"\nDone in {report['seconds'] / 60:.1f} minutes.")
    scores = f"{report['exact_match']:.1%} exactly right, BLEU {report['bleu']}, chrF {report['chrf']}"
    logger.info(f"  test set        {scores}")
    logger.info(f"  run             {report['run']}")
    for to in FORMATS:
        artefact = report[to]
        parity = artefact["parity"]
        same = f"{parity['identical']} of {parity['compared']} answers identical to those of Keras"
        logger.info(f"  {to:<15} {artefact['path']}, {artefact['bytes'] / 1e6:.1f} MB, {same}")
    logger.info(f"  picture         {report['attention_picture']}")
    logger.info(f'\nNext: zoo predict {report["tflite"]["path"]} "le 3 mai 1968" --attention picture.png')
