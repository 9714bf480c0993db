"""The gradient of `self_attend` against automatic differentiation, of the same loop and of the plain equation."""

import pytest

from tests.zoo.recurrence.cases import (
    MASKS,
    PAIRS,
    SelfAttendingCase,
    T,
    assert_automatic_gradients,
    assert_same,
    check_distance,
)
from zoo.layers.attention import SCORES
from zoo.layers.cells import CELLS


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", CELLS)
def test_against_automatic_differentiation(cell, score, masks, reverse):
    assert_automatic_gradients(SelfAttendingCase(cell, score, masks, reverse))


@pytest.mark.parametrize(("cell", "score"), PAIRS)
def test_against_the_equation(cell, score):
    case = SelfAttendingCase(cell, score, "holes", reverse=score == "bahdanau")
    assert_same(case.gradients(case.loop), case.gradients(case.formula))


def test_an_attention_without_a_written_gradient():
    case = SelfAttendingCase("tanh", "dot")
    check_distance(case, T, lambda tensors, outputs: outputs)
