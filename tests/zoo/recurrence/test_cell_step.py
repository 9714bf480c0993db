import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, normal, randomise
from tests.zoo.recurrence.cases import UNITS, B, T
from zoo.layers.cells import CELLS, make_cell
from zoo.recurrence.cell_step import cell_derivatives, cell_gradient, drop, recurrent_weights_gradient


class Step:
    """One step of a cell, with random inputs (..., n) and gradients."""

    def __init__(self, cell, *shape):
        self.cell = make_cell(cell, UNITS)
        width, count = self.cell.blocks * UNITS, self.cell.state_count
        self.projected, self.product = (tf.constant(normal(*shape, width, seed=i)) for i in range(2))
        self.states = [tf.constant(normal(*shape, UNITS, seed=2 + i)) for i in range(count)]
        self.d_states = [tf.constant(normal(*shape, UNITS, seed=4 + i)) for i in range(count)]


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_the_gates(cell):
    step = Step(cell, B)
    sources = [step.projected, step.product, *step.states]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        after, kept = step.cell.gates(step.projected, step.product, step.states)
    assert len(kept) == step.cell.kept_count
    expected = tape.gradient(after, sources, step.d_states, "zero")
    derivatives = step.cell.derivatives(after[0], step.states, kept)
    d_projected, d_product, d_before = step.cell.gates_gradient(step.d_states, derivatives)
    assert_close([d_projected, d_product, *d_before], expected, 1e-6)
    assert_close(step.cell.product_gradient(d_projected, kept), d_product, 1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_a_step(cell):
    """The gradient of the output is added to the one of the first state, which is the same tensor."""
    step, d_output = Step(cell, B), tf.constant(normal(B, UNITS, seed=6))
    sources = [step.projected, step.product, *step.states]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        after, kept = step.cell.gates(step.projected, step.product, step.states)
    expected = tape.gradient([after[0], *after], sources, [d_output, *step.d_states], "zero")
    derivatives = cell_derivatives(step.cell, [after[0], *step.states, *kept])
    d_projected, d_product, d_before = cell_gradient(step.cell, step.d_states, d_output, derivatives)
    assert_close([d_projected, d_product, *d_before], expected, 1e-6)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_the_recurrent_weights(cell, dropout):
    """One product over all steps is the sum of the gradients of the steps."""
    step = Step(cell, T, B)
    step.cell.build((None, 3))
    weights = randomise(step.cell).recurrent_weights()
    state_mask = tf.constant(normal(B, UNITS, seed=7)) if dropout else None
    with tf.GradientTape() as tape:
        tape.watch([step.projected, *weights])
        h = drop(step.states[0], state_mask)
        product = tf.stack([step.cell.product(row, weights) for row in tf.unstack(h)])
        after, kept = step.cell.gates(step.projected, product, step.states)
    d_projected, *expected = tape.gradient(after, [step.projected, *weights], step.d_states)
    before_and_kept = [*step.states, *kept]
    actual = recurrent_weights_gradient(step.cell, weights, d_projected, before_and_kept, state_mask)
    assert_close(actual, expected)


def test_drop():
    states, state_mask = normal(B, UNITS), normal(B, UNITS, seed=1)
    assert drop(states, None) is states
    np.testing.assert_array_equal(drop(states, state_mask), states * state_mask)
