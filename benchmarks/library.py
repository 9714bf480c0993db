"""The road of the library for every model: build, compile, fit, save, load, and each export, in Python alone.

    python -m benchmarks.library [--sentences 500] [--models NAME ...]

Each model is trained for an epoch of `numbers-fr-en` by plain `compile("adam")` and `fit`. Then it is asked for
sentences that it has not seen: how many answers of the reloaded model and of each artefact are the same, to every
piece, as those of the model in memory? `model.export` has no vocabularies, so its answers are compared id by id.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from zoo.catalog import CATALOG, Entry
from zoo.command.console import native_silence, set_environment

CORPUS = "numbers-fr-en"
TRAINED_ON = 10_000
PIECES = 500
FORMATS = ("saved_model", "serving", "tflite", "onnx", "web")


def trained(entry: Entry) -> tuple[Any, float, float]:
    """Return the pipeline of a model, the seconds of its epoch, and its accuracy on the validation set."""
    import zoo
    from zoo.models.build import options_of_builder

    train, valid = (
        zoo.read_corpus(f"{CORPUS}:{split}", task=entry.task, size=TRAINED_ON) for split in ("train", "valid")
    )
    source = zoo.Vocabulary.learn(train.sources, size=PIECES)
    options = {"units": 64} | ({"cell": "gru"} if "cell" in options_of_builder(entry.name) else {})
    vocabularies, labels = {"source": source}, []
    if entry.task == "translation":
        vocabularies["target"] = zoo.Vocabulary.learn(train.targets, size=PIECES)
        model = zoo.build(
            entry.name,
            source_vocabulary_size=source.size,
            target_vocabulary_size=vocabularies["target"].size,
            **options,
        )
        sets = [zoo.pairs(part.sources, part.targets, *vocabularies.values()) for part in (train, valid)]
    elif entry.task == "classification":
        labels = zoo.labels_of(train.targets)
        model = zoo.build(entry.name, vocabulary_size=source.size, classes=len(labels), **options)
        sets = [zoo.labelled(part.sources, part.targets, source, classes=labels) for part in (train, valid)]
    else:
        model = zoo.build(entry.name, vocabulary_size=source.size, **options)
        sets = [zoo.texts(part.sources, source) for part in (train, valid)]
    model.compile("adam")
    began = time.perf_counter()
    history = model.fit(sets[0], validation_data=sets[1], verbose=0).history
    seconds = time.perf_counter() - began
    return zoo.Pipeline(model, **vocabularies, labels=labels), seconds, history["val_accuracy"][-1]


def identical(pipeline: Any, other: Any, texts: list[str]) -> str:
    """Return how many answers of two pipelines are the same to every piece."""
    from zoo.export.parity.answers import same

    pairs = zip(pipeline.predict(texts), other.predict(texts), strict=True)
    return f"{sum(same(expected, actual) for expected, actual in pairs)} of {len(texts)}"


def of_export(pipeline: Any, format: str, folder: Path, texts: list[str]) -> str:
    """Return how many answers of an artefact are those of the model."""
    import zoo
    from zoo.export.web.exporter import load_site

    with native_silence():
        report = pipeline.export(folder / format, format=format, samples=texts)
    if format == "web":
        return identical(pipeline, load_site(pipeline, Path(report["path"])), texts)
    return identical(pipeline, zoo.load(report["path"]), texts)


def of_model_export(pipeline: Any, folder: Path, texts: list[str]) -> tuple[str, str]:
    """Return how many answers of the SavedModel and of the .tflite of `model.export` are those of the model."""
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from zoo.predictor import padded
    from zoo.tasks import TASKS
    from zoo.text import source_ids

    with native_silence():
        pipeline.model.export(folder / "keras", verbose=False)
        pipeline.model.export(folder / "keras.tflite", format="litert", verbose=False)
    saved = tf.saved_model.load(str(folder / "keras")).signatures["tokens"]
    lite = Interpreter(str(folder / "keras.tflite")).get_signature_runner(TASKS[pipeline.task].endpoints["tokens"])
    rows, _ = source_ids(pipeline.source, texts, pipeline.task)
    counts = [0, 0]
    for begin in range(0, len(rows), 50):
        ids = padded(rows[begin : begin + 50])
        expected = pipeline.functions["tokens"](ids)
        for place, actual in enumerate((saved(ids=tf.constant(ids)), lite(ids=ids))):
            counts[place] += int(np.sum(_same_rows(expected, actual)))
    return tuple(f"{count} of {len(texts)}" for count in counts)  # type: ignore[return-value]


def _same_rows(expected: Any, actual: Any) -> np.ndarray:
    """Return the rows with the same ids, or of a classifier with the same best class."""
    if "ids" in expected:
        return np.all(expected["ids"] == np.asarray(actual["ids"]), axis=1)
    name = "probabilities"
    return np.argmax(expected[name], axis=1) == np.argmax(np.asarray(actual[name]), axis=1)


def row(entry: Entry, sentences: int) -> list[str]:
    """Return the row of a model."""
    import zoo

    pipeline, seconds, accuracy = trained(entry)
    texts = zoo.read_corpus(f"{CORPUS}:test", task=entry.task, size=sentences).sources
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        loaded = zoo.load(pipeline.save(folder / "run"))
        pipeline.model.save(folder / "model.keras")
        again = zoo.Pipeline(zoo.load_model(folder / "model.keras"), **pipeline.vocabularies, labels=pipeline.labels)
        cells = [f"{seconds:.0f} s, {accuracy:.3f}", *(identical(pipeline, one, texts) for one in (loaded, again))]
        cells += [of_export(pipeline, format, folder, texts) for format in FORMATS]
        return [entry.name, *cells, *of_model_export(pipeline, folder, texts)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--models", nargs="*", default=[entry.name for entry in CATALOG])
    options = parser.parse_args()
    set_environment()
    titles = ["model", "fit: time, val_accuracy", "zoo.load of save", "zoo.load_model", *FORMATS]
    titles += ["model.export", 'model.export(format="litert")']
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for entry in CATALOG:
        if entry.name in options.models:
            print(f"| {' | '.join(row(entry, options.sentences))} |", flush=True)
            print(f"{entry.name}: done", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
