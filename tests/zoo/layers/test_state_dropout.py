import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close, normal, randomise
from zoo.layers import AttentionDecoder, LocationDecoder, Recurrent, SelfAttentionRNN
from zoo.layers.base import StateDropout

X = normal(2, 4, 3)
UNITS = 5
DECODERS = {"decoder": AttentionDecoder, "location": LocationDecoder}


def layer(kind, **options):
    """Return a layer with weights, and what it is called with."""
    if kind in DECODERS:
        made, inputs = DECODERS[kind](UNITS, cell="gru", **options), (X, X)
    else:
        made = {"recurrent": Recurrent, "self_attention": SelfAttentionRNN}[kind](
            UNITS, return_sequences=True, **options
        )
        inputs = (X,)
    made(*inputs)
    randomise(made)
    return made, inputs


@pytest.mark.parametrize("kind", ["recurrent", "self_attention", *DECODERS])
def test_only_training_drops(kind):
    made, inputs = layer(kind, state_dropout=0.5)
    plain, _ = layer(kind)
    assert_close(made(*inputs), plain(*inputs))
    assert np.abs(made(*inputs, training=True) - plain(*inputs, training=True)).max() > 0.01
    assert type(made).from_config(made.get_config()).state_dropout.rate == 0.5


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_the_mask_is_one_a_sequence(rate):
    """The product with a dropped unit is zero at every step: the same as a row of zeros in U, scaled."""
    made, _ = layer("recurrent", state_dropout=rate)
    mask = np.array(StateDropout(rate, seed=3).mask(tf.zeros([1, UNITS]), training=True))
    assert all(one == pytest.approx(0) or one == pytest.approx(1 / (1 - rate)) for one in mask.ravel())
    made.state_dropout.mask = lambda h, training: tf.repeat(mask, len(h), 0)
    dropped = made(X, training=True)
    plain, _ = layer("recurrent")
    plain.cell.recurrent_kernel.assign(mask.T * plain.cell.recurrent_kernel)
    assert_close(dropped, plain(X))


@pytest.mark.parametrize("kind", ["recurrent", "self_attention", *DECODERS])
def test_gradients_under_dropout(kind):
    """The gradient is that of the same layer with the mask in its weights."""
    made, inputs = layer(kind, state_dropout=0.5)
    mask = tf.constant(np.random.default_rng(1).integers(0, 2, [1, UNITS]) * 2, tf.float32)
    made.state_dropout.mask = lambda h, training: tf.repeat(mask, len(h), 0)
    plain, _ = layer(kind)
    for one in [plain.cell.recurrent_kernel, *([] if kind == "recurrent" else [plain.attention.query_kernel])]:
        one.assign(tf.transpose(mask) * one)

    def gradient(layer, x, **options):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, *inputs[1:], **options) * normal(2, 4, UNITS, seed=4))
        weight = layer.cell.recurrent_kernel
        return tape.gradient(loss, [x, weight.value])

    d_x, d_u = gradient(made, tf.constant(X), training=True)
    expected_x, expected_u = gradient(plain, tf.constant(X))
    assert_close(d_x, expected_x)
    assert_close(d_u, tf.transpose(mask) * expected_u)


def test_models_take_it():
    model = zoo.bahdanau_seq2seq(9, 9, units=UNITS, cell="gru", bidirectional=True, state_dropout=0.5)
    ids = {"source": np.array([[4, 5, 2]]), "target": np.array([[1, 4]])}
    assert np.abs(model(ids) - model(ids, training=True)).max() > 1e-4
    assert_close(model(ids), model(ids))
    assert zoo.build("tanh_rnn_lm", vocabulary_size=9, state_dropout=0.1).options["state_dropout"] == 0.1
    with pytest.raises(zoo.CallError, match="state_dropout"):
        zoo.tanh_rnn(9, 2, state_dropout=1.5)
