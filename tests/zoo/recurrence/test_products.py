import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, normal
from zoo.recurrence import products
from zoo.recurrence.products import FORMS, LoopMatrix, affine, current_form, on_rows, outer, product_form, times
from zoo.recurrence.scan import inference_graph

SHAPES = [(2, 3), (4, 2, 3), (5, 4, 2, 3), (0, 2, 3)]
UNKNOWN = [(None, None, 3), (4, None, 3), (None, 2, 3), (4, 2, 3)]


def traced(function, x, shape):
    """Return the static shape of a function's result for an input of that shape, and the result."""
    concrete = tf.function(function, input_signature=[tf.TensorSpec(shape)]).get_concrete_function()
    return concrete.structured_outputs.shape.as_list(), concrete(tf.constant(x))


@pytest.mark.parametrize("shape", SHAPES)
def test_products(shape):
    x, kernel, bias = normal(*shape), normal(3, 5, seed=1), normal(5, seed=2)
    assert_close(times(tf.constant(x), kernel), x @ kernel)
    assert_close(affine(tf.constant(x), kernel, bias), x @ kernel + bias)


@pytest.mark.parametrize("shape", UNKNOWN)
def test_products_with_unknown_sizes(shape):
    x, kernel, bias = normal(4, 2, 3), tf.constant(normal(3, 5, seed=1)), tf.constant(normal(5, seed=2))
    known, result = traced(lambda x: times(x, kernel), x, shape)
    assert known == [*shape[:-1], 5]
    assert_close(result, x @ kernel.numpy())
    known, result = traced(lambda x: affine(x, kernel, bias), x, shape)
    assert known == [*shape[:-1], 5]
    assert_close(result, x @ kernel.numpy() + bias.numpy())


def test_rows_of_an_unknown_number():
    x, kernel = normal(4, 3), tf.constant(normal(3, 5, seed=1))
    known, result = traced(lambda x: times(x, kernel), x, (None, 3))
    assert known == [None, 5]
    assert_close(result, x @ kernel.numpy())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_function_sees_a_matrix(shape):
    seen, x = [], normal(*shape)

    def function(rows):
        seen.append(tuple(rows.shape))
        return tf.concat([rows, 2 * rows], -1)

    assert_close(on_rows(function, tf.constant(x)), np.concatenate([x, 2 * x], -1))
    assert seen == [(np.prod(shape[:-1]), 3)]


@pytest.mark.parametrize("form", FORMS)
def test_a_matrix_of_a_loop(form):
    rows, columns, matrix = normal(4, 3), normal(4, 5, seed=1), normal(3, 5, seed=2)
    with product_form(form):
        kernel = LoopMatrix(tf.constant(matrix))
    kernel.before_gradient()
    assert_close(kernel.times(tf.constant(rows)), rows @ matrix)
    assert_close(kernel.times_transposed(tf.constant(columns)), columns @ matrix.T)


def test_the_form_is_the_faster_one_unless_given(monkeypatch):
    assert products.faster_form() in FORMS
    for measured in FORMS:
        monkeypatch.setattr(products, "faster_form", lambda measured=measured: measured)
        assert current_form() == measured
        with product_form("plain"):
            assert current_form() == "plain"
            with inference_graph(litert=True):
                assert current_form() == "transposed"


def test_deterministic_operations_measure_nothing(monkeypatch):
    monkeypatch.setattr(products, "is_op_determinism_enabled", lambda: True)
    monkeypatch.setattr(products, "faster_form", lambda: pytest.fail("it was measured"))
    assert current_form() == "plain"


def test_the_form_is_measured_inside_a_trace_too():
    products.faster_form.cache_clear()
    tf.function(lambda: tf.constant(current_form()))()
    assert products.faster_form.cache_info().currsize == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_outer(shape):
    a, b = normal(*shape), normal(*shape[:-1], 5, seed=1)
    expected = a.reshape(-1, 3).T @ b.reshape(-1, 5)
    assert_close(outer(tf.constant(a), tf.constant(b)), expected)


def test_outer_with_unknown_sizes():
    a, b = normal(4, 2, 3), tf.constant(normal(4, 2, 5, seed=1))
    known, result = traced(lambda a: outer(a, b), a, (None, None, 3))
    assert known == [3, 5]
    assert_close(result, np.einsum("tbn,tbm->nm", a, b.numpy()))
