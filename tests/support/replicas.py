"""What the processes of test_distribute.py run: `python tests/support/replicas.py WHAT OUT.json [DEVICES]`."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from zoo.models.build import build
from zoo.training import distribute
from zoo.training.data.batches import Examples, batches, steps_per_epoch
from zoo.training.settings import Settings
from zoo.training.step import replicas
from zoo.training.step.optimizer import make_optimizer
from zoo.training.step.trainer import Trainer

SIZES = {
    "bahdanau_seq2seq": {"source_vocabulary_size": 20, "target_vocabulary_size": 20},
    "tanh_dnn": {"vocabulary_size": 20, "classes": 3},
}
BATCH = 3  # two replicas cannot share it evenly
SETTINGS = Settings(epochs=2, batch_size=BATCH, clip=0.3, weight_decay=0.01, ema=0.9)


def examples(name: str) -> Examples:
    """Return examples of two lengths, so that each epoch has two smaller batches: one of them of one row."""
    dice = np.random.default_rng(0)
    lengths = [2 + i % 2 for i in range(10)] + [12] * 8
    sources = [dice.integers(4, 20, length).tolist() for length in lengths]
    if name == "tanh_dnn":
        return Examples("classification", sources, [[i % 3] for i in range(len(lengths))])
    return Examples("translation", sources, [dice.integers(4, 20, 1 + length // 2).tolist() for length in lengths])


def trainer(name: str, kind: type[Trainer] = Trainer) -> Trainer:
    keras.utils.set_random_seed(1)
    one = kind(build(name, units=8, **SIZES[name]), label_smoothing=0.1)
    one.compile(optimizer=make_optimizer(SETTINGS, 2 * steps_per_epoch(examples(name), BATCH)), jit_compile=False)
    return one


def fit(name: str, kind: type[Trainer] = Trainer, share=distribute.share, epochs: int = 2) -> dict:
    """Train for two epochs and return the history and all weights."""
    some = examples(name)
    with distribute.strategy().scope() if share is distribute.share else tf.device("CPU:0"):
        one = trainer(name, kind)
    history = one.fit(
        share(batches(some, BATCH, shuffle_seed=1), endless=True),
        validation_data=share(batches(some, BATCH)),
        steps_per_epoch=steps_per_epoch(some, BATCH),
        validation_steps=steps_per_epoch(some, BATCH),
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return {"history": history.history, "weights": [weight.tolist() for weight in one.get_weights()]}


def alone(dataset, *, endless=False):
    """Stand in for `share` where there is one replica, whatever the devices."""
    return dataset


class PlainBuild(Trainer):
    """A trainer without one of our overrides."""

    _maybe_symbolic_build = keras.Model._maybe_symbolic_build


class PlainLogs(Trainer):
    """A trainer without one of our overrides."""

    def _as_logs(self, logs):
        return logs


def failure(kind: type[Trainer]) -> str:
    """Return the error that plain Keras ends with, empty when it does not."""
    try:
        fit("tanh_dnn", kind, epochs=1)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {str(error)[:300]}"
    return ""


def change(prepare) -> float:
    """Return by how much an optimizer of rate 1 changes a weight when each replica finds the gradient 1."""
    with distribute.strategy().scope():
        weight = keras.Variable(0.0)
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build([weight])
    prepare(optimizer)
    distribute.strategy().run(tf.function(lambda: optimizer.apply([tf.constant(1.0)], [weight])))
    return float(keras.ops.convert_to_numpy(weight))


def dropout() -> list:
    """Return the seeds of each replica before they part, after, and after a second call."""
    with distribute.strategy().scope():
        model = build("tanh_dnn", units=8, dropout=0.5, **SIZES["tanh_dnn"])
    weights = {id(variable) for variable in model.weights}
    states = [variable.value for variable in model.variables if id(variable) not in weights]
    seen = []
    for _ in range(3):
        seen.append([[one.numpy().tolist() for one in state.values] for state in states])
        replicas.part_dropout(model)
    return seen


def mirrored() -> dict:
    """Return all that one process with several devices can show."""
    strategy = distribute.strategy()
    return {
        "strategy": type(strategy).__name__,
        "replicas": strategy.num_replicas_in_sync,
        "shares": [
            [rows.numpy().tolist() for rows in strategy.experimental_local_results(targets)]
            for _, targets in distribute.share(batches(examples("tanh_dnn"), BATCH))
        ],
        "batches": [targets.numpy().tolist() for _, targets in batches(examples("tanh_dnn"), BATCH)],
        "alone": fit("bahdanau_seq2seq", share=alone),
        "together": fit("bahdanau_seq2seq"),
        "plain build": failure(PlainBuild),
        "plain change": change(lambda optimizer: None),
        "change": change(replicas._sum_no_more),
        "dropout": dropout(),
    }


def worker() -> dict:
    """Return what one of several workers shows."""
    distribute.strategy()
    distribute.meet(7, "must not differ")
    try:
        distribute.meet(distribute.task().number, "differs")
    except distribute.WorkError as error:
        differs = str(error)
    return {
        "together": fit("tanh_dnn"),
        "plain logs": failure(PlainLogs),
        "differs": differs,
        "as chief": distribute.as_chief({"loss": 1.5 + distribute.task().number}),
    }


def main(what: str, out: str, devices: str = "1") -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    if int(devices) > 1:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(devices))
    Path(out).write_text(json.dumps({"mirrored": mirrored, "worker": worker}[what]()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
