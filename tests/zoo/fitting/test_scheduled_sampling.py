import numpy as np
import pytest
import tensorflow as tf

from zoo.constants import PAD, START
from zoo.fitting.scheduled_sampling import with_guesses

TARGET = np.array([[START, 5, 6, 7], [START, 12, 4, PAD], [START, PAD, PAD, PAD]], "int32")


def test_guesses_stand_where_they_may():
    """Never at the first token or at padding, and never a guess that ends or pads the text."""
    logits = np.eye(13, dtype="float32")[[[9, 2, 8, 3], [11, 0, 10, 3], [9, 9, 9, 9]]]
    tokens = tf.constant(TARGET)
    mixed = with_guesses(tokens, tf.constant(logits), 1.0, tf.constant([1, 0])).numpy()
    assert mixed.tolist() == [[START, 9, 6, 8], [START, 11, 4, PAD], [START, PAD, PAD, PAD]]
    assert (with_guesses(tokens, tf.constant(logits), 0.0, tf.constant([1, 0])).numpy() == TARGET).all()


def test_the_share_of_guesses_and_their_seed():
    tokens, logits = tf.fill([50, 41], 4), tf.one_hot(tf.fill([50, 41], 5), 6)
    first, again, other = (with_guesses(tokens, logits, 0.3, tf.constant(seed)) for seed in ([1, 7], [1, 7], [1, 8]))
    assert np.mean(first.numpy()[:, 1:] == 5) == pytest.approx(0.3, abs=0.05)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
