"""The three recurrences as test cases, and the comparison of their gradients."""

from functools import partial

import numpy as np
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from tests.support.checks import normal, plain, randomise
from tests.support.formulas import decoder, recurrent, self_attention
from zoo.layers.attention import Attention, make_attention
from zoo.layers.cells import make_cell
from zoo.recurrence.attending import attend
from zoo.recurrence.location_step import LocationStep
from zoo.recurrence.plain import recur
from zoo.recurrence.scan import inference_graph
from zoo.recurrence.self_attending import self_attend

B, T, TX, UNITS = 3, 5, 7, 4
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1]],
}
VALUES_MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]],
    "left": [[0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1]],
    "holes": [[1, 0, 1, 0, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 1, 1, 0]],
}
PAIRS = [("tanh", "bahdanau"), ("tanh", "dot"), ("tanh", "general"), ("gru", "bahdanau"), ("lstm", "bahdanau")]


def array(mask):
    return None if mask is None else np.array(mask, bool)


class Case:
    """A recurrence with everything that needs a gradient: `tensors`, and `variables` of its cell and attention."""

    attends = True

    def __init__(self, cell="tanh", score="bahdanau", masks="none", reverse=False, dtype="float32"):
        self.cell_name, self.score, self.reverse = cell, score, reverse
        self.mask, self.values_mask = array(MASKS[masks]), array(VALUES_MASKS[masks])
        self.cell = make_cell(cell, UNITS, dtype=dtype)
        self.cell.build((None, 3))
        self.width = self.cell.blocks * UNITS
        tensors = {"projected": normal(B, T, self.width)}
        tensors |= {f"state {i}": normal(B, UNITS, seed=1 + i) for i in range(self.cell.state_count)}
        tensors |= self.more_tensors()
        self.tensors = {name: tf.cast(array, self.cell.compute_dtype) for name, array in tensors.items()}
        self.attention = None
        if self.attends:
            self.attention = make_attention(score, 6, dtype=dtype)
            self.attention.build((None, UNITS), (None, None, self.value_size()))
        for i, layer in enumerate(layer for layer in (self.cell, self.attention) if layer):
            randomise(layer, seed=5 + i)
        self.variables = [weight for weight in self.cell.weights if weight.name.startswith("recurrent")]
        self.variables += self.attention.weights if self.attention else []

    def value_size(self):
        return UNITS

    def more_tensors(self):
        return {"context_kernel": normal(self.value_size(), self.width, seed=3, scale=0.5)}

    def states(self, tensors):
        return [tensors[f"state {i}"] for i in range(self.cell.state_count)]

    def loop(self, tensors):
        """Run the recurrence: the outputs, the attention weights if there are any, and the last states."""
        raise NotImplementedError

    def formula(self, tensors):
        """Compute the same results by the plain equations, in float64.

        The formulas get the projected input as the input of a cell whose kernel is the identity.
        """
        tensors, w, a = (
            {name: tf.cast(tensor, "float64") for name, tensor in group.items()}
            for group in (tensors, plain(self.cell), plain(self.attention) if self.attention else {})
        )
        kernel = [tf.eye(self.width, dtype="float64"), *([tensors["context_kernel"]] if self.attends else [])]
        w |= {"kernel": tf.concat(kernel, 0), "bias": tf.zeros(self.width, "float64")}
        return self.equations(w, a, tensors)

    def equations(self, w, a, tensors):
        raise NotImplementedError

    def gradients(self, function, count=None):
        """Return the results of a function, and all gradients by name, from random gradients of its first results."""
        tensors = self.tensors
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            results = list(function(tensors))[:count]
            loss = tf.add_n(
                [
                    tf.reduce_sum(tf.cast(result, "float64") * normal(*result.shape, seed=20 + i, dtype="float64"))
                    for i, result in enumerate(results)
                ]
            )
        variables = {variable.name: variable.value for variable in self.variables}
        return results, tape.gradient(loss, {**tensors, **variables})


class PlainCase(Case):
    attends = False

    def more_tensors(self):
        return {}

    def loop(self, tensors):
        states, projected = self.states(tensors), tensors["projected"]
        outputs, last = recur(self.cell, projected, states, mask=self.mask, reverse=self.reverse)
        return [outputs, *last]

    def equations(self, w, a, tensors):
        x, initial = tensors["projected"], self.states(tensors)
        outputs, last = recurrent(self.cell_name, w, x, self.mask, initial, self.reverse, tnp)
        return [outputs, *last]


class AttendingCase(Case):
    def value_size(self):
        return UNITS if self.score == "dot" else 5

    def more_tensors(self):
        return {**super().more_tensors(), "values": normal(B, TX, self.value_size(), seed=4)}

    def loop(self, tensors):
        parts = [tensors[name] for name in ("projected", "context_kernel", "values")]
        masks = {"mask": self.mask, "values_mask": self.values_mask}
        outputs, last, alphas = attend(self.cell, self.attention, *parts, self.states(tensors), **masks)
        return [outputs, alphas, *last]

    def equations(self, w, a, tensors):
        """Return the outputs and the attention weights; the formula has no last states."""
        x, initial = tensors["projected"], self.states(tensors)
        masks = self.mask, self.values_mask
        return decoder(self.cell_name, self.score, w, a, x, tensors["values"], initial, *masks, xp=tnp)


class LocationCase(AttendingCase):
    filter_width = 4  # an even one: it does not reach as far to the left as to the right

    def more_tensors(self):
        size = 6 if self.score == "bahdanau" else UNITS
        tensors = {"alpha": np.abs(normal(B, TX, seed=8)), "window_kernel": normal(self.filter_width, size, seed=9)}
        return {**super().more_tensors(), **tensors}

    def states(self, tensors):
        return [*super().states(tensors), tensors["alpha"]]

    def loop(self, tensors):
        parts = [tensors[name] for name in ("projected", "context_kernel", "values")]
        options = {"mask": self.mask, "values_mask": self.values_mask, "step_weights": [tensors["window_kernel"]]}
        options["step_class"] = LocationStep
        outputs, last, alphas = attend(self.cell, self.attention, *parts, self.states(tensors), **options)
        return [outputs, alphas, *last]

    def equations(self, w, a, tensors):
        x, initial = tensors["projected"], self.states(tensors)
        options = {"mask": self.mask, "values_mask": self.values_mask, "window_kernel": tensors["window_kernel"]}
        return decoder(self.cell_name, self.score, w, a, x, tensors["values"], initial, **options, xp=tnp)


class SelfAttendingCase(Case):
    def loop(self, tensors):
        parts = [tensors[name] for name in ("projected", "context_kernel")]
        options = {"mask": self.mask, "reverse": self.reverse}
        outputs, last, alphas = self_attend(self.cell, self.attention, *parts, self.states(tensors), **options)
        return [outputs, alphas, *last]

    def equations(self, w, a, tensors):
        x, initial = tensors["projected"], self.states(tensors)
        given = [self.cell_name, self.score, w, a, x, self.mask, initial, self.reverse, tnp]
        outputs, last, alphas = self_attention(*given)
        return [outputs, alphas, *last]


CASES = {
    "recur": PlainCase,
    "attend": AttendingCase,
    "location": partial(LocationCase, score="general"),
    "self_attend": SelfAttendingCase,
}


def assert_same(actual, expected, tolerance=1e-5):
    """Check results and gradients: the norm of each difference, relative to the norm."""
    (results, gradients), (their_results, their_gradients) = actual, expected
    assert gradients.keys() == their_gradients.keys()
    names = [*gradients, *range(len(results))]
    ours, theirs = [*gradients.values(), *results], [*their_gradients.values(), *their_results]
    for name, tensor, other in zip(names, ours, theirs, strict=True):
        assert tensor is not None and other is not None, name
        tensor, other = (np.asarray(tf.cast(given, "float64")) for given in (tensor, other))
        norm = np.linalg.norm(other)
        assert tensor.shape == other.shape and norm > 1e-3, name
        assert np.linalg.norm(tensor - other) <= tolerance * norm, (name, np.linalg.norm(tensor - other) / norm)


def assert_automatic_gradients(case):
    """Check results and gradients against those of automatic differentiation of the same loop."""
    written_out = case.gradients(case.loop)
    with inference_graph():
        assert_same(written_out, case.gradients(case.loop))


class Distance(Attention):
    """A user's own score without a written gradient: the nearer a value, the more attention it gets."""

    def build(self, query_shape, values_shape):
        self.scale = self.add_weight(shape=(values_shape[-1],), name="scale")
        self.built = True

    def score(self, query, keys, weights):
        return -tf.reduce_sum(tf.square(tf.expand_dims(query, 1) - keys) * self.cast(self.scale), -1)


def check_distance(case, slots, values_before):
    """Check a tanh case with the score `Distance` against its equation, differentiated by TensorFlow.

    `slots` is the last axis of the weights alpha; `values_before(tensors, outputs)` are the values that a step attends
    to, given the outputs so far.
    """
    case.attention = Distance()
    case.attention.build((None, UNITS), (None, None, UNITS))
    case.variables = [*case.cell.weights[1:2], *randomise(case.attention).weights]
    assert not case.attention.has_gradient

    def formula(tensors):
        (U, a), (h,) = (variable.value for variable in case.variables), case.states(tensors)
        outputs, alphas = [], []
        for t in range(T):
            alpha, context = distance_attention(h, a, values_before(tensors, outputs))
            h = tf.tanh(tensors["projected"][:, t] + h @ U + context @ tensors["context_kernel"])
            outputs, alphas = [*outputs, h], [*alphas, alpha]
        alphas = [tf.pad(alpha, [[0, 0], [0, slots - alpha.shape[1]]]) for alpha in alphas]
        return [tf.stack(outputs, 1), tf.stack(alphas, 1), h]

    assert_same(case.gradients(case.loop), case.gradients(formula))


def distance_attention(h, a, values):
    """Return the weights (B, number of values) and the context (B, UNITS) of a list of values (B, UNITS)."""
    if not values:
        return tf.zeros([B, 0]), tf.zeros([B, UNITS])
    exponentials = [tf.exp(-tf.reduce_sum((h - y) * (h - y) * a, -1, keepdims=True)) for y in values]
    alpha = [exponential / tf.add_n(exponentials) for exponential in exponentials]
    return tf.concat(alpha, -1), tf.add_n([weight * y for weight, y in zip(alpha, values, strict=True)])
