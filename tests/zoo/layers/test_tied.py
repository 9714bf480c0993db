import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, normal
from zoo.errors import CallError
from zoo.layers.tied import TiedLogits


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_equation(shape):
    layer = TiedLogits(5)
    x, embeddings = normal(*shape), normal(5, 4, seed=1)
    assert layer(x, embeddings).shape == (*shape[:-1], 5)
    layer.bias.assign(np.arange(5))
    assert_close(layer(x, embeddings), x @ embeddings.T + np.arange(5))
    assert layer.compute_output_shape(shape, (5, 4)) == (*shape[:-1], 5)


def test_gradient_of_the_embeddings():
    layer, x = TiedLogits(5), normal(2, 3, 4)
    embeddings, upstream = tf.Variable(normal(5, 4, seed=1)), normal(2, 3, 5, seed=2)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x, tf.convert_to_tensor(embeddings)) * upstream)
    assert_close(tape.gradient(total, embeddings), np.einsum("btv,btn->vn", upstream, x))


def test_config_and_error():
    layer = TiedLogits(5, name="logits")
    assert TiedLogits.from_config(layer.get_config()).get_config() == layer.get_config()
    assert keras.saving.get_registered_object("zoo>TiedLogits") is TiedLogits
    with pytest.raises(CallError, match="`size` must be a positive integer. Received: size=0."):
        TiedLogits(0)
