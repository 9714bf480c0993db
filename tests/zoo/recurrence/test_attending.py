"""The gradient of `attend` against automatic differentiation, of the same loop and of the plain equation."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support import formulas
from tests.support.checks import assert_close, normal, randomise
from tests.support.parameters import few
from tests.zoo.recurrence.cases import (
    MASKS,
    PAIRS,
    TX,
    UNITS,
    AttendingCase,
    B,
    Distance,
    LocationCase,
    T,
    assert_automatic_gradients,
    assert_same,
    check_distance,
)
from zoo.layers import LocationDecoder
from zoo.layers.attention import SCORES, LuongAttention
from zoo.layers.attention_base import Attention
from zoo.layers.cells import CELLS
from zoo.recurrence.location_step import windows, windows_gradient


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", CELLS)
def test_against_automatic_differentiation(cell, score, masks):
    assert_automatic_gradients(AttendingCase(cell, score, masks))


@pytest.mark.parametrize("masks", few(MASKS, "left"))
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", few(CELLS, "gru"))
def test_location_against_automatic_differentiation(cell, score, masks):
    assert_automatic_gradients(LocationCase(cell, score, masks))


@pytest.mark.parametrize(("cell", "score"), PAIRS)
@pytest.mark.parametrize("kind", [AttendingCase, LocationCase])
def test_against_the_equation(kind, cell, score):
    case = kind(cell, score, "holes")
    assert_same(case.gradients(case.loop, count=2), case.gradients(case.formula))


def test_an_attention_without_a_written_gradient():
    case = AttendingCase("tanh", "dot")
    check_distance(case, TX, lambda tensors, outputs: tf.unstack(tensors["values"], axis=1))


def test_a_score_without_a_gradient_of_its_own_is_left_to_tensorflow():
    class Halved(LuongAttention):
        def score(self, query, keys, weights):
            return super().score(query, keys, weights) / 2

    class Warm(LuongAttention):
        def attend(self, query, values, keys, weights, values_mask, location=None):
            context, alpha = super().attend(query / 2, values, keys, weights, values_mask)
            return context, alpha

    class Own(Attention):
        def score(self, query, keys, weights):
            raise NotImplementedError

        def score_gradient(self, d_scores, query, keys, weights):
            raise NotImplementedError

    assert LuongAttention.has_gradient and ScaledDot.has_gradient and Own.has_gradient
    assert not Attention.has_gradient
    gradients = []
    for kind in (Halved, Warm):
        case = AttendingCase("tanh", "dot")
        case.attention = kind("dot")
        case.attention.build((None, UNITS), (None, None, UNITS))
        assert not kind.has_gradient
        gradients.append(case.gradients(case.loop))
    assert_same(*gradients)


def test_windows():
    rows = normal(2, 5)
    for width in range(1, 5):
        expected = np.stack([formulas.windows(row, width) for row in rows])
        assert_close(windows(tf.constant(rows), width), expected)
        d_windows = normal(2, 5, width, seed=1)
        with tf.GradientTape() as tape:
            tape.watch(given := tf.constant(rows))
            loss = tf.reduce_sum(windows(given, width) * d_windows)
        assert_close(windows_gradient(tf.constant(d_windows)), tape.gradient(loss, given))


class ScaledDot(LuongAttention):
    """A user's own score: the product over the square root of the size."""

    def score(self, query, keys, weights):
        return super().score(query, keys, weights) / query.shape[-1] ** 0.5

    def score_gradient(self, d_scores, query, keys, weights):
        return super().score_gradient(d_scores / query.shape[-1] ** 0.5, query, keys, weights)


@pytest.mark.parametrize("attention", [ScaledDot("dot"), Distance()], ids=["scaled", "distance"])
def test_location_with_a_score_of_ones_own(attention):
    """The filters add to the keys whatever the score is, in the loop and in a step."""
    layer = LocationDecoder(UNITS, attention=attention, filters=2, filter_width=4)
    r, y = tf.constant(normal(B, T, 3)), tf.constant(normal(B, TX, UNITS, seed=1))
    layer(r, y)
    randomise(layer)

    def by_steps():
        states, outputs = layer.first_states(None, y), []
        for t in range(T):
            states, _, _ = layer.step(r[:, t], states, y)
            outputs.append(states[0])
        return tf.stack(outputs, 1)

    def gradients(function):
        with tf.GradientTape() as tape:
            outputs = function()
            loss = tf.reduce_sum(outputs * normal(B, T, UNITS, seed=2))
        weights = {weight.path: weight.value for weight in layer.trainable_variables}
        return [outputs], tape.gradient(loss, weights)

    assert_same(gradients(lambda: layer(r, y)), gradients(by_steps))
