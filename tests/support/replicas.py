"""The program of the processes of test_distribute.py: `python tests/support/replicas.py WHAT OUT.json [DEVICES]`."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from zoo.errors import WorkError
from zoo.models.build import build
from zoo.training.cluster import this_worker
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.examples import Examples
from zoo.training.distribute import barrier, from_chief, shard, strategy
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
    made = kind(build(name, units=8, **SIZES[name]), label_smoothing=0.1)
    made.compile(optimizer=make_optimizer(SETTINGS, 2 * steps_per_epoch(examples(name), BATCH)), jit_compile=False)
    return made


def fit(name: str, kind: type[Trainer] = Trainer, divide=shard, epochs: int = 2) -> dict:
    """Train for two epochs and return the history and all weights."""
    data = examples(name)
    with strategy().scope() if divide is shard else tf.device("CPU:0"):
        made = trainer(name, kind)
    history = made.fit(
        divide(batches(data, BATCH, shuffle_seed=1), endless=True),
        validation_data=divide(batches(data, BATCH)),
        steps_per_epoch=steps_per_epoch(data, BATCH),
        validation_steps=steps_per_epoch(data, BATCH),
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return {"history": history.history, "weights": [weight.tolist() for weight in made.get_weights()]}


def alone(dataset, *, endless=False):
    """Stand in for `shard` with one replica, whatever the devices."""
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
    with strategy().scope():
        weight = keras.Variable(0.0)
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build([weight])
    prepare(optimizer)
    strategy().run(tf.function(lambda: optimizer.apply([tf.constant(1.0)], [weight])))
    return float(keras.ops.convert_to_numpy(weight))


def dropout() -> list:
    """Return the seeds of each replica before they are separated, after, and after a second call."""
    with strategy().scope():
        model = build("tanh_dnn", units=8, dropout=0.5, **SIZES["tanh_dnn"])
    weights = {id(variable) for variable in model.weights}
    states = [variable.value for variable in model.variables if id(variable) not in weights]
    seen = []
    for _ in range(3):
        seen.append([[replica.numpy().tolist() for replica in state.values] for state in states])
        replicas.separate_dropout(model)
    return seen


def mirrored() -> dict:
    """Return the results of one process with several devices."""
    return {
        "strategy": type(strategy()).__name__,
        "replicas": strategy().num_replicas_in_sync,
        "shards": [
            [rows.numpy().tolist() for rows in strategy().experimental_local_results(targets)]
            for _, targets in shard(batches(examples("tanh_dnn"), BATCH))
        ],
        "batches": [targets.numpy().tolist() for _, targets in batches(examples("tanh_dnn"), BATCH)],
        "alone": fit("bahdanau_seq2seq", divide=alone),
        "together": fit("bahdanau_seq2seq"),
        "plain build": failure(PlainBuild),
        "plain change": change(lambda optimizer: None),
        "change": change(replicas._take_summed_gradients),
        "dropout": dropout(),
    }


def worker() -> dict:
    """Return the results of one of several workers."""
    strategy()
    barrier(7, mismatch="must not differ")
    try:
        barrier(this_worker().number, mismatch="differs")
    except WorkError as error:
        differs = str(error)
    return {
        "together": fit("tanh_dnn"),
        "plain logs": failure(PlainLogs),
        "differs": differs,
        "from chief": from_chief({"loss": 1.5 + this_worker().number}),
    }


def main(what: str, out: str, devices: str = "1") -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    if int(devices) > 1:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(devices))
    Path(out).write_text(json.dumps({"mirrored": mirrored, "worker": worker}[what]()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
