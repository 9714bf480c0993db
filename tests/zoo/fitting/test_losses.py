from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from zoo.constants import PAD
from zoo.fitting.losses import count_right, summed_loss

LABELS = np.array([[5, 2, PAD, PAD], [4, 3, 3, 2]], np.int32)
VALID = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (1, 3)]
LOGITS = np.random.default_rng(0).normal(size=[2, 4, 7]).astype(np.float32)
SEQUENCES = ["translation", "language_model"]


def log_softmax(logits):
    return logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))


def mean(task, labels, logits):
    sums = summed_loss(task, tf.constant(labels), tf.convert_to_tensor(logits))
    return sums.loss / sums.count


def accuracy(task, labels, logits):
    sums = summed_loss(task, tf.constant(labels), tf.constant(logits))
    right = count_right(task, tf.constant(labels), tf.constant(logits))
    assert float(right) == float(sums.right)  # no two ids are equally probable
    return float(right / sums.count)


def logits_of(guesses):
    return np.eye(7, dtype=np.float32)[np.array(guesses)]


@pytest.mark.parametrize("task", SEQUENCES)
def test_loss_is_the_mean_over_tokens_that_are_not_padding(task):
    by_hand = -np.mean([log_softmax(LOGITS)[b, t, LABELS[b, t]] for b, t in VALID])
    assert float(mean(task, LABELS, LOGITS)) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("task", SEQUENCES)
def test_padding_has_no_gradient(task):
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = mean(task, LABELS, logits)
    gradient = tape.gradient(loss, logits).numpy()
    by_hand = np.exp(log_softmax(LOGITS)) - np.eye(7)[LABELS]
    by_hand[LABELS == PAD] = 0
    np.testing.assert_allclose(gradient, by_hand / len(VALID), atol=1e-6)
    assert not gradient[LABELS == PAD].any() and gradient[LABELS != PAD].any(axis=-1).all()


def test_more_padding_changes_nothing():
    wide_labels = np.pad(LABELS, [[0, 0], [0, 3]], constant_values=PAD)
    wide_logits = np.pad(LOGITS, [[0, 0], [0, 3], [0, 0]], constant_values=9.0)
    for function in (partial(summed_loss, label_smoothing=0.1), count_right):
        wide, narrow = function("translation", wide_labels, wide_logits), function("translation", LABELS, LOGITS)
        np.testing.assert_allclose(wide, narrow, rtol=1e-6)


def test_loss_of_a_classifier_counts_class_zero():
    labels, logits = np.array([0, 2, 0]), LOGITS[0, :3]
    by_hand = -np.mean([log_softmax(logits)[b, labels[b]] for b in range(3)])
    assert float(mean("classification", labels, logits)) == pytest.approx(by_hand, rel=1e-5)


def test_accuracy_is_over_tokens_that_are_not_padding():
    guesses = [[5, 1, PAD, PAD], [4, 3, 6, 6]]  # right at 3 of 6 tokens, and at the padding
    assert accuracy("translation", LABELS, logits_of(guesses)) == 0.5
    guesses = [[1, 1, PAD, PAD], [1, 1, 1, 1]]
    assert accuracy("translation", LABELS, logits_of(guesses)) == 0.0


def test_of_equally_probable_guesses_the_first_is_made():
    logits, targets = np.zeros([1, 3, 7], np.float32), tf.constant([[1, 2, PAD]])
    logits[..., 1:3] = 1.0
    assert float(count_right("translation", targets, tf.constant(logits))) == 1
    assert float(summed_loss("translation", targets, tf.constant(logits)).right) == 2


def test_accuracy_of_a_classifier_counts_class_zero():
    assert accuracy("classification", np.array([0, 2, 0, 1]), logits_of([0, 2, 3, 1])) == 0.75


def test_sums_of_two_batches_are_those_of_one():
    """So a batch that is cut in parts, for several devices perhaps, has the loss of the whole."""
    for function in (partial(summed_loss, label_smoothing=0.1), count_right):
        parts = [np.array(function("translation", LABELS[b : b + 1], LOGITS[b : b + 1])) for b in range(2)]
        np.testing.assert_allclose(sum(parts), np.array(function("translation", LABELS, LOGITS)), rtol=1e-5)


@pytest.mark.parametrize("task", [*SEQUENCES, "classification"])
def test_label_smoothing_is_its_formula(task):
    """The cross-entropy with (1 - share) onehot + share / V, value and gradient."""
    share = 0.1
    labels, values = (LABELS, LOGITS) if task in SEQUENCES else (np.array([0, 2, 0]), LOGITS[0, :3])
    counts = (labels != PAD) if task in SEQUENCES else np.ones(3, bool)
    smoothed = (1 - share) * np.eye(7)[labels] + share / 7
    losses = -np.sum(smoothed * log_softmax(values.astype("float64")), axis=-1)
    logits = tf.Variable(values)
    with tf.GradientTape() as tape:
        plain, total, *_ = summed_loss(task, tf.constant(labels), logits, label_smoothing=share)
    assert float(plain) == pytest.approx(float(summed_loss(task, tf.constant(labels), logits).loss), rel=1e-6)
    assert float(total) == pytest.approx(losses[counts].sum(), rel=1e-5)
    by_hand = (np.exp(log_softmax(values)) - smoothed) * counts[..., None]
    np.testing.assert_allclose(tf.convert_to_tensor(tape.gradient(total, logits)), by_hand, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.1])
@pytest.mark.parametrize("task", [*SEQUENCES, "classification"])
def test_distillation_is_its_formula(task, share):
    """The cross-entropy with (1 - d) ((1 - s) onehot + s / V) + d p, value and gradient; the plain loss stays."""
    distillation = 0.3
    labels, values = (LABELS, LOGITS) if task in SEQUENCES else (np.array([0, 2, 0]), LOGITS[0, :3])
    counts = (labels != PAD) if task in SEQUENCES else np.ones(3, bool)
    teacher = np.exp(log_softmax(values[..., ::-1])).astype("float32")
    target = (1 - distillation) * ((1 - share) * np.eye(7)[labels] + share / 7) + distillation * teacher
    losses = -np.sum(target * log_softmax(values.astype("float64")), axis=-1)
    logits, options = tf.Variable(values), {"label_smoothing": share, "distillation": distillation}
    with tf.GradientTape() as tape:
        plain, total, *_ = summed_loss(
            task, tf.constant(labels), logits, teacher_probabilities=tf.constant(teacher), **options
        )
    assert float(plain) == pytest.approx(float(summed_loss(task, tf.constant(labels), logits).loss), rel=1e-6)
    assert float(total) == pytest.approx(losses[counts].sum(), rel=1e-5)
    by_hand = (np.exp(log_softmax(values)) - target) * counts[..., None]
    np.testing.assert_allclose(tf.convert_to_tensor(tape.gradient(total, logits)), by_hand, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_are_in_float32(dtype):
    """A float16 sum over a batch would not hold: 70,000 tokens are more than it can count."""
    labels, logits = np.full([1, 70_000], 1, np.int32), tf.zeros([1, 70_000, 2], dtype)
    sums = summed_loss("translation", labels, logits, label_smoothing=0.1)
    assert {total.dtype for total in sums} == {tf.float32}
    assert float(sums.count) == 70_000 and float(sums.loss) == pytest.approx(70_000 * np.log(2), rel=1e-4)


def test_the_loss_of_ids_without_any_probability_is_exact():
    """Where the probability of the target is less than the smallest number, its logarithm is not infinite."""
    sums = summed_loss("classification", tf.constant([1, 0]), tf.constant([[300.0, -300.0], [1e4, -1e4]]))
    assert float(sums.loss) == 600.0
