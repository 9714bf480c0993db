"""The contract of a model, kept by a small subclass outside the zoo: it trains, searches and is exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close
from tests.support.untrained import TEXTS, run_of
from zoo.constants import END, PAD, START
from zoo.models.base import SequenceModel
from zoo.options import takes_options
from zoo.text import Vocabulary

SOURCE = np.array([[4, 5, 6, 7, END], [8, 9, END, PAD, PAD], [10, END, PAD, PAD, PAD]], "int32")
TARGET = np.array([[START, 5, 6, 7], [START, 10, 4, PAD], [START, PAD, PAD, PAD]], "int32")
NEXT = np.array([[5, 6, 7, END], [10, 4, END, PAD], [END, PAD, PAD, PAD]], "int32")


@keras.saving.register_keras_serializable(package="test")
class Doubled(keras.layers.Layer):
    """A readout of Keras' own layers, without tanh."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.linear = keras.layers.Dense(units, "relu", dtype=self.dtype_policy)

    def call(self, inputs):
        return 2.0 * self.linear(inputs)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="test")
class OwnModel(zoo.Seq2Seq):
    """A model with fewer options, a readout of its own, and initial states that do not depend on the source."""

    @takes_options
    def __init__(self, vocabulary_size: int, *, units: int = 8, **kwargs):
        super().__init__(vocabulary_size, vocabulary_size, units=units, cell="gru", bidirectional=True, **kwargs)

    def make_bridge(self):
        return []

    def make_readout(self):
        return Doubled(self.options["units"], dtype=self.dtype_policy)

    def start_states(self, last):
        return [tf.zeros([tf.shape(last[0])[0], self.options["units"]], last[0].dtype)]


@pytest.fixture(scope="module")
def trained():
    """The model after a few steps of Keras `fit`, and the losses."""
    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary.learn(TEXTS, size=60)
    model = OwnModel(vocabulary.size, name="own")
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(True, ignore_class=PAD))
    history = model.fit({"source": SOURCE, "target": TARGET}, NEXT, epochs=12, verbose=0)
    return model, history.history["loss"], vocabulary


def test_it_trains_every_weight(trained):
    model, losses, _ = trained
    assert losses[-1] < 0.6 * losses[0]
    with tf.GradientTape() as tape:
        logits = model({"source": SOURCE, "target": TARGET})
        loss = tf.reduce_sum(tf.nn.log_softmax(logits)[..., 4])
    gradients = tape.gradient(loss, [one.value for one in model.trainable_variables])
    assert all(gradient is not None for gradient in gradients)


def test_steps_are_its_call(trained):
    model, _, _ = trained
    memory, states = model.encode(SOURCE)
    rows = []
    for t in range(TARGET.shape[1]):
        logits, states, _ = model.decode_step(TARGET[:, t], states, memory)
        rows.append(logits)
    real = (TARGET != PAD)[..., None]
    assert_close(np.stack(rows, 1) * real, model({"source": SOURCE, "target": TARGET}) * real)


def test_it_searches(trained):
    model, _, _ = trained
    greedy = zoo.greedy(model, SOURCE, max_length=6)
    one = zoo.beam_search(model, SOURCE, beam_width=1, max_length=6)
    best = zoo.beam_search(model, SOURCE, beam_width=4, length_penalty=0.0, max_length=6)
    np.testing.assert_array_equal(one["ids"][:, 0], greedy["ids"])
    assert np.all(best["score"][:, 0].numpy() >= greedy["score"].numpy() - 1e-5)
    scored = zoo.score(model, SOURCE, best["ids"][:, 0])
    assert_close(scored["score"], best["score"][:, 0])
    assert best["attention"].shape[:2] == (3, 4)


def test_it_is_saved_and_loaded(trained, tmp_path):
    model, _, _ = trained
    model.save(tmp_path / "model.keras")
    again = zoo.load_model(tmp_path / "model.keras")
    assert type(again) is type(model) and again.get_config() == model.get_config()
    assert_close(again({"source": SOURCE, "target": TARGET}), model({"source": SOURCE, "target": TARGET}))


@pytest.mark.conformance
@pytest.mark.parametrize("format", ["saved_model", "tflite"])
def test_it_is_exported(trained, format, tmp_path):
    """The exporters compare greedy answers, scores and beams with Keras."""
    from zoo.export.formats import exporter

    model, _, vocabulary = trained
    report = exporter(format)(run_of(model, vocabulary, tmp_path), tmp_path / "out")
    assert report["parity"]["identical"] == report["parity"]["compared"] >= len(TEXTS)


def test_a_model_that_does_not_keep_the_contract_cannot_be_made():
    class Half(SequenceModel):
        task = "translation"

        def hidden(self, inputs, training=False):
            return inputs

    with pytest.raises(TypeError, match="abstract method"):
        Half()
