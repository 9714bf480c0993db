"""A training from beginning to end: corpora in, a run folder with a trained model out."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo.atomic_files import alone_in, check_apart, check_free
from zoo.catalog import find
from zoo.errors import CallError, WorkError
from zoo.json_files import write_json
from zoo.log import logger
from zoo.models.base import TokenModel
from zoo.models.build import build, check_options
from zoo.pipeline import Pipeline, load_run
from zoo.recurrence.products import product_form
from zoo.run_folder import CONFIG, METRICS, RunConfig, load_model, read_config, read_vocabularies
from zoo.tasks import TASKS
from zoo.training.cluster import is_chief
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.distribute import barrier, explain_lost_worker, strategy, writable_run
from zoo.training.run.beginning import INITIAL, Beginning, beginning_of
from zoo.training.run.checkpoints import checkpoints, remove_drafts
from zoo.training.run.keep_run import KeepRun
from zoo.training.run.out_of_memory import explain_out_of_memory
from zoo.training.run.prepare import PreparedRun, prepare_run, refuse_trained, reopen_run, smallest_sizes
from zoo.training.run.progress import ShowProgress
from zoo.training.run.provenance import record, warn_of_versions
from zoo.training.run.signals import StopSignals
from zoo.training.run.teachers import load_teachers, with_teachers
from zoo.training.run.tensorboard import EpochCurves
from zoo.training.run.validation import ValidationScores
from zoo.training.settings import Settings
from zoo.training.step.optimizer import make_optimizer
from zoo.training.step.precision import for_device, precision_policy, recommend_faster


def train(
    model: str | None,
    *,
    train: str,
    valid: str,
    out: str | os.PathLike,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    recipe: str | None = None,
    force: bool = False,
    initial: str | os.PathLike | None = None,
    vocabularies: Mapping[str, str | os.PathLike] | None = None,
    teachers: Sequence[str | os.PathLike] = (),
) -> Pipeline:
    """Train a model and return its pipeline.

    Args:
        model: the name of the model; with `initial` it may be None.
        train: the training set, as DATA of `read_corpus`.
        valid: the validation set.
        out: the run folder to make.
        options: options of the model's builder, without vocabulary sizes and classes.
        settings: the settings of the training.
        recipe: the name of the recipe that options and settings come from, for the run's config.
        force: replace an existing `out`.
        initial: a run folder or a preset to begin with: its weights, vocabularies, labels and options of the model.
        vocabularies: the file of a vocabulary, by side "source" or "target", in place of learning it.
        teachers: run folders or presets whose mean probabilities are a part of the targets, by the setting
            `distillation`; their vocabularies and labels are taken over.

    Raises:
        CallError: an argument or data that cannot be used.
        WorkError: the training diverged or could not be written.
    """
    settings = settings or Settings()
    if initial is None:
        settings.check(find(model or "").task)
    strategy()  # before any other use of TensorFlow
    if not is_chief():
        _wait_for_all(Path(out), begun=False)  # the chief has written the folder
        return resume(out)
    check_apart(out, *(where for where in (initial, *(vocabularies or {}).values()) if where and Path(where).exists()))
    beginning = beginning_of(model, options or {}, initial=initial, vocabularies=vocabularies)
    beginning = with_teachers(beginning, teachers)
    if initial is None:
        _check_model(beginning)
    asked = beginning.settled(settings)
    settings = for_device(asked, beginning.units)
    settings.check(beginning.task)
    _check_out(Path(out), force)
    data = {"train": train, "valid": valid}
    prepared = prepare_run(Path(out), beginning, settings=settings, recipe=recipe, data=data, force=force)
    recommend_faster(asked, beginning.units)
    _wait_for_all(Path(out))
    return _train_run(Path(out), prepared)


def resume(path: str | os.PathLike, *, epochs: int | None = None) -> Pipeline:
    """Resume a run from its newest sound checkpoint and return its pipeline.

    Args:
        path: the run folder.
        epochs: the most epochs of the run, in place of those it had; a finished run goes on. From there on the learning
            rate and the scheduled sampling are those of a run of so many epochs.

    Raises:
        CallError: it is no run folder, it is damaged, its data, vocabularies, model or settings have changed, or it had
            more epochs.
        WorkError: it has lost its checkpoints, the training diverged or could not be written.
    """
    strategy()  # before any other use of TensorFlow
    run = Path(path)
    config = read_config(run)
    labels_known = bool(config.labels) == TASKS[config.task].labelled
    if not (config.training and config.data and config.vocabularies and labels_known):
        raise CallError(f"{run} cannot be continued: its {CONFIG} does not say how it was trained.")
    if epochs is not None:
        config = _with_epochs(run, config, epochs)
    Settings.from_config(config).check(config.task)
    warn_of_versions(config)
    prepared = reopen_run(run, config)
    if is_chief() and not checkpoints(run):
        logger.info(f"{run} has no checkpoint yet: it begins at step 0.")
    return _train_run(run, prepared)


def _with_epochs(run: Path, config: RunConfig, epochs: int) -> RunConfig:
    """Return the config of a run with more epochs than it had."""
    had = Settings.from_config(config).epochs
    changed = replace(config, training={**config.training, "epochs": epochs})
    Settings.from_config(changed).check(config.task)
    if epochs < had:
        raise CallError(f"{run} has {had} epochs: expected more. Received: epochs={epochs}.")
    return changed


def _check_model(beginning: Beginning) -> None:
    """Refuse bad options before any text is read, by building the model with the smallest vocabularies."""
    check_options(beginning.model, beginning.options)
    with explain_out_of_memory():
        build(beginning.model, **smallest_sizes(beginning.task), **beginning.options)


def _check_out(out: Path, force: bool) -> None:
    """Refuse to replace a folder without `force`, or one that another process is training."""
    check_free(out, force)
    refuse_trained(out)


def _wait_for_all(run: Path, *, begun: bool = True) -> None:
    with explain_lost_worker(run, begun=begun):
        barrier()


def _train_run(path: Path, prepared: PreparedRun) -> Pipeline:
    """Train a run, new or resumed, from the content of its folder."""
    products = product_form(prepared.config.processor.get("product_form"))
    with explain_out_of_memory(), products, writable_run(path) as folder, alone_in(folder, "trained"):
        remove_drafts(folder)
        _train_in(folder, prepared)
    return load_run(path)


def _train_in(folder: Path, prepared: PreparedRun) -> None:
    config = prepared.config
    settings = Settings.from_config(config)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    steps = _steps(prepared, "train", settings)
    with strategy().scope():
        model = _compiled_model(config, settings, steps)
    if (folder / INITIAL).exists() and not checkpoints(folder):
        model.set_weights(load_model(folder / INITIAL).get_weights())
    scores = _validation_scores(folder, prepared, settings.watch_size)
    with StopSignals() as signals:
        keep = KeepRun(
            folder,
            monitor=settings.monitor_of(config.task),
            patience=settings.patience,
            epochs=settings.epochs,
            steps=steps,
            record=record(config),
            checkpoint_seconds=settings.checkpoint_seconds,
            signals=signals,
            may_differ=("training.epochs",),  # more may have been asked for since the checkpoint
        )
        keep.resume_or_begin(model)
        if Settings.from_config(read_config(folder)).epochs != settings.epochs:  # of a run that is resumed
            write_json(folder / CONFIG, config.as_json())
        (folder / INITIAL).unlink(missing_ok=True)  # its weights are in the first checkpoint
        if keep.history and keep.stale() and keep.position.epoch < settings.epochs:
            logger.info(f"{folder} has had no better score for {settings.patience} epochs: no epoch is left.")
        steps_done = keep.position.epoch * steps + keep.position.step
        barrier(steps_done, mismatch="The workers do not find the same checkpoint sound.")
        while not (keep.finished() or model.stop_training):
            _run_epochs(model, settings, prepared, keep=keep, scores=scores)
    _write_metrics(folder, keep)


def _validation_scores(folder: Path, prepared: PreparedRun, size: int) -> ValidationScores:
    if "target" not in TASKS[prepared.config.task].sides:
        return ValidationScores()
    texts = prepared.validation.sources[:size], prepared.validation.targets[:size]
    vocabularies = read_vocabularies(folder, prepared.config)
    return ValidationScores(*texts, *vocabularies.values(), folder=folder / "logs" / "samples")


def _compiled_model(config: RunConfig, settings: Settings, steps: int) -> TokenModel:
    """Return a model ready to fit, with all variables, so that a checkpoint can be restored."""
    with precision_policy(settings.precision):
        model = build(config.model, **config.options)
        teachers = load_teachers(config)
    model.compile(
        make_optimizer(settings, steps * settings.epochs),
        label_smoothing=settings.label_smoothing,
        scheduled_sampling=settings.scheduled_sampling,
        scheduled_sampling_steps=steps * settings.epochs,
        seed=settings.seed,
        teachers=teachers,
        distillation=settings.distillation,
        jit_compile=settings.jit,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _run_epochs(
    model: TokenModel, settings: Settings, prepared: PreparedRun, *, keep: KeepRun, scores: ValidationScores
) -> None:
    """Finish an epoch that was interrupted, or else run all the epochs that are left.

    The order of the batches depends on the seed and the number of the epoch alone, so a resumed epoch leaves out the
    batches that were done.
    """
    epoch, step = keep.position.epoch, keep.position.step
    examples, batching = prepared.examples, _batching(settings)
    data = batches(examples["train"], **batching, shuffle_seed=settings.seed, first_epoch=epoch, first_step=step)
    progress = [ShowProgress(settings.epochs, keep.steps, first_step=step)] if is_chief() else []
    try:
        model.fit(
            data,
            validation_data=batches(examples["valid"], **batching),
            validation_steps=_steps(prepared, "valid", settings),
            initial_epoch=epoch,
            epochs=epoch + 1 if step else settings.epochs,
            steps_per_epoch=keep.steps - step,
            shuffle=False,  # the dataset is shuffled
            verbose=0,
            callbacks=[scores, *progress, EpochCurves(keep.run / "logs"), keep],  # `scores` adds to the logs
        )
    except BaseException:
        for bar in progress:
            bar.on_train_end()
        raise


def _steps(prepared: PreparedRun, split: str, settings: Settings) -> int:
    """Return the number of batches of a split."""
    return steps_per_epoch(prepared.examples[split], settings.batch_size, batch_tokens=settings.batch_tokens)


def _batching(settings: Settings) -> dict[str, Any]:
    """Return the arguments of `batches` that the settings decide."""
    return {
        "batch_size": settings.batch_size,
        "batch_tokens": settings.batch_tokens,
        "few_shapes": settings.jit,
    }


def _write_metrics(folder: Path, keep: KeepRun) -> None:
    if not keep.best_epoch():
        raise WorkError(f"{folder}: the validation loss was never a number. Try a lower --learning-rate.")
    best = keep.history[keep.best_epoch() - 1]
    seconds = round(sum(row["seconds"] for row in keep.history), 1)
    metrics = {"epochs": len(keep.history), "best_epoch": keep.best_epoch(), **best, "seconds": seconds}
    write_json(folder / METRICS, metrics)
