"""The gradient of `attend` against automatic differentiation, of the same loop and of the plain equation."""

import pytest
import tensorflow as tf

from tests.zoo.recurrence.cases import (
    MASKS,
    PAIRS,
    TX,
    AttendingCase,
    LocationCase,
    assert_automatic_gradients,
    assert_same,
    check_distance,
)
from zoo.layers.attention import SCORES
from zoo.layers.cells import CELLS


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", [AttendingCase, LocationCase])
def test_against_automatic_differentiation(kind, cell, score, masks):
    assert_automatic_gradients(kind(cell, score, masks))


@pytest.mark.parametrize(("cell", "score"), PAIRS)
def test_against_the_equation(cell, score):
    case = AttendingCase(cell, score, "holes")
    assert_same(case.gradients(case.loop, count=2), case.gradients(case.formula))


def test_an_attention_without_a_written_gradient():
    case = AttendingCase("tanh", "dot")
    check_distance(case, TX, lambda tensors, outputs: tf.unstack(tensors["values"], axis=1))
