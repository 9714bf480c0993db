"""Speed of plain `compile("adam")` and `fit(zoo.pairs(...))`, beside the step of `zoo train` alone.

    python -m benchmarks.library_fit
    python -m benchmarks.library_fit --rounds 5 --batches 30

The model has the sizes of `benchmarks.training`, the text is synthetic, with the lengths of multi30k in words, and the
batches are the same for all. In turns in one process, each round times an epoch of

    fit              the public road: compile("adam"), fit(zoo.pairs(...))
    fit, 5 at once   the same with `steps_per_execution=5`
    fit, ahead       the same with batches copied to the GPU ahead of the steps (`prefetch_to_device`)
    fit, keras.Adam  the same with Keras's own Adam
    fit, zoo train   the same with the optimizer of `zoo train`, given to `fit`
    step             the step of `zoo train` as a graph, in a loop over the same batches, without `fit`

Each figure is the median over the rounds. Beside the steps per second stand the seconds of the processor a step, which
other processes on the machine disturb less.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.device import add_device, device_name, start_tensorflow

SIZES = {"units": 512, "encoder_units": 256, "embedding_units": 256, "cell": "gru", "bidirectional": True}


def texts(vocabulary: int, batches: int) -> tuple[list[str], list[str]]:
    """Return synthetic sentences: their words are numbers."""
    from benchmarks.contenders import sentences

    pairs = sentences({"vocabulary": vocabulary, "batches": batches, "batch": 64, "seed": 1})
    return [" ".join(f"{i:x}" for i in side) for side, _ in pairs], [
        " ".join(f"{i:x}" for i in side) for _, side in pairs
    ]


def contenders(vocabulary: int, batches: int) -> tuple[dict[str, Callable[[], Any]], int]:
    """Return functions that train for an epoch, by name, and the number of steps of an epoch."""
    import keras
    import tensorflow as tf

    import zoo
    from zoo.training.settings import Settings
    from zoo.training.step.optimizer import make_optimizer

    sources, targets = texts(vocabulary, batches)
    french, english = (zoo.Vocabulary.learn(side, size=vocabulary, kind="word") for side in (sources, targets))
    data = zoo.pairs(sources, targets, french, english, batch_size=64)

    def made(optimizer, **options):
        model = zoo.bahdanau_seq2seq(french.size, english.size, **SIZES)
        model.compile(optimizer, **options)
        return model

    keras_adam = made(keras.optimizers.Adam())
    plain, ours, alone = (
        made("adam"),
        made(make_optimizer(Settings(), 10_000)),
        made(make_optimizer(Settings(), 10_000)),
    )
    at_once, ahead = made("adam", steps_per_execution=5), made("adam")
    on_device = data.apply(tf.data.experimental.prefetch_to_device(tf.config.list_logical_devices()[-1].name))
    ids = tf.TensorSpec([None, None], tf.int32)
    step = tf.function(lambda *batch: alone.train_step(batch), [{"source": ids, "target": ids}, ids], autograph=False)

    def epoch_of_steps():
        for inputs, targets in data:
            float(step(inputs, targets)["loss"])

    runs = {
        "fit": lambda: plain.fit(data, verbose=0),
        "fit, 5 at once": lambda: at_once.fit(data, verbose=0),
        "fit, ahead": lambda: ahead.fit(on_device, verbose=0),
        "fit, keras.Adam": lambda: keras_adam.fit(data, verbose=0),
        "fit, zoo train": lambda: ours.fit(data, verbose=0),
        "step": epoch_of_steps,
    }
    return runs, len(data)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=15)
    parser.add_argument("--vocabulary", type=int, default=6000)
    options = parser.parse_args()
    start_tensorflow(options.device)
    runs, steps = contenders(options.vocabulary, options.batches)
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(options.rounds + 1):
        for name, run in runs.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            run()
            if number:  # the first round traces the graphs
                speeds[name].append(steps / (time.perf_counter() - began))
                seconds[name].append((time.process_time() - cpu_began) / steps)
    medians = {name: statistics.median(some) for name, some in speeds.items()}
    print(f"{device_name(options.device)}; {steps} steps a round, {options.rounds} rounds\n")
    cpu = {name: statistics.median(some) for name, some in seconds.items()}
    print("| | steps/s | to the step alone | processor, s a step | to the step alone |\n|---|---|---|---|---|")
    for name, median in medians.items():
        ratios = medians["step"] / median, cpu[name] / cpu["step"]
        print(f"| {name} | {median:.2f} | {ratios[0]:.2f} | {cpu[name]:.3f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
