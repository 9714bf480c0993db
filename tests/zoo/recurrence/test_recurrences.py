"""The hand-written gradients against those that TensorFlow finds, of the same loops and of the plain equations."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

import zoo.recurrence.plain
from tests.support.checks import assert_close, normal, plain, randomise
from tests.support.formulas import decoder, recurrent, self_attention
from zoo.layers import AttentionDecoder, Recurrent, SelfAttentionRNN
from zoo.layers.attention import SCORES, Attention, make_attention
from zoo.layers.cells import CELLS, make_cell
from zoo.recurrence.plain import attend, recur, self_attend
from zoo.recurrence.scan import inference_graph

B, T, TX, UNITS = 3, 5, 4, 4
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1]],
}
VALUES_MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]],
    "left": [[0, 0, 0, 1], [1, 1, 1, 1], [0, 1, 1, 1]],
    "holes": [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1]],
}
PAIRS = [("tanh", "bahdanau"), ("tanh", "dot"), ("tanh", "general"), ("gru", "bahdanau"), ("lstm", "bahdanau")]
KINDS = ["recur", "attend", "self_attend"]


def array(mask):
    return None if mask is None else np.array(mask, bool)


class Case:
    """One recurrence with all that a gradient is wanted for: `tensors`, and `variables` of its cell and attention."""

    def __init__(self, kind, cell="tanh", score="bahdanau", masks="none", reverse=False, dtype="float32"):
        self.kind, self.cell_name, self.score, self.reverse = kind, cell, score, reverse
        self.mask, self.values_mask = array(MASKS[masks]), array(VALUES_MASKS[masks])
        self.cell = make_cell(cell, UNITS, dtype=dtype)
        self.cell.build((None, 3))
        width, size = self.cell.blocks * UNITS, UNITS if kind == "self_attend" or score == "dot" else 5
        self.tensors = {"projected": normal(B, T, width)}
        self.tensors |= {f"state {i}": normal(B, UNITS, seed=1 + i) for i in range(self.cell.state_count)}
        self.attention = None
        if kind != "recur":
            self.attention = make_attention(score, 6, dtype=dtype)
            self.attention.build((None, UNITS), (None, None, size))
            self.tensors["context_kernel"] = normal(size, width, seed=3, scale=0.5)
        if kind == "attend":
            self.tensors["values"] = normal(B, TX, size, seed=4)
        layers = [layer for layer in (self.cell, self.attention) if layer]
        for i, layer in enumerate(layers):
            randomise(layer, seed=5 + i)
        own = [weight for weight in self.cell.weights if weight.name.startswith("recurrent")]
        self.variables = own + (self.attention.weights if self.attention else [])
        self.tensors = {name: tf.cast(one, self.cell.compute_dtype) for name, one in self.tensors.items()}

    def states(self, tensors):
        return [tensors[f"state {i}"] for i in range(self.cell.state_count)]

    def loop(self, tensors):
        """Return the outputs, the weights if there are any, and the last states."""
        states, projected = self.states(tensors), tensors["projected"]
        if self.kind == "recur":
            outputs, last = recur(self.cell, projected, states, mask=self.mask, reverse=self.reverse)
            return [outputs, *last]
        given = [self.cell, self.attention, projected, tensors["context_kernel"]]
        if self.kind == "attend":
            masks = {"mask": self.mask, "values_mask": self.values_mask}
            outputs, last, alphas = attend(*given, tensors["values"], states, **masks)
        else:
            outputs, last, alphas = self_attend(*given, states, mask=self.mask, reverse=self.reverse)
        return [outputs, alphas, *last]

    def formula(self, tensors):
        """Return the same by the plain equations, in float64; without the last states for `attend`.

        The projected input is the input itself there, times the identity.
        """
        tensors = {name: tf.cast(one, "float64") for name, one in tensors.items()}
        w = {name: tf.cast(one, "float64") for name, one in plain(self.cell).items()}
        a = {name: tf.cast(one, "float64") for name, one in plain(self.attention).items()} if self.attention else {}
        width = self.cell.blocks * UNITS
        kernel = [tf.eye(width, dtype="float64"), *[one for name, one in tensors.items() if name == "context_kernel"]]
        w |= {"kernel": tf.concat(kernel, 0), "bias": tf.zeros(width, "float64")}
        x, initial = tensors["projected"], self.states(tensors)
        if self.kind == "recur":
            outputs, last = recurrent(self.cell_name, w, x, self.mask, initial, self.reverse, tnp)
            return [outputs, *last]
        given = [self.cell_name, self.score, w, a, x]
        if self.kind == "attend":
            return decoder(*given, tensors["values"], initial, self.mask, self.values_mask, tnp)
        outputs, last, alphas = self_attention(*given, self.mask, initial, self.reverse, tnp)
        return [outputs, alphas, *last]

    def gradients(self, function, count=None):
        """Return what a function gives, and all gradients by name, from random gradients of its first results."""

        def run(tensors):
            with tf.GradientTape() as tape:
                tape.watch(tensors)
                results = list(function(tensors))[:count]
                losses = [
                    tf.reduce_sum(tf.cast(one, "float64") * normal(*one.shape, seed=20 + i, dtype="float64"))
                    for i, one in enumerate(results)
                ]
                loss = tf.add_n(losses)
            variables = {one.name: one.value for one in self.variables}
            return results, tape.gradient(loss, {**tensors, **variables})

        return run(self.tensors)


def automatic(monkeypatch):
    """Leave the gradient to TensorFlow."""
    monkeypatch.setattr(zoo.recurrence.plain, "with_gradient", lambda forward, *given, **_: forward(False, *given)[0])


def assert_same(actual, expected, tolerance=1e-5):
    """Check results and gradients: the norm of each difference, relative to the norm."""
    (results, gradients), (their_results, their_gradients) = actual, expected
    assert gradients.keys() == their_gradients.keys()
    names = [*gradients, *range(len(results))]
    ours, theirs = [*gradients.values(), *results], [*their_gradients.values(), *their_results]
    for name, one, other in zip(names, ours, theirs, strict=True):
        assert one is not None and other is not None, name
        one, other = (np.asarray(tf.cast(tensor, "float64")) for tensor in (one, other))
        norm = np.linalg.norm(other)
        assert one.shape == other.shape and norm > 1e-3, name
        assert np.linalg.norm(one - other) <= tolerance * norm, (name, np.linalg.norm(one - other) / norm)


def check(case, monkeypatch, tolerance=1e-5):
    written_out = case.gradients(case.loop)
    automatic(monkeypatch)
    assert_same(written_out, case.gradients(case.loop), tolerance)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_recur_against_automatic_differentiation(cell, masks, reverse, monkeypatch):
    check(Case("recur", cell, masks=masks, reverse=reverse), monkeypatch)


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", CELLS)
def test_attend_against_automatic_differentiation(cell, score, masks, monkeypatch):
    check(Case("attend", cell, score, masks), monkeypatch)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cell", CELLS)
def test_self_attend_against_automatic_differentiation(cell, score, masks, reverse, monkeypatch):
    check(Case("self_attend", cell, score, masks, reverse), monkeypatch)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_recur_against_the_equation(cell, reverse):
    case = Case("recur", cell, masks="holes", reverse=reverse)
    assert_same(case.gradients(case.loop), case.gradients(case.formula))


@pytest.mark.parametrize(("cell", "score"), PAIRS)
def test_attend_against_the_equation(cell, score):
    case = Case("attend", cell, score, "holes")
    assert_same(case.gradients(case.loop, count=2), case.gradients(case.formula))


@pytest.mark.parametrize(("cell", "score"), PAIRS)
def test_self_attend_against_the_equation(cell, score):
    case = Case("self_attend", cell, score, "holes", reverse=score == "bahdanau")
    assert_same(case.gradients(case.loop), case.gradients(case.formula))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jit", [False, True])
def test_in_a_graph(kind, jit):
    case = Case(kind, "lstm", masks="holes")
    graph = tf.function(lambda: case.gradients(case.loop), jit_compile=jit)
    assert_same(graph(), case.gradients(case.loop))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", KINDS)
def test_few_bits(kind, cell, monkeypatch):
    """In bfloat16 a gradient is as near to that of float32 as the dtype, or TensorFlow's own, lets it be."""
    case, other = Case(kind, cell, masks="holes"), Case(kind, cell, masks="holes", dtype="mixed_bfloat16")
    assert {one.dtype for one in other.tensors.values()} == {tf.bfloat16}
    (_, expected), (results, actual) = case.gradients(case.loop), other.gradients(other.loop)
    assert {one.dtype for one in results} == {tf.bfloat16}
    automatic(monkeypatch)
    _, theirs = other.gradients(other.loop)

    def error(gradient, name):
        exact = expected[name].numpy()
        return np.linalg.norm(tf.cast(gradient[name], "float32").numpy() - exact) / np.linalg.norm(exact)

    for name in expected:
        assert error(actual, name) <= max(3e-2, 1.5 * error(theirs, name)), name


class Distance(Attention):
    """A score of a user's own, whose weight is used where it is: the nearer, the more attention."""

    def build(self, query_shape, values_shape):
        self.scale = self.add_weight(shape=(values_shape[-1],), name="scale")
        self.built = True

    def score(self, query, keys, weights):
        return -tf.reduce_sum(tf.square(tf.expand_dims(query, 1) - keys) * self.cast(self.scale), -1)


@pytest.mark.parametrize("kind", ["attend", "self_attend"])
def test_an_attention_without_a_gradient_of_its_own(kind):
    """It works, and the gradient is that of the equation written plainly."""
    case = Case(kind, "tanh", "dot", "none")
    case.attention = Distance()
    case.attention.build((None, UNITS), (None, None, UNITS))
    case.variables = [*case.cell.weights[1:2], *randomise(case.attention).weights]
    assert not case.attention.has_gradient

    def formula(tensors):
        (U, a), (h,) = (one.value for one in case.variables), case.states(tensors)
        outputs, alphas = [], []
        for t in range(T):
            values = [tensors["values"][:, i] for i in range(TX)] if kind == "attend" else outputs
            slots, context = TX if kind == "attend" else T, tf.zeros([B, UNITS])
            alpha = tf.zeros([B, slots])
            if values:
                exponentials = [tf.exp(-tf.reduce_sum((h - y) * (h - y) * a, -1, keepdims=True)) for y in values]
                rows = [one / tf.add_n(exponentials) for one in exponentials]
                context = tf.add_n([one * y for one, y in zip(rows, values, strict=True)])
                alpha = tf.concat([*rows, tf.zeros([B, slots - len(rows)])], -1)
            h = tf.tanh(tensors["projected"][:, t] + h @ U + context @ tensors["context_kernel"])
            outputs, alphas = [*outputs, h], [*alphas, alpha]
        return [tf.stack(outputs, 1), tf.stack(alphas, 1), h]

    assert_same(case.gradients(case.loop), case.gradients(formula))


def nodes_of(concrete):
    definition = concrete.graph.as_graph_def()
    return [*definition.node, *(node for one in definition.library.function for node in one.node_def)]


@pytest.mark.parametrize(("kind", "outputs"), [("recur", 1), ("attend", 2), ("self_attend", 2)])
def test_a_graph_that_only_answers_keeps_nothing_for_a_gradient(kind, outputs):
    case = Case(kind, "lstm")

    def counts():
        nodes = nodes_of(tf.function(lambda: case.loop(case.tensors)).get_concrete_function())
        return sum("_gradient_op_type" in one.attr for one in nodes), sum(one.op == "TensorListStack" for one in nodes)

    custom, kept = counts()
    assert custom > 0 and kept > outputs
    with inference_graph():
        assert counts() == (0, outputs)


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_the_gates(cell):
    layer = make_cell(cell, UNITS)
    width = layer.blocks * UNITS
    projected, product = tf.constant(normal(B, width)), tf.constant(normal(B, width, seed=1))
    states = [tf.constant(normal(B, UNITS, seed=2 + i)) for i in range(layer.state_count)]
    d_states = [tf.constant(normal(B, UNITS, seed=4 + i)) for i in range(layer.state_count)]
    with tf.GradientTape() as tape:
        tape.watch([projected, product, *states])
        after, kept = layer.gates(projected, product, states)
    assert len(kept) == layer.kept_count
    expected = tape.gradient(after, [projected, product, *states], d_states, "zero")
    d_projected, d_before = layer.gates_gradient(d_states, after[0], states, kept)
    assert_close([d_projected, layer.product_gradient(d_projected, kept), *d_before], expected, 1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_layers_of_unknown_sizes(cell, monkeypatch):
    """In a graph for any batch and length, the layers' gradients are those that TensorFlow finds."""
    x, there = tf.constant(normal(B, T, 3)), tf.constant(array(MASKS["holes"]))
    bare, itself = (made(UNITS, cell=cell, return_sequences=True) for made in (Recurrent, SelfAttentionRNN))
    layers = [bare, itself, AttentionDecoder(UNITS, cell=cell)]
    inputs = [[x], [x], [x, x]]
    for layer, given in zip(layers, inputs, strict=True):
        layer(*given)
        randomise(layer, scale=1.0)

    def gradients(layer, given):
        def run(x, there):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(layer(*[x] * given, mask=there) * normal(B, T, UNITS, seed=1))
            return tape.gradient(loss, [x, *layer.trainable_variables])

        specs = [tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool)]
        found = tf.function(run, input_signature=specs)(x, there)
        return [], dict(enumerate(found))

    written_out = [gradients(layer, len(given)) for layer, given in zip(layers, inputs, strict=True)]
    automatic(monkeypatch)
    for layer, given, one in zip(layers, inputs, written_out, strict=True):
        assert_same(one, gradients(layer, len(given)))
