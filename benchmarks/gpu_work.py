"""The work of the child processes of `benchmarks.gpu_check` that no command of `zoo` does.

    python -m benchmarks.gpu_work gradients FILE [--jit]     # of every model, as .npz
    python -m benchmarks.gpu_work answers WHERE TEXTS        # greedy and of a beam search, as JSON
    python -m benchmarks.gpu_work ahead                      # `fit` with batches that are copied ahead
    python -m benchmarks.gpu_work memory                     # of the card, after a small product

TensorFlow computes on the GPU, if it finds one.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from zoo.command.console import set_environment

VOCABULARY, UNITS, CLASSES = 200, 64, 3


def write_gradients(file: Path, *, jit: bool) -> None:
    """Write the loss and the gradients of every model, with weights and a batch from NumPy's random numbers."""
    import tensorflow as tf

    import zoo
    from tests.support.checks import randomise
    from tests.support.small_models import MODELS
    from zoo.fitting.losses import summed_loss
    from zoo.gpu import full_float32

    arrays: dict[str, np.ndarray] = {}
    for name in zoo.names():
        model, inputs, targets = _model_and_batch(name, MODELS.get(name, ({}, None))[0])
        randomise(model, seed=1, scale=0.1)

        @tf.function(jit_compile=jit, autograph=False)
        def step(inputs, targets, model=model):
            with tf.GradientTape() as tape:
                sums = summed_loss(model.task, targets, model(inputs, training=True))
                loss = sums.soft / sums.count
            return loss, [tf.convert_to_tensor(one) for one in tape.gradient(loss, model.trainable_variables)]

        with full_float32():  # NVIDIA_TF32_OVERRIDE reaches cuBLAS alone, not the products that XLA makes itself
            loss, found = step(inputs, targets)
        arrays[f"{name}, loss"] = loss.numpy()
        for variable, gradient in zip(model.trainable_variables, found, strict=True):
            arrays[f"{name}, {variable.path}"] = gradient.numpy()
    np.savez(file, **arrays)


def _model_and_batch(name: str, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return a model of the zoo, and a batch (inputs, targets) of 16 rows, of which the last is padding alone."""
    import tensorflow as tf

    import zoo
    from zoo.catalog import find
    from zoo.tasks import TASKS

    task = TASKS[find(name).task]
    sizes = dict.fromkeys(task.size_options.values(), VOCABULARY) | ({"classes": CLASSES} if task.labelled else {})
    model = zoo.build(name, **sizes, units=UNITS, **options)
    dice = np.random.default_rng(2)

    def ids(width: int) -> tf.Tensor:
        lengths = np.append(dice.integers(3, width + 1, 15), 0)
        rows = dice.integers(4, VOCABULARY, [16, width]) * (np.arange(width) < lengths[:, None])
        return tf.constant(rows, tf.int32)

    source, target = ids(24), ids(20)
    if task.labelled:
        return model, source, tf.constant(dice.integers(CLASSES, size=16), tf.int32)
    return model, ({"source": source, "target": target} if len(task.sides) > 1 else target), target


def compare_ahead() -> None:
    """Fit two models, one on batches that are copied to the device ahead, and compare their weights."""
    import keras
    import tensorflow as tf

    import zoo
    from zoo.training.data.corpora import read_corpus

    tf.config.experimental.enable_op_determinism()
    corpus = read_corpus("numbers-fr-en", task="translation", split="train", size=400)
    words = [zoo.Vocabulary.learn(side, size=300) for side in (corpus.sources, corpus.targets)]
    device = tf.config.list_logical_devices()[-1].name
    weights = []
    for copied in (False, True):
        keras.utils.set_random_seed(1)
        data = zoo.pairs(corpus.sources, corpus.targets, *words, batch_size=32)
        if copied:
            data = data.apply(tf.data.experimental.prefetch_to_device(device))
        model = zoo.bahdanau_seq2seq(words[0].size, words[1].size, units=32)
        model.compile("adam")
        model.fit(data, epochs=2, verbose=0)
        weights.append(model.get_weights())
    assert all((one == other).all() for one, other in zip(*weights, strict=True)), "other weights"
    print(f"two epochs with batches copied ahead to {device}: the same bits")


def print_answers(where: str, texts: Path) -> None:
    """Print the greedy answers of a run or an artefact, and those of a beam search."""
    import zoo

    predictor = zoo.load(where)
    sources = [line.split("\t")[0] for line in texts.read_text(encoding="utf-8").splitlines()]
    beams = {"greedy": None, "beam 4": zoo.Beam(4)}
    found = {name: [one.output for one in predictor.predict(sources, beam=beam)] for name, beam in beams.items()}
    print(json.dumps(found))


def measure_memory() -> None:
    """Multiply two small matrices, and read from the driver how much of the card is taken."""
    import tensorflow as tf

    tf.matmul(tf.ones([256, 256]), tf.ones([256, 256])).numpy()
    if not tf.config.list_physical_devices("GPU"):
        print("nothing to measure on a CPU")
        return
    command = ["nvidia-smi", "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    used, total = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(",")[:2])
    assert used < total / 2, f"{used} of {total} MiB are taken"
    print(f"{used:,} of {total:,} MiB are taken")


def main() -> None:
    """Do one piece of work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    works = parser.add_subparsers(dest="work", required=True)
    gradients = works.add_parser("gradients")
    gradients.add_argument("file", type=Path)
    gradients.add_argument("--jit", action="store_true")
    answers = works.add_parser("answers")
    answers.add_argument("where")
    answers.add_argument("texts", type=Path)
    works.add_parser("ahead")
    works.add_parser("memory")
    options = parser.parse_args()
    set_environment()
    if options.work == "gradients":
        write_gradients(options.file, jit=options.jit)
    elif options.work == "answers":
        print_answers(options.where, options.texts)
    elif options.work == "ahead":
        compare_ahead()
    else:
        measure_memory()


if __name__ == "__main__":
    main()
