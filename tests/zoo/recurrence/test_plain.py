"""The gradient of `recur` against automatic differentiation, of the same loop and of the plain equation."""

import pytest

from tests.zoo.recurrence.cases import MASKS, PlainCase, assert_automatic_gradients, assert_same
from zoo.layers.cells import CELLS


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_against_automatic_differentiation(cell, masks, reverse):
    assert_automatic_gradients(PlainCase(cell, masks=masks, reverse=reverse))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_against_the_equation(cell, reverse):
    case = PlainCase(cell, masks="holes", reverse=reverse)
    assert_same(case.gradients(case.loop), case.gradients(case.formula))
