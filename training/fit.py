"""Training: corpora in, a run folder out."""

import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo.atomic_files import alone_in, check_apart, check_free, new_folder
from zoo.catalog import find
from zoo.errors import CallError, WorkError
from zoo.models.build import MODELS, build, check_options
from zoo.run_folder import (
    CONFIG,
    Run,
    RunConfig,
    load_run,
    read_config,
    read_vocabularies,
    vocabulary_file,
    write_json,
)
from zoo.tasks import TASKS
from zoo.training import distribute
from zoo.training.data.batches import Examples, batches, steps_per_epoch
from zoo.training.data.corpora import Corpus
from zoo.training.run.checkpoints import checkpoints, sweep
from zoo.training.run.keep_run import KeepRun
from zoo.training.run.prepare import (
    describe,
    digests,
    encode_all,
    files_of,
    learn_vocabularies,
    read,
    read_again,
    vocabulary_sizes,
    write_samples,
)
from zoo.training.run.progress import Board, ShowProgress
from zoo.training.run.provenance import record, say_versions, versions
from zoo.training.run.samples import Watch
from zoo.training.run.signals import StopSignals
from zoo.training.run.tf_errors import memory_told
from zoo.training.settings import Settings
from zoo.training.step.optimizer import make_optimizer
from zoo.training.step.precision import for_device, precision_policy
from zoo.training.step.trainer import Trainer


def train(
    model: str,
    *,
    train: str,
    valid: str,
    out: str | os.PathLike,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    recipe: str | None = None,
    force: bool = False,
) -> Run:
    """Train a model and return its run.

    Args:
        model: the name of a model.
        train: the training set, as `read_corpus` takes it.
        valid: the validation set.
        out: the run folder to make.
        options: of the model's builder, vocabulary sizes and classes excepted.
        settings: how to train.
        recipe: the name of the recipe that options and settings are from, to be written down.
        force: replace what stands under `out`.

    Raises:
        CallError: anything about the arguments or the data that cannot be.
        WorkError: the training diverged or could not be written down.
    """
    options = dict(options or {})
    task = find(model).task
    settings = for_device(settings or Settings())
    settings.check(task)
    distribute.strategy()  # before any other use of TensorFlow
    if not distribute.is_chief():
        with distribute.together(Path(out)):
            distribute.meet()  # the chief has made the folder
        return resume(out)
    _check_options(model, options)
    check_free(Path(out), force)
    if Path(out).is_dir():
        with alone_in(Path(out), "trained"):  # or the other would go on writing to what takes its place
            pass
    corpora = {"train": read(train, "train", task, settings), "valid": read(valid, "valid", task, settings)}
    check_apart(out, *files_of(corpora["train"]), *files_of(corpora["valid"]))
    vocabularies = learn_vocabularies(corpora["train"], task, settings)
    labels = sorted(set(corpora["train"].targets)) if TASKS[task].labelled else []
    config = RunConfig(
        model=model,
        recipe=recipe,
        task=task,
        options={**vocabulary_sizes(task, vocabularies, labels), **options},
        labels=labels,
        training=asdict(settings),
        data={name: describe(corpus) for name, corpus in corpora.items()},
        versions=versions(),
    )
    examples = encode_all(config, vocabularies, corpora)
    with new_folder(out, force) as draft:
        for side, vocabulary in vocabularies.items():
            vocabulary.save(draft / vocabulary_file(side))
        write_samples(draft, corpora["valid"], task)
        config = replace(config, vocabularies=digests(draft, vocabularies))
        write_json(draft / CONFIG, config.as_json())
    with distribute.together(Path(out)):
        distribute.meet()
    return _fit(Path(out), config, examples, corpora["valid"])


def resume(path: str | os.PathLike) -> Run:
    """Go on with a run that was stopped, from its newest sound checkpoint.

    Raises:
        CallError: it is no run folder, it is damaged, or its data, vocabularies, model or settings have changed.
        WorkError: it has lost its checkpoints, the training diverged or could not be written down.
    """
    distribute.strategy()  # before any other use of TensorFlow
    run = Path(path)
    config = read_config(run)
    labels_known = bool(config.labels) == TASKS[config.task].labelled
    if not (config.training and config.data and config.vocabularies and labels_known):
        raise CallError(f"{run} cannot be continued: its {CONFIG} does not say how it was trained.")
    settings = Settings.from_config(config)
    settings.check(config.task)
    say_versions(config)
    corpora, vocabularies = read_again(run, config)
    examples = encode_all(config, vocabularies, corpora)
    if distribute.is_chief() and not checkpoints(run):
        print(f"{run} has no checkpoint yet: it begins at step 0.", file=sys.stderr)
    return _fit(run, config, examples, corpora["valid"])


def _check_options(model, options) -> None:
    """Refuse bad options before any text is read, by building the model for the smallest of vocabularies."""
    check_options(model, options)
    parameters = inspect.signature(MODELS[model]).parameters.values()
    with memory_told():
        build(model, **{one.name: 1 for one in parameters if one.default is one.empty}, **options)


def _fit(path: Path, config, examples: dict[str, Examples], valid: Corpus) -> Run:
    """Train from what the run folder says and holds; the same for a new run and one that goes on."""
    with memory_told(), distribute.one_writer(path) as place, alone_in(place, "trained"):
        sweep(place)
        _fit_in(place, config, examples, valid)
    return load_run(path)


def _fit_in(path, config, examples, valid) -> None:
    settings, task = Settings.from_config(config), config.task
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    steps = steps_per_epoch(examples["train"], settings.batch_size, **_batching(settings))
    with distribute.strategy().scope():
        trainer = _compiled(config, settings, steps)
    watch = Watch(Run(path, config, read_vocabularies(path, config), trainer.model), valid, size=settings.watch_size)
    monitor, higher = settings.watched(task)
    with StopSignals() as signals:
        keep = KeepRun(
            path,
            monitor=monitor,
            higher=higher,
            patience=settings.patience,
            epochs=settings.epochs,
            steps=steps,
            record=record(config),
            every=settings.checkpoint_seconds,
            signals=signals,
        )
        keep.go_on(trainer)
        at = keep.position.epoch * steps + keep.position.step
        distribute.meet(at, "The workers do not find the same checkpoint sound.")
        while not (keep.finished() or trainer.stop_training):
            _run_epochs(trainer, settings, examples, keep, watch)
    _close(path, keep)


def _run_epochs(trainer, settings, examples, keep, watch) -> None:
    """Do the rest of the epoch that is under way, or else all the epochs that are left.

    The order of the batches depends on the seed and the number of the epoch alone, so to go on inside one is to skip
    those that were done.
    """
    epoch, step = keep.position.epoch, keep.position.step
    kind = _batching(settings)
    data = batches(examples["train"], settings.batch_size, shuffle_seed=settings.seed, first_epoch=epoch, **kind)
    valid = batches(examples["valid"], settings.batch_size, **kind)
    shows = [ShowProgress(settings.epochs, keep.steps, first_step=step)] if distribute.is_chief() else []
    try:
        trainer.fit(
            distribute.share(data.skip(step), endless=True),
            validation_data=distribute.share(valid),
            validation_steps=steps_per_epoch(examples["valid"], settings.batch_size, **kind),
            initial_epoch=epoch,
            epochs=epoch + 1 if step else settings.epochs,
            steps_per_epoch=keep.steps - step,
            shuffle=False,  # the dataset does it
            verbose=0,
            callbacks=[watch, *shows, Board(keep.run / "logs"), keep],  # the watch adds scores to the logs
        )
    except BaseException:
        for show in shows:
            show.on_train_end()
        raise


def _batching(settings) -> dict[str, Any]:
    return {"batch_tokens": settings.batch_tokens, "few_shapes": bool(settings.jit)}


def _compiled(config, settings, steps) -> Trainer:
    """Return a trainer with all its variables, so that a checkpoint can be put into them."""
    with precision_policy(settings.precision):
        model = build(config.model, **config.options)
    trainer = Trainer(
        model,
        label_smoothing=settings.label_smoothing,
        scheduled_sampling=settings.scheduled_sampling,
        steps=steps * settings.epochs,
        seed=settings.seed,
    )
    trainer.compile(optimizer=make_optimizer(settings, steps * settings.epochs), jit_compile=settings.jit)
    trainer.optimizer.build(trainer.model.trainable_variables)
    return trainer


def _close(path, keep) -> None:
    if not keep.best_epoch():
        raise WorkError(f"{path}: the validation loss was never a number. Try a lower --learning-rate.")
    best = keep.history[keep.best_epoch() - 1]
    seconds = round(sum(row["seconds"] for row in keep.history), 1)
    metrics = {"epochs": len(keep.history), "best_epoch": keep.best_epoch(), **best, "seconds": seconds}
    write_json(path / "metrics.json", metrics)
