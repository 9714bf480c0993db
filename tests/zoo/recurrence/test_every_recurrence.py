"""Checks that every recurrence goes through: graphs, XLA, bfloat16, inference, unknown sizes."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import normal, randomise
from tests.support.parameters import few
from tests.zoo.recurrence.cases import CASES, MASKS, UNITS, B, T, array, assert_same
from zoo.layers import AttentionDecoder, LocationDecoder, Recurrent, SelfAttentionRNN
from zoo.layers.cells import CELLS
from zoo.recurrence.products import product_form
from zoo.recurrence.scan import inference_graph


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("jit", [False, True])
def test_in_a_graph(kind, jit):
    case = CASES[kind]("lstm", masks="holes")
    graph = tf.function(lambda: case.gradients(case.loop), jit_compile=jit)
    assert_same(graph(), case.gradients(case.loop))


@pytest.mark.parametrize("kind", CASES)
def test_both_forms_of_products(kind):
    """The outputs and gradients are the same, and the plain form has no transposed product in a loop."""

    def of_form(form):
        with product_form(form):
            case = CASES[kind]("gru", masks="holes")
            graph = tf.function(lambda: case.gradients(case.loop)).get_concrete_function()
            in_loops = [node for node in bodies_of(graph) if node.op == "MatMul"]
            return case.gradients(case.loop), {node.attr["transpose_b"].b for node in in_loops}

    plain, kinds = of_form("plain")
    transposed, other_kinds = of_form("transposed")
    assert_same(plain, transposed)
    assert True not in kinds and True in other_kinds


def bodies_of(concrete):
    """Return the nodes of the bodies of the loops."""
    functions = concrete.graph.as_graph_def().library.function
    return [node for function in functions if "_body_" in function.signature.name for node in function.node_def]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", CASES)
def test_bfloat16(kind, cell):
    """A gradient is as near to that of float32 as the dtype, or automatic differentiation, allows."""
    case, narrow = CASES[kind](cell, masks="holes"), CASES[kind](cell, masks="holes", dtype="mixed_bfloat16")
    assert {tensor.dtype for tensor in narrow.tensors.values()} == {tf.bfloat16}
    (_, expected), (results, actual) = case.gradients(case.loop), narrow.gradients(narrow.loop)
    assert {result.dtype for result in results} == {tf.bfloat16}
    with inference_graph():
        _, automatic = narrow.gradients(narrow.loop)

    def error(gradient, name):
        exact = expected[name].numpy()
        return np.linalg.norm(tf.cast(gradient[name], "float32").numpy() - exact) / np.linalg.norm(exact)

    for name in expected:
        assert error(actual, name) <= max(3e-2, 1.5 * error(automatic, name)), name


def nodes_of(concrete):
    definition = concrete.graph.as_graph_def()
    return [*definition.node, *(node for function in definition.library.function for node in function.node_def)]


@pytest.mark.parametrize(("kind", "outputs"), [("recur", 1), ("attend", 2), ("location", 2), ("self_attend", 2)])
def test_a_graph_that_only_answers_keeps_nothing_for_a_gradient(kind, outputs):
    case = CASES[kind]("lstm")

    def counts():
        nodes = nodes_of(tf.function(lambda: case.loop(case.tensors)).get_concrete_function())
        custom = sum("_gradient_op_type" in node.attr for node in nodes)
        return custom, sum(node.op == "TensorListStack" for node in nodes)

    custom, kept = counts()
    assert custom > 0 and kept > outputs
    with inference_graph():
        assert counts() == (0, outputs)


@pytest.mark.parametrize("cell", few(CELLS, "lstm"))
def test_layers_of_unknown_sizes(cell):
    """In a graph for any batch and length, the layers' gradients are those of automatic differentiation."""
    x, mask = tf.constant(normal(B, T, 3)), tf.constant(array(MASKS["holes"]))
    plain, self_attending = (layer(UNITS, cell=cell, return_sequences=True) for layer in (Recurrent, SelfAttentionRNN))

    def gradients(layer, count):
        def run(x, mask):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(layer(*[x] * count, mask=mask) * normal(B, T, UNITS, seed=1))
            return tape.gradient(loss, [x, *layer.trainable_variables])

        specs = [tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool)]
        return [], dict(enumerate(tf.function(run, input_signature=specs)(x, mask)))

    for layer, count in (
        (plain, 1),
        (self_attending, 1),
        (AttentionDecoder(UNITS, cell=cell), 2),
        (LocationDecoder(UNITS, cell=cell), 2),
    ):
        layer(*[x] * count)
        randomise(layer, scale=1.0)
        written_out = gradients(layer, count)
        with inference_graph():
            assert_same(written_out, gradients(layer, count))
