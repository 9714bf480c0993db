"""Training: corpora in, a run folder out."""

import importlib.metadata
import inspect
import math
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from training import distribute
from training.batches import Examples, batches, encode, steps_per_epoch
from training.callbacks import (
    HISTORY,
    KeepRun,
    SeedDropout,
    ShowProgress,
    checkpoints,
    epoch_of,
    read_history,
    write_history,
)
from training.corpora import BUILT_IN, Corpus, read_corpus
from training.optimizer import make_optimizer
from training.settings import Settings
from training.trainer import Trainer
from zoo.catalog import find
from zoo.errors import CallError, WorkError
from zoo.files import check_free, new_folder
from zoo.models import MODELS, build, check_options
from zoo.run import (
    CONFIG,
    SAMPLES,
    Run,
    load_model,
    load_run,
    read_config,
    read_vocabularies,
    vocabulary_file,
    write_json,
)
from zoo.text import Vocabulary

SAMPLE_COUNT = 500


def train(
    model: str,
    *,
    train: str,
    valid: str,
    out: str | os.PathLike,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
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
        force: replace what stands under `out`.

    Raises:
        CallError: anything about the arguments or the data that cannot be.
        WorkError: the training diverged or could not be written down.
    """
    settings = settings or Settings()
    settings.check()
    options = dict(options or {})
    task = find(model).task
    distribute.strategy()  # before any other use of TensorFlow
    if not distribute.is_chief():
        with distribute.together(Path(out)):
            distribute.meet()  # the chief has made the folder
        return resume(out)
    _check_options(model, options)
    check_free(Path(out), force)
    corpora = {"train": _read(train, "train", task, settings), "valid": _read(valid, "valid", task, settings)}
    vocabularies = _learn(corpora["train"], task, settings)
    labels = sorted(set(corpora["train"].targets)) if task == "classification" else []
    sizes = _sizes(task, vocabularies, labels)
    config = {
        "model": model,
        "task": task,
        "options": {**sizes, **options},
        "labels": labels,
        "training": asdict(settings),
        "data": {name: _description(corpus) for name, corpus in corpora.items()},
        "versions": versions(),
    }
    examples = _encode(config, vocabularies, corpora)
    with new_folder(out, force) as draft:
        for side, vocabulary in vocabularies.items():
            vocabulary.save(draft / vocabulary_file(side))
        (draft / SAMPLES).write_text("\n".join(corpora["valid"].sources[:SAMPLE_COUNT]), encoding="utf-8")
        write_json(draft / CONFIG, config)
    with distribute.together(Path(out)):
        distribute.meet()
    return _fit(Path(out), config, examples)


def resume(path: str | os.PathLike) -> Run:
    """Go on with a run that was stopped, from its last whole epoch.

    Raises:
        CallError: it is no run folder, it is damaged, or its data has changed.
    """
    distribute.strategy()  # before any other use of TensorFlow
    run = Path(path)
    config = read_config(run)
    if not {"training", "data", "labels"} <= config.keys():
        raise CallError(f"{run} cannot be continued: its {CONFIG} does not say how it was trained.")
    settings = Settings.from_config(config)
    corpora = {}
    for split, description in config["data"].items():
        corpora[split] = _read(description["origin"], split, config["task"], settings)
        if corpora[split].digest != description["digest"]:
            raise CallError(f"{description['origin']} has changed since {run} was begun; its run cannot be continued.")
    return _fit(run, config, _encode(config, read_vocabularies(run, config), corpora))


def _read(data, split, task, settings) -> Corpus:
    return read_corpus(data, task=task, split=split, size=settings.train_size if split == "train" else None)


def _description(corpus) -> dict[str, Any]:
    built_in = corpus.origin.split(":")[0] in BUILT_IN
    origin = corpus.origin if built_in else ",".join(str(Path(part).resolve()) for part in corpus.origin.split(","))
    return {"origin": origin, "count": len(corpus), "digest": corpus.digest}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the answers."""
    packages = ("attention-zoo", "tensorflow", "keras", "tensorflow-text", "sentencepiece", "numpy")
    found = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _learn(corpus, task, settings) -> dict[str, Vocabulary]:
    sides = {"source": corpus.sources} | ({"target": corpus.targets} if task == "translation" else {})
    wanted = {"size": settings.vocabulary_size, "kind": settings.text}
    return {side: Vocabulary.learn(lines, **wanted) for side, lines in sides.items()}


def _check_options(model, options) -> None:
    """Refuse bad options before any text is read, by building the model for the smallest of vocabularies."""
    check_options(model, options)
    parameters = inspect.signature(MODELS[model]).parameters.values()
    build(model, **{one.name: 1 for one in parameters if one.default is one.empty}, **options)


def _sizes(task, vocabularies, labels) -> dict[str, int]:
    if task == "translation":
        return {f"{side}_vocabulary_size": vocabulary.size for side, vocabulary in vocabularies.items()}
    size = {"vocabulary_size": vocabularies["source"].size}
    return size | ({"classes": len(labels)} if task == "classification" else {})


def _encode(config, vocabularies, corpora) -> dict[str, Examples]:
    settings = Settings.from_config(config)
    examples = {
        split: encode(corpus, config["task"], vocabularies, config["labels"], max_length=settings.max_length)
        for split, corpus in corpora.items()
    }
    _say_dropped(examples, corpora, settings)
    return examples


def _fit(path: Path, config, examples: dict[str, Examples]) -> Run:
    """Train from what the run folder says and holds; the same for a new run and one that goes on."""
    with distribute.one_writer(path) as place:
        _fit_in(place, config, examples)
    return load_run(path)


def _fit_in(path: Path, config, examples: dict[str, Examples]) -> None:
    settings, task = Settings.from_config(config), config["task"]
    keras.utils.set_random_seed(settings.seed)
    steps = steps_per_epoch(examples["train"], settings.batch_size)
    with distribute.strategy().scope():
        model, done = _newest(path) or (_compiled(config, settings, steps), 0)
    write_history(path, read_history(path)[:done])
    monitor, higher = ("val_loss", False) if task == "language_model" else ("val_accuracy", True)
    keep = KeepRun(path, monitor=monitor, higher=higher, patience=settings.patience)
    board = keras.callbacks.TensorBoard(path / "logs", write_graph=False)
    began = time.monotonic()
    if done < settings.epochs and not (done and keep.stale()):
        data = batches(
            examples["train"],
            settings.batch_size,
            shuffle_seed=settings.seed,
            first_epoch=done,
            few_shapes=settings.jit,
        )
        valid = batches(examples["valid"], settings.batch_size, few_shapes=settings.jit)
        model.fit(
            distribute.share(data, endless=True),
            validation_data=distribute.share(valid),
            validation_steps=steps_per_epoch(examples["valid"], settings.batch_size),
            initial_epoch=done,
            epochs=settings.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the dataset does it
            verbose=0,
            callbacks=[
                *([ShowProgress(settings.epochs, steps)] if distribute.is_chief() else []),
                SeedDropout(settings.seed),
                keep,
                board,
                keras.callbacks.TerminateOnNaN(),
            ],
        )
    _close(path, keep, time.monotonic() - began)


def _compiled(config, settings, steps) -> Trainer:
    trainer = Trainer(build(config["model"], **config["options"]))
    trainer.compile(optimizer=make_optimizer(settings, steps * settings.epochs), jit_compile=settings.jit)
    return trainer


def _newest(path):
    """Return the newest checkpoint that can be read and how many epochs it has seen, None without any.

    The history is written after the checkpoint: one that it does not know is of an epoch that did not end.
    """
    known = len(read_history(path))
    found = [checkpoint for checkpoint in checkpoints(path) if epoch_of(checkpoint) <= known]
    if not found and any(epoch_of(checkpoint) > 1 for checkpoint in checkpoints(path)):
        raise WorkError(f"{path}: its {HISTORY} is of fewer epochs than its checkpoints; it cannot be continued.")
    for checkpoint in found:
        try:
            return load_model(checkpoint), epoch_of(checkpoint)
        except CallError as error:
            print(f"warning: {error} The one before it is used.", file=sys.stderr)
    if found:
        raise WorkError(f"{path}: none of its {len(found)} checkpoints can be read; it cannot be continued.")
    return None


def _say_dropped(examples: dict[str, Examples], corpora, settings) -> None:
    for split, some in examples.items():
        if some.dropped:
            print(
                f"{corpora[split].origin} ({split}): left out {some.dropped:,} of {len(corpora[split]):,} "
                f"examples with more than {settings.max_length} pieces on a side",
                file=sys.stderr,
            )


def _close(path, keep, seconds) -> None:
    if not all(math.isfinite(row["loss"]) for row in keep.history) or not keep.best_epoch():
        raise WorkError(f"{path}: the loss is no longer a number. Try a lower --learning-rate.")
    best = keep.history[keep.best_epoch() - 1]
    metrics = {"epochs": len(keep.history), "best_epoch": keep.best_epoch(), "seconds": round(seconds, 1), **best}
    write_json(path / "metrics.json", metrics)
