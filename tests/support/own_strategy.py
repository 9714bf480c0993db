"""The program of the processes of test_own_strategy.py: a fit in the hands of the user.

python tests/support/own_strategy.py alone|mirrored|workers OUT.json
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import zoo


def strategy_of(how: str) -> tf.distribute.Strategy:
    if how == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    return tf.distribute.MultiWorkerMirroredStrategy() if how == "workers" else tf.distribute.get_strategy()


def fit(strategy: tf.distribute.Strategy, loss=None) -> dict:
    dice = np.random.default_rng(0)
    words = ["un", "deux", "trois", "quatre", "cinq"]
    texts = [" ".join(dice.choice(words, length)) for length in [1, 2, 3, 12] * 7]
    vocabulary = zoo.Vocabulary.learn(texts, size=30)
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = zoo.bahdanau_seq2seq(vocabulary.size, vocabulary.size, units=6)
        optimizer = keras.optimizers.Adam(0.01, global_clipnorm=0.3)
        top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top")
        model.compile(optimizer, loss, metrics=[top])
    data = zoo.pairs(texts, texts[::-1], vocabulary, vocabulary, batch_size=5)
    valid = zoo.pairs(texts[:9], texts[:9], vocabulary, vocabulary, batch_size=5, shuffle=False)
    history = model.fit(data, epochs=2, validation_data=valid, verbose=0).history
    scores = model.evaluate(valid, verbose=0, return_dict=True)
    return {
        "replicas": strategy.num_replicas_in_sync,
        "history": history,
        "scores": scores,
        "weights": [weight.tolist() for weight in model.get_weights()],
    }


def classify(strategy: tf.distribute.Strategy) -> dict:
    """Fit with class weights, then with a loss of one's own and the same optimizer."""
    texts, labels = ["un", "deux", "un un", "deux deux deux"] * 5, ["a", "b"] * 10
    vocabulary = zoo.Vocabulary.learn(texts, size=20)
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = zoo.tanh_dnn(vocabulary.size, 2, units=4)
        optimizer = keras.optimizers.Adam(0.01)
        model.compile(optimizer)
    data = zoo.labelled(texts, labels, vocabulary, batch_size=5)
    model.fit(data, class_weight={0: 1.0, 1: 3.0}, verbose=0)
    weights = [weight.tolist() for weight in model.get_weights()]
    with strategy.scope():
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data, verbose=0)
    copies = [strategy.experimental_local_results(variable.value) for variable in model.trainable_variables]
    return {"weights": weights, "spread": max(float(np.ptp(np.stack(one), axis=0).max()) for one in copies)}


def main(how: str, out: str) -> None:
    strategy = strategy_of(how)
    own = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    results = {"task": fit(strategy), "own": fit(strategy, own), "classes": classify(strategy)}
    Path(out).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
