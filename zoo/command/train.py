"""`zoo train`: a new run, or the rest of one that was stopped."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.catalog import find
from zoo.command.console import import_tensorflow, print_json
from zoo.command.flags import DATA, add_force, flag_of
from zoo.command.option_flags import add_options, given
from zoo.errors import CallError
from zoo.options import options_of
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline
    from zoo.training.recipe import Recipe

SIDES = ("source", "target")
OF_VOCABULARIES = ("text", "vocabulary_size")  # how vocabularies are learnt
PLACES = ("train", "valid", "out")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command, with the options of all models and of the training; this imports TensorFlow."""
    import_tensorflow()
    from zoo.models.build import model_options
    from zoo.training.settings import Settings

    parser.add_argument("model", nargs="?", metavar="MODEL", help="a name from `zoo list`")
    parser.add_argument("--train", metavar="DATA", help=f"the training set: {DATA}")
    parser.add_argument("--valid", metavar="DATA", help="the validation set, likewise")
    parser.add_argument("--out", metavar="RUN", help="the run folder to make")
    add_force(parser)
    parser.add_argument(
        "--recipe", metavar="NAME", help="a name from `zoo list`, or a .toml file; other flags override its options"
    )
    parser.add_argument(
        "--resume", metavar="RUN", help="continue this run; no other option is accepted but more --epochs"
    )
    parser.add_argument(
        "--from",
        dest="initial",
        metavar="WHERE",
        help="begin with the weights of this run folder or preset, and keep its vocabularies, labels and options",
    )
    parser.add_argument(
        "--teacher",
        action="append",
        metavar="WHERE",
        help="learn from this run folder or preset too, with its vocabularies (distillation); may be given again",
    )
    for side in SIDES:
        parser.add_argument(
            f"--{side}-vocabulary", metavar="FILE", help="a SentencePiece .model file, in place of learning one"
        )
    add_options(parser, "options of the model", model_options())
    add_options(parser, "options of the training", options_of(Settings))


def run(options: Namespace) -> None:
    """Train, and print the scores of the best epoch."""
    trained = _resume(options) if options.resume else _train(options)
    metrics = json.loads((trained.path / "metrics.json").read_text(encoding="utf-8"))
    if options.json:
        print_json({"run": str(trained.path), **metrics})
        return
    best = f"epoch {metrics['best_epoch']} of {metrics['epochs']} was the best"
    scores = f"validation accuracy {metrics['val_accuracy']:.4f}, loss {metrics['val_loss']:.4f}"
    print(f"{trained.path}: {best}, {scores}")
    print(f'Next: zoo predict {trained.path} "..."')


def run_of(options: Namespace) -> Path | None:
    """Return the run folder that the command writes."""
    run = options.resume or options.out
    return Path(run) if run else None


def _resume(options: Namespace) -> "Pipeline":
    from zoo.training.fit import resume

    not_options = {"command", "module", "json", "resume", "epochs"} | (set() if options.force else {"force"})
    others = sorted(set(given(options, vars(options))) - not_options)
    if others:
        expected = "--resume takes no other option but --epochs: the run folder holds them"
        raise CallError(f"{expected}. Received: {', '.join(others)}.")
    return resume(options.resume, epochs=options.epochs)


def _train(options: Namespace) -> "Pipeline":
    from zoo.models.build import model_options
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    if options.initial:
        return _train_from(options)
    recipe = _recipe(options)
    model = find(options.model or recipe.model).name
    places = given(options, PLACES)
    if not {"train", "valid"} & set(places):  # else the recipe's set would not belong to the given one
        places = {**recipe.data, **places}
    _check_places(places)
    vocabularies = _vocabularies(options)
    if set(TASKS[find(model).task].sides) <= set(vocabularies):
        _refuse(options, OF_VOCABULARIES, "With the files of all vocabularies none is learnt")
    of_model, settings = recipe.settled(given(options, model_options()), given(options, options_of(Settings)))
    return train(
        model,
        **places,
        options=of_model,
        settings=settings,
        recipe=options.recipe,
        force=options.force,
        vocabularies=vocabularies,
        teachers=_teachers(options),
    )


def _train_from(options: Namespace) -> "Pipeline":
    """Train a model that begins with the weights of another run."""
    from zoo.models.build import model_options
    from zoo.training.fit import train
    from zoo.training.settings import Settings

    _refuse(options, ["recipe", *OF_VOCABULARIES], "--from takes the model and its vocabularies from the run")
    places = given(options, PLACES)
    _check_places(places)
    return train(
        options.model and find(options.model).name,
        **places,
        options=given(options, model_options()),
        settings=Settings(**given(options, options_of(Settings))),
        force=options.force,
        initial=options.initial,
        vocabularies=_vocabularies(options),
        teachers=_teachers(options),
    )


def _check_places(places: dict[str, str]) -> None:
    missing = [flag_of(name) for name in PLACES if name not in places]
    if missing:
        raise CallError(f"zoo train needs {', '.join(missing)}.")


def _vocabularies(options: Namespace) -> dict[str, str]:
    """Return the files of vocabularies that were given, by side."""
    files = given(options, [f"{side}_vocabulary" for side in SIDES])
    return {name.removesuffix("_vocabulary"): file for name, file in files.items()}


def _teachers(options: Namespace) -> list[str]:
    """Return the teachers that were given, for whose vocabularies no other is learnt."""
    teachers = options.teacher or []
    if options.distillation is not None and not teachers:
        raise CallError("--distillation is the share of a teacher in the targets: expected --teacher WHERE besides.")
    if teachers:
        _refuse(options, OF_VOCABULARIES, "--teacher takes the vocabularies from that run")
    return teachers


def _refuse(options: Namespace, names: Sequence[str], reason: str) -> None:
    """Refuse options that would have no effect.

    Raises:
        CallError: one of them was given.
    """
    if refused := given(options, names):
        raise CallError(f"{reason}. Received besides: {', '.join(map(flag_of, refused))}.")


def _recipe(options: Namespace) -> "Recipe":
    """Return the recipe that was asked for, or one that holds the model alone."""
    from zoo.training.recipe import Recipe, read_recipe

    if options.recipe:
        return read_recipe(options.recipe)
    if not options.model:
        raise CallError("Expected a MODEL (see `zoo list`), --recipe NAME, or --resume RUN to continue a stopped run.")
    return Recipe(name="", model=options.model)
