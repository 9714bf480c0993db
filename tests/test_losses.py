import numpy as np
import pytest
import tensorflow as tf

from training.losses import TokenAccuracy, loss_for, metric_for
from zoo.special import PAD

LABELS = np.array([[5, 2, PAD, PAD], [4, 3, 3, 2]], np.int32)
VALID = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (1, 3)]
LOGITS = np.random.default_rng(0).normal(size=[2, 4, 7]).astype(np.float32)


def log_softmax(logits):
    return logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))


@pytest.mark.parametrize("task", ["translation", "language_model"])
def test_loss_is_the_mean_over_tokens_that_are_not_padding(task):
    by_hand = -np.mean([log_softmax(LOGITS)[b, t, LABELS[b, t]] for b, t in VALID])
    assert float(loss_for(task)(LABELS, LOGITS)) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("task", ["translation", "language_model"])
def test_padding_has_no_gradient(task):
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = loss_for(task)(LABELS, logits)
    gradient = tape.gradient(loss, logits).numpy()
    by_hand = np.exp(log_softmax(LOGITS)) - np.eye(7)[LABELS]
    by_hand[LABELS == PAD] = 0
    np.testing.assert_allclose(gradient, by_hand / len(VALID), atol=1e-6)
    assert not gradient[LABELS == PAD].any() and gradient[LABELS != PAD].any(axis=-1).all()


def test_more_padding_changes_nothing():
    wide_labels = np.pad(LABELS, [[0, 0], [0, 3]], constant_values=PAD)
    wide_logits = np.pad(LOGITS, [[0, 0], [0, 3], [0, 0]], constant_values=9.0)
    loss = loss_for("translation")
    assert float(loss(wide_labels, wide_logits)) == pytest.approx(float(loss(LABELS, LOGITS)), rel=1e-6)
    assert accuracy([(wide_labels, wide_logits)]) == accuracy([(LABELS, LOGITS)])


def test_loss_of_a_classifier_counts_class_zero():
    labels, logits = np.array([0, 2, 0]), LOGITS[0, :3]
    by_hand = -np.mean([log_softmax(logits)[b, labels[b]] for b in range(3)])
    assert float(loss_for("classification")(labels, logits)) == pytest.approx(by_hand, rel=1e-5)


def accuracy(batches, **options):
    metric = metric_for("translation")
    for labels, logits in batches:
        metric.update_state(labels, logits, **options)
    return float(metric.result())


def logits_of(guesses):
    return np.eye(7, dtype=np.float32)[np.array(guesses)]


def test_accuracy_is_over_tokens_that_are_not_padding():
    guesses = [[5, 1, PAD, PAD], [4, 3, 6, 6]]  # right at 3 of 6 tokens, and at the padding
    assert accuracy([(LABELS, logits_of(guesses))]) == 0.5
    guesses = [[1, 1, PAD, PAD], [1, 1, 1, 1]]
    assert accuracy([(LABELS, logits_of(guesses))]) == 0.0


def test_accuracy_of_two_batches_is_over_their_tokens():
    right = (np.array([[5, PAD, PAD]]), logits_of([[5, 1, 1]]))
    wrong = (np.array([[5, 4, 3]]), logits_of([[1, 1, 1]]))
    assert accuracy([right, wrong]) == 0.25


def test_accuracy_with_weights():
    guesses = [[5, 1, PAD, PAD], [4, 3, 6, 6]]
    weights = np.array([[1, 1, 1, 1], [3, 0, 0, 0]], np.float32)  # right: 1 + 3 of 1 + 1 + 3
    assert accuracy([(LABELS, logits_of(guesses))], sample_weight=weights) == pytest.approx(0.8)


def test_accuracy_of_a_classifier_counts_class_zero():
    metric = metric_for("classification")
    metric.update_state(np.array([0, 2, 0, 1]), logits_of([0, 2, 3, 1]))
    assert float(metric.result()) == 0.75


def test_both_metrics_have_one_name():
    assert {metric_for(task).name for task in ("translation", "classification", "language_model")} == {"accuracy"}
    assert isinstance(metric_for("translation"), TokenAccuracy)
