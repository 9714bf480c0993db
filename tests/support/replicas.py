"""The program of the processes of test_distribute.py: `python tests/support/replicas.py WHAT OUT.json [DEVICES]`."""

import contextlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from zoo.errors import WorkError
from zoo.fitting import replicas
from zoo.models.build import build
from zoo.training.cluster import this_worker
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.examples import Examples
from zoo.training.data.rows import Rows
from zoo.training.distribute import barrier, from_chief, strategy
from zoo.training.settings import Settings
from zoo.training.step.optimizer import make_optimizer

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
    sources = Rows.of([dice.integers(4, 20, length) for length in lengths])
    if name == "tanh_dnn":
        return Examples("classification", sources, Rows.of([[i % 3] for i in range(len(lengths))]))
    targets = Rows.of([dice.integers(4, 20, 1 + length // 2) for length in lengths])
    return Examples("translation", sources, targets)


def compiled(name: str, *, taught: bool = False, **options) -> keras.Model:
    keras.utils.set_random_seed(1)
    made = build(name, units=8, **SIZES[name])
    if taught:
        options["teachers"] = [build(name, units=5, **SIZES[name])]
    optimizer = make_optimizer(SETTINGS, 2 * steps_per_epoch(examples(name), BATCH))
    made.compile(optimizer, jit_compile=False, **{"label_smoothing": 0.1, **options})
    return made


def fit(name: str, *, alone: bool = False, epochs: int = 2, **options) -> dict:
    """Train for two epochs and return the history and all weights."""
    data = examples(name)
    with tf.device("CPU:0") if alone else strategy().scope():
        made = compiled(name, **options)
    history = made.fit(
        batches(data, BATCH, shuffle_seed=1),
        validation_data=batches(data, BATCH),
        steps_per_epoch=steps_per_epoch(data, BATCH),
        validation_steps=steps_per_epoch(data, BATCH),
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return {"history": history.history, "weights": [weight.tolist() for weight in made.get_weights()]}


@contextlib.contextmanager
def plain(name: str, part):
    """Give `ReplicaFit` a part of plain Keras in place of its own."""
    ours = vars(replicas.ReplicaFit)[name]
    setattr(replicas.ReplicaFit, name, part)
    try:
        yield
    finally:
        setattr(replicas.ReplicaFit, name, ours)


def failure(name: str, part) -> str:
    """Return the error that a part of plain Keras ends with, empty when it does not."""
    try:
        with plain(name, part):
            fit("tanh_dnn", epochs=1)
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
    states = [variable.value for variable in model.variables if "seed_generator" in variable.path]
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
            for _, targets in replicas.shard(batches(examples("tanh_dnn"), BATCH), strategy())
        ],
        "batches": [targets.numpy().tolist() for _, targets in batches(examples("tanh_dnn"), BATCH)],
        "alone": fit("bahdanau_seq2seq", alone=True),
        "together": fit("bahdanau_seq2seq"),
        "taught alone": fit("bahdanau_seq2seq", alone=True, taught=True),
        "taught together": fit("bahdanau_seq2seq", taught=True),
        "plain build": failure("_maybe_symbolic_build", keras.Model._maybe_symbolic_build),
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
        "taught": fit("tanh_dnn", taught=True),
        "plain logs": failure("_as_logs", lambda self, logs: logs),
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
