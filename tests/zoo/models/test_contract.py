"""The contract of a model, kept by models of papers that are small subclasses: they train, search and are exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close
from tests.support.untrained import TEXTS, run_of
from zoo.constants import END, PAD, START
from zoo.layers.attention import LuongAttention
from zoo.layers.base import Layer
from zoo.layers.cells import make_cell
from zoo.layers.dense import TanhDense
from zoo.models.base import SequenceModel
from zoo.options import takes_options
from zoo.recurrence.attending import attend_by_steps
from zoo.text import Vocabulary

SOURCE = np.array([[4, 5, 6, 7, END], [8, 9, END, PAD, PAD], [10, END, PAD, PAD, PAD]], "int32")
TARGET = np.array([[START, 5, 6, 7], [START, 10, 4, PAD], [START, PAD, PAD, PAD]], "int32")
NEXT = np.array([[5, 6, 7, END], [10, 4, END, PAD], [END, PAD, PAD, PAD]], "int32")


@keras.saving.register_keras_serializable(package="test")
class Maxout(keras.layers.Layer):
    """The largest of each pair of linear features (Bahdanau, Cho, Bengio 2014, appendix A.2.2)."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.linear = keras.layers.Dense(2 * units, dtype=self.dtype_policy)

    def call(self, inputs):
        pairs = tf.stack(tf.split(self.linear(inputs), 2, axis=-1), axis=-1)
        return tf.reduce_max(pairs, axis=-1)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="test")
class RNNSearch(zoo.Seq2Seq):
    """Bahdanau's model: gated cells, an encoder in both directions, a maxout readout."""

    @takes_options
    def __init__(self, vocabulary_size: int, *, units: int = 8, **kwargs):
        super().__init__(vocabulary_size, vocabulary_size, units=units, cell="gru", bidirectional=True, **kwargs)

    def make_readout(self):
        return Maxout(self.options["units"], dtype=self.dtype_policy)


class InputFeedingDecoder(Layer):
    """The decoder of Luong, Pham, Manning 2015 (section 3.3), which reads its own attentional vector.

    s_t = cell([r_t; h_{t-1}], s_{t-1}),  c_t from s_t,  h_t = tanh(W [c_t; s_t]); the states are h, then the cell's
    """

    def __init__(self, units, cell, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.cell = make_cell(cell, units, dtype=self.dtype_policy)
        self.attention = LuongAttention("general", dtype=self.dtype_policy)
        self.combine = TanhDense(units, dtype=self.dtype_policy)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return None

    def build(self, inputs_shape, values_shape):
        self.cell.build((None, inputs_shape[-1] + self.units))
        self.attention.build((None, self.units), values_shape)
        self.combine.build((None, values_shape[-1] + self.units))
        self.built = True

    def call(self, inputs, values, initial_state=None, mask=None, values_mask=None, training=False):
        outputs, _, weights = attend_by_steps(self, inputs, values, initial_state, mask=mask, values_mask=values_mask)
        return outputs, weights

    def step(self, inputs, states, values, keys=None, values_mask=None):
        attentional, *cell_states = states
        _, cell_states = self.cell(tf.concat([inputs, attentional], -1), cell_states)
        context, weights = self.attention(cell_states[0], values, keys, values_mask)
        return [self.combine(tf.concat([context, cell_states[0]], -1)), *cell_states], context, weights


@keras.saving.register_keras_serializable(package="test")
class Luong(zoo.Seq2Seq):
    """Luong's model with input feeding: the logits are made of the attentional vector alone."""

    @takes_options
    def __init__(self, vocabulary_size: int, *, units: int = 8, **kwargs):
        super().__init__(vocabulary_size, vocabulary_size, units=units, cell="lstm", attention="general", **kwargs)

    def make_decoder(self):
        return InputFeedingDecoder(self.options["units"], self.options["cell"], dtype=self.dtype_policy)

    def start_states(self, last):
        states = super().start_states(last)
        return [tf.zeros_like(states[0]), *states]

    def read_out(self, state, context, embedded, training=False):
        return self.dropout(state, training=training)


@pytest.fixture(scope="module", params=[RNNSearch, Luong], ids=lambda model_class: model_class.__name__)
def trained(request):
    """A model of a paper after a few steps of Keras `fit`, and the losses."""
    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary.learn(TEXTS, size=60)
    model = request.param(vocabulary.size, name="paper")
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
