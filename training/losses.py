"""What training minimises and what it counts."""

import keras
import tensorflow as tf

from zoo.special import PAD


def loss_for(task: str) -> keras.losses.Loss:
    """Return the loss of a task: the mean cross-entropy of the labels, or of the tokens that are not padding."""
    ignored = None if task == "classification" else PAD
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=ignored)


def metric_for(task: str) -> keras.metrics.Metric:
    """Return the metric `accuracy` of a task."""
    if task == "classification":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return TokenAccuracy(name="accuracy")


@keras.saving.register_keras_serializable(package="zoo")
class TokenAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """The share of tokens that are not padding whose most probable guess is right.

    Call arguments:
        y_true: ids (B, T), 0 for padding.
        y_pred: logits (B, T, V).
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count one batch."""
        valid = tf.cast(tf.not_equal(y_true, PAD), self.dtype)
        return super().update_state(y_true, y_pred, valid if sample_weight is None else valid * sample_weight)
