import threading

import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, normal, randomise
from zoo.layers import AttentionDecoder, Recurrent, SelfAttentionRNN
from zoo.recurrence.scan import for_litert, inference_graph, scan, with_gradient

MASK = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], bool)
X = np.array([[1, 2, 4, 8], [10, 20, 40, 80]], "float32")[..., None]


def add(t, rows, states, memory):
    """Sum the inputs in the state; count the steps in the memory, and note their times."""
    (row,), (total,), (count, times) = rows, states, memory
    total = total + row
    return [total, tf.concat([row, -row], -1)], [total], [count + 1, times * 10 + t]


def run(mask=None, reverse=False, x=X):
    """Run over x (B, T, 1) and return outputs (B, T, n)."""
    memory = [tf.constant(0), tf.constant(0)]
    states = [tf.zeros([tf.shape(x)[0], 1])]
    mask = None if mask is None else tf.transpose(mask)[..., None]
    x = tf.transpose(x, [1, 0, 2])
    outputs, *rest = scan(add, [x], states, output_sizes=[1, 2], memory=memory, mask=mask, reverse=reverse)
    return [tf.transpose(one, [1, 0, 2]) for one in outputs], *rest


def test_forward():
    (totals, pairs), (last,), (count, times) = run()
    assert totals[..., 0].numpy().tolist() == [[1, 3, 7, 15], [10, 30, 70, 150]]
    assert_close(pairs, np.concatenate([X, -X], -1))
    assert last.numpy().tolist() == [[15], [150]]
    assert (count, times) == (4, 123)


def test_reverse():
    (totals, pairs), (last,), (count, times) = run(reverse=True)
    assert totals[..., 0].numpy().tolist() == [[15, 14, 12, 8], [150, 140, 120, 80]]
    assert_close(pairs, np.concatenate([X, -X], -1))
    assert last.numpy().tolist() == [[15], [150]]
    assert (count, times) == (4, 3210)


@pytest.mark.parametrize(
    ("reverse", "expected"), [(False, [[1, 3, 0, 11], [0, 20, 60, 0]]), (True, [[11, 10, 0, 8], [0, 60, 40, 0]])]
)
def test_mask(reverse, expected):
    """Where the mask is false the states stay and the outputs are zero; the memory goes on."""
    (totals, pairs), (last,), (count, _) = run(MASK, reverse)
    assert totals[..., 0].numpy().tolist() == expected
    assert_close(pairs, np.concatenate([X, -X], -1) * MASK[..., None])
    assert last.numpy().tolist() == [[11], [60]]
    assert count == 4


def test_outputs_without_a_size_are_not_recorded():
    outputs, (last,), _ = scan(add, [X], [tf.zeros([4, 1])], output_sizes=[1], memory=[tf.constant(0), tf.constant(0)])
    (totals,) = outputs
    assert totals[..., 0].numpy().tolist() == [[1, 2, 4, 8], [11, 22, 44, 88]]
    assert last.numpy().tolist() == [[11], [22], [44], [88]]


def test_one_step():
    (totals, _), (last,), _ = run(x=X[:, :1])
    assert totals[..., 0].numpy().tolist() == [[1], [10]] and last.numpy().tolist() == [[1], [10]]


@pytest.mark.parametrize("litert", [False, True])
@pytest.mark.parametrize(
    ("shape", "expected"), [((None, None, 1), (None, None, 1)), ((2, None, 1), (2, None, 1)), ((2, 4, 1), (2, 4, 1))]
)
def test_known_shapes_stay_known(shape, expected, litert):
    graph = tf.function(lambda x: run(x=x)[0][0], input_signature=[tf.TensorSpec(shape)])
    if litert:
        with inference_graph(litert=True):
            concrete = graph.get_concrete_function()
    else:
        concrete = graph.get_concrete_function()
    assert concrete.structured_outputs.shape.as_list() == list(expected)
    assert_close(concrete(tf.constant(X)), run()[0][0])


def layers():
    """Return functions of (x, mask), one for each layer that has a loop."""
    x_shape = (None, None, 3)
    recurrent = Recurrent(4, cell="lstm", return_sequences=True, return_state=True, reverse=True)
    recurrent.build(x_shape)
    itself = SelfAttentionRNN(4, return_sequences=True, return_state=True, return_weights=True)
    itself.build(x_shape)
    decoder = AttentionDecoder(4, cell="gru", return_weights=True)
    decoder.build(x_shape, x_shape)
    for layer in (recurrent, itself, decoder):
        randomise(layer)
    return {
        "recurrent": lambda x, mask: recurrent(x, mask=mask),
        "self_attention": lambda x, mask: itself(x, mask=mask, room=2),
        "decoder": lambda x, mask: decoder(x, x, mask=mask, values_mask=mask),
    }


def operations(concrete):
    """Return the kinds of operations in a graph, those of its loops too."""
    definition = concrete.graph.as_graph_def()
    nodes = [*definition.node, *(node for one in definition.library.function for node in one.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize("name", ["recurrent", "self_attention", "decoder"])
def test_the_loop_for_litert_is_the_same_loop(name):
    x, layer = tf.constant(normal(2, 4, 3)), layers()[name]
    expected = layer(x, MASK)
    specs = [tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool)]
    usual = tf.function(layer, input_signature=specs).get_concrete_function()
    with inference_graph(litert=True):
        plain = tf.function(lambda *args: layer(*args), input_signature=specs).get_concrete_function()
    assert any(kind.startswith("TensorList") for kind in operations(usual))
    assert not any(kind.startswith("TensorList") for kind in operations(plain))
    assert_close(usual(x, MASK), expected, 1e-6)
    assert_close(plain(x, MASK), expected, 1e-6)


def test_litert_graph_ends_with_its_block():
    assert not for_litert()
    with pytest.raises(KeyError), inference_graph(litert=True):
        with inference_graph(litert=True):
            assert for_litert()
        assert for_litert()
        raise KeyError
    assert not for_litert()


def test_threads_do_not_share_an_inference_graph():
    """Of two threads, one leaves its block while the other is still in its own: gradients stay written out after it."""
    inside, left = threading.Event(), threading.Event()
    seen = {}

    def first():
        with inference_graph(litert=True):
            inside.set()
            left.wait(10)
            seen["first"] = for_litert()
        seen["first afterwards"] = for_litert()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    seen["second before"] = for_litert()
    context = inference_graph()
    context.__enter__()
    left.set()
    thread.join()
    context.__exit__(None, None, None)
    assert seen == {"first": True, "first afterwards": False, "second before": False}
    assert writes_gradients()


class WrongSquare:
    """x * x with a gradient that is wrong, so that it is seen where it is used."""

    def __init__(self, x):
        self.x = x

    def forward(self, keep):
        return [self.x * self.x], [tf.constant([7.0])] if keep else []

    def backward(self, recorded, d):
        return [recorded[0] * d]


def gradient_at_three(**options):
    x = tf.constant([3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        (y,) = with_gradient(WrongSquare, x, **options)
    assert y.numpy().tolist() == [9.0]
    return tape.gradient(y, x).numpy().tolist()


def writes_gradients():
    """Tell whether a gradient that is written out is the one that is used."""
    return gradient_at_three() == [7.0]


def test_with_gradient():
    """The written gradient is used, but for a graph that only answers, and where it is not written out."""
    assert gradient_at_three() == [7.0]
    assert gradient_at_three(written_out=False) == [6.0]
    with inference_graph():
        assert gradient_at_three() == [6.0]


@pytest.mark.parametrize("name", ["self_attention", "decoder"])
def test_xla(name):
    x, layer = tf.constant(normal(2, 4, 3)), layers()[name]

    def outputs_and_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.nest.flatten(layer(x, tf.constant(MASK)))[0]
            loss = tf.reduce_sum(outputs * normal(2, 4, 4, seed=1))
        return outputs, tape.gradient(loss, x)

    expected = outputs_and_gradient(x)
    assert np.abs(expected[1]).max() > 0.01
    assert_close(tf.function(outputs_and_gradient, jit_compile=True)(x), expected)
