"""The trainer: a Keras model whose `fit` trains the model of the zoo inside it."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from zoo.models.base import TokenModel
from zoo.models.precision import in_float32
from zoo.tasks import TASKS
from zoo.training.step.losses import count_right, summed_loss, summed_smoothing, without_padding
from zoo.training.step.replicas import GlobalMean, ReplicaFit, replica_number, sum_replicas
from zoo.training.step.scheduled_sampling import with_guesses


@keras.saving.register_keras_serializable(package="zoo")
class Trainer(ReplicaFit, keras.Model):
    """Trains a model of the zoo with `fit`.

    It is an ordinary Keras model around another, with the same inputs, outputs and weights, and its own training step:

        loss = sum of the cross-entropy over the tokens (or texts) that are not padding / their number

    so that neither padding nor the division of a batch into shards changes it. On several devices or machines each has
    a shard of the batch; the sums, and the gradients before they are clipped, are over all shards. With an optimizer
    that averages the weights, `evaluate` and `save_model` use the averages.

    Args:
        model: the model to train.
        label_smoothing: the share of the target's probability that is spread over the vocabulary in training.
        scheduled_sampling: the final probability that the model reads its own guess in place of a target token.
        steps: the number of steps in which that probability rises from 0.
        seed: the seed of the places of the guesses, which depend on it and on the number of the step alone.

    Call arguments and returns: those of the model.
    """

    def __init__(
        self,
        model: TokenModel,
        *,
        label_smoothing: float = 0.0,
        scheduled_sampling: float = 0.0,
        steps: int = 1,
        seed: int = 1,
        **kwargs,
    ):
        super().__init__(**{"dtype": model.dtype_policy, **kwargs})
        self.model = model
        self.options = {
            "label_smoothing": label_smoothing,
            "scheduled_sampling": scheduled_sampling,
            "steps": steps,
            "seed": seed,
        }
        self.averaged = False
        self.loss_mean = GlobalMean(name="loss")
        self.accuracy = GlobalMean(name="accuracy")
        self.built = True

    @property
    def metrics(self):
        """The loss and the accuracy, each a mean over the tokens (or texts) that are not padding."""
        return [self.loss_mean, self.accuracy]

    def call(self, inputs, training=False):
        """Return the logits of the model."""
        return self.model(inputs, training=training)

    def train_step(self, data):
        """Do a step on a batch (inputs, targets) and return the logs."""
        inputs, targets = data
        inputs = self._with_guesses(inputs)
        with tf.GradientTape() as tape:
            hidden = self.model.hidden(inputs, training=True)
            if not self.jit_compile:  # XLA would compile once for each number of tokens
                hidden, targets = without_padding(self.model.task, hidden, targets)
            logits = self.model.to_logits(hidden)
            total, count = summed_loss(self.model.task, targets, logits)
            count = sum_replicas(count)
            loss = self.optimizer.scale_loss(self._smoothed(targets, logits, total) / count)
        variables = self.model.trainable_variables
        right = count_right(self.model.task, targets, logits, ties=True)
        gradients, total, right = sum_replicas((tape.gradient(loss, variables), total, right))
        # Dense, as Adam makes them anyway: the norm of slices is not the norm of the rows that they add up to.
        gradients = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
        self.optimizer.apply(gradients, variables)
        return self._logs(total, right, count)

    def _with_guesses(self, inputs):
        """Return the inputs, with guesses among the target tokens under scheduled sampling."""
        final_share = self.options["scheduled_sampling"]
        if not final_share:
            return inputs
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.int32)
        share = final_share * tf.minimum(tf.cast(step / self.options["steps"], tf.float32), 1.0)
        has_target = "target" in TASKS[self.model.task].sides
        tokens = inputs["target"] if has_target else inputs
        logits = self.model(inputs, training=False)
        tokens = with_guesses(tokens, logits, share, tf.stack([self.options["seed"] + replica_number(), step]))
        return {**inputs, "target": tokens} if has_target else tokens

    def _smoothed(self, targets, logits, total):
        """Return the summed loss that the gradient is taken of: `total` and the term of label smoothing."""
        share = self.options["label_smoothing"]
        return total + share * summed_smoothing(self.model.task, targets, logits) if share else total

    def test_step(self, data):
        """Score a batch (inputs, targets) and return the logs."""
        inputs, targets = data
        logits = self.model(inputs, training=False)
        total, count = summed_loss(self.model.task, targets, logits)
        return self._logs(*sum_replicas((total, count_right(self.model.task, targets, logits), count)))

    def _logs(self, total, right, count):
        self.loss_mean.update_state(total / count, count)
        self.accuracy.update_state(right / count, count)
        return self._as_logs({metric.name: metric.result() for metric in self.metrics})

    @contextlib.contextmanager
    def evaluation_weights(self) -> Iterator[None]:
        """Give the model the averaged weights inside the block, if the optimizer averages them."""
        optimizer: Any = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        if self.averaged or not getattr(optimizer, "use_ema", False) or not int(optimizer.iterations.numpy()):
            yield
            return
        variables = self.model.trainable_variables
        own = [variable.numpy() for variable in variables]
        optimizer.finalize_variable_values(variables)
        self.averaged = True
        try:
            yield
        finally:
            self.averaged = False
            for variable, value in zip(variables, own, strict=True):
                variable.assign(value)

    def evaluate(self, *args, **kwargs):
        """Evaluate as Keras does, with the averaged weights."""
        with self.evaluation_weights():
            return super().evaluate(*args, **kwargs)

    def save_model(self, path: str | os.PathLike) -> None:
        """Save the model for inference: with the averaged weights, in float32, without the optimizer."""
        with self.evaluation_weights():
            in_float32(self.model).save(path)

    def get_config(self):
        """Return the constructor's arguments."""
        model = keras.saving.serialize_keras_object(self.model)
        return {"name": self.name, "model": model, **self.options}

    @classmethod
    def from_config(cls, config):
        """Return a trainer from its `get_config`."""
        return cls(**{**config, "model": keras.saving.deserialize_keras_object(config["model"])})
