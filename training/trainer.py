"""The training step around a model: a Keras model whose `fit` trains the one inside."""

import keras
import tensorflow as tf

from training.distribute import FitsReplicas, GlobalMean, sum_replicas
from training.losses import count_right, summed_loss
from zoo.base import TokenModel


@keras.saving.register_keras_serializable(package="zoo")
class Trainer(FitsReplicas, keras.Model):
    """Trains a model of the zoo with `fit`.

    It is an ordinary Keras model around another: same inputs, same outputs, same weights. What it adds is the step:
    the loss is summed over the tokens (or texts) that count and divided by their number, so that no padding and no
    way to cut a batch into parts changes it. On several devices or machines each has a part of the batch; the sums,
    and the gradients before they are clipped, are over all parts.

    Args:
        model: the model to train.

    Call arguments and returns: as the model's.
    """

    def __init__(self, model: TokenModel, **kwargs):
        super().__init__(**{"dtype": model.dtype_policy, **kwargs})
        self.model = model
        self.loss_mean = GlobalMean(name="loss")
        self.accuracy = GlobalMean(name="accuracy")
        self.built = True

    @property
    def metrics(self):
        """What `fit` shows: the loss and the accuracy, each a mean over the tokens (or texts) that count."""
        return [self.loss_mean, self.accuracy]

    def call(self, inputs, training=False):
        """Return the logits of the model."""
        return self.model(inputs, training=training)

    def train_step(self, data):
        """Do one step on a batch (inputs, targets) and return the logs."""
        inputs, targets = data
        with tf.GradientTape() as tape:
            logits = self.model(inputs, training=True)
            total, count = summed_loss(self.model.task, targets, logits)
            count = sum_replicas(count)
            loss = self.optimizer.scale_loss(total / count)
        variables = self.model.trainable_variables
        right = count_right(self.model.task, targets, logits)
        gradients, total, right = sum_replicas((tape.gradient(loss, variables), total, right))
        self.optimizer.apply(gradients, variables)
        return self._logs(total, right, count)

    def test_step(self, data):
        """Score one batch (inputs, targets) and return the logs."""
        inputs, targets = data
        logits = self.model(inputs, training=False)
        total, count = summed_loss(self.model.task, targets, logits)
        return self._logs(*sum_replicas((total, count_right(self.model.task, targets, logits), count)))

    def _logs(self, total, right, count):
        self.loss_mean.update_state(total / count, count)
        self.accuracy.update_state(right / count, count)
        return self._as_logs({metric.name: metric.result() for metric in self.metrics})

    def get_config(self):
        """Return the constructor's arguments."""
        return {"name": self.name, "model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config):
        """Make the trainer again from `get_config`."""
        return cls(**{**config, "model": keras.saving.deserialize_keras_object(config["model"])})
