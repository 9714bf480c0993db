"""A Keras model whose `compile` without a loss trains with the loss of its task."""

from typing import Any

import keras
import tensorflow as tf

from zoo.checks import Number, Whole, fraction, positive
from zoo.constants import PAD
from zoo.errors import CallError
from zoo.fitting.averages import AveragedWeights
from zoo.fitting.losses import count_right, summed_loss, without_padding
from zoo.fitting.optimizer import Adam
from zoo.fitting.replicas import GlobalMean, ReplicaFit, replica_number, sum_replicas
from zoo.fitting.scheduled_sampling import with_guesses
from zoo.fitting.teachers import Teachers
from zoo.tasks import TASKS


class FittedModel(AveragedWeights, ReplicaFit, keras.Model):
    """A Keras model over token ids that knows the loss of its task.

        loss = sum of the cross-entropy over the tokens (or texts) that are not padding / their number

    Neither padding nor the division of a batch into shards changes it. On several devices or machines each has a shard
    of the batch; the sums, and the gradients before they are clipped, are over all shards. With an optimizer that
    averages the weights, the validation of `fit` uses the averages.

    A subclass has the methods `hidden` and `to_logits`, see `zoo.models.base.TokenModel`.

    Attributes:
        task: the name of the task.
        task_metrics: after `compile` without a loss, the mean of the loss and of the accuracy; else empty.
        task_options: the options of the loss of the task, as given to `compile`.
        teachers: the models that this one learns from, as given to `compile`.
    """

    task: str
    task_metrics: tuple[keras.metrics.Metric, ...] = ()
    task_options: dict[str, Any] = {}
    teachers: Teachers

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        *,
        label_smoothing: float = 0.0,
        scheduled_sampling: float = 0.0,
        scheduled_sampling_steps: int = 10_000,
        seed: int = 1,
        teachers: Any = (),
        distillation: float = 0.5,
        metrics: Any = None,
        jit_compile: Any = False,
        **kwargs: Any,
    ) -> None:
        """Set the model up for `fit` and `evaluate`.

        Without `loss` they use the loss of the task, and show it and the accuracy, both over the tokens that are not
        padding. With `loss` everything is as in Keras; the logits carry a mask that is false for padding.

        Args:
            optimizer: as in Keras; but "adam" is `zoo.Adam`, which makes the same steps in less time.
            loss: a loss as in Keras; None: the loss of the task.
            label_smoothing: the share of the target's probability that is spread over the vocabulary in training. The
                loss that is shown stays the plain cross-entropy.
            scheduled_sampling: the final probability that the model reads its own guess in place of a target token.
            scheduled_sampling_steps: the number of steps in which that probability rises from 0.
            seed: the seed of the places of the guesses, which depend on it and on the number of the step alone.
            teachers: a list of trained models of the same task and the same vocabularies and classes, whose mean
                probabilities are a part of the targets (distillation, Hinton et al. 2015, arXiv 1503.02531). They are
                not saved with the model.
            distillation: the share of the targets that the teachers decide, from 0 to 1.
            metrics: further metrics, as in Keras.
            jit_compile: compile the step with XLA. Not by default, also on a GPU, where Keras would: XLA compiles every
                shape of a batch anew, which takes half a minute there. `few_shapes=True` of `zoo.pairs` and its
                like makes them few.
            kwargs: the other arguments of `keras.Model.compile`.

        Raises:
            CallError: an option out of range; an option of the loss of the task beside a loss; or a teacher of another
                task, or with other vocabularies or classes.
        """
        options = {
            "label_smoothing": fraction("label_smoothing", label_smoothing),
            "scheduled_sampling": Number(high=1.0)("scheduled_sampling", scheduled_sampling),
            "scheduled_sampling_steps": positive("scheduled_sampling_steps", scheduled_sampling_steps),
            "seed": Whole()("seed", seed),
        }
        teaching = Teachers(teachers, self, distillation)
        if loss is not None and (label_smoothing or scheduled_sampling or teaching.models):
            names = "`label_smoothing`, `scheduled_sampling` and `teachers`"
            raise CallError(f"{names} are of the loss of the task: give no `loss`.")
        if scheduled_sampling and TASKS[self.task].labelled:
            raise CallError("`scheduled_sampling` is for translation and language models: a classifier reads no guess.")
        if loss is None and isinstance(metrics, list | tuple):
            metrics = [metric for metric in metrics if metric != "accuracy"] or None  # it is among those of the task
        if isinstance(optimizer, str) and optimizer.lower() == "adam":
            optimizer = Adam()
        self._compile_loss = self._compile_metrics = None  # of an earlier call: Keras would keep them
        super().compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile, **kwargs)
        with self.distribute_strategy.scope():
            task_metrics = () if loss is not None else (GlobalMean(name="loss"), GlobalMean(name="accuracy"))
        # Not by `__setattr__`, with which Keras would track the metrics of every call.
        attributes: dict[str, Any] = vars(self)  # type: ignore[assignment]
        attributes.update(task_metrics=task_metrics, task_options=options, teachers=teaching)
        attributes["sums_gradients"] = loss is None

    def get_compile_config(self):
        """Return the arguments of `compile`, for a model that is saved."""
        config = super().get_compile_config()
        return {**config, **self.task_options} if config else config

    def compile_from_config(self, config):
        """Compile a model that was saved, and make the variables of its optimizer."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self):
        """The metrics that `fit` and `evaluate` show."""
        if not self.task_metrics:
            return super().metrics
        return [*self.task_metrics, *(metric for metric in super().metrics if metric is not self._loss_tracker)]

    def compute_mask(self, inputs, previous_mask=None):
        """Return a mask (B, T) that is true for the logits whose targets are not padding; None for a classifier."""
        if TASKS[self.task].labelled:
            return None
        return keras.ops.not_equal(self._target_ids(inputs), PAD)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Update the metrics with logits in float32, in which every id is exact, and return all results."""
        logits = keras.ops.cast(y_pred, "float32")
        logits._keras_mask = getattr(y_pred, "_keras_mask", None)
        return super().compute_metrics(x, y, logits, sample_weight)

    def train_step(self, data):
        """Do a step on a batch (inputs, targets) or (inputs, targets, weights) and return the logs.

        Nothing runs before the batch is there: at the end of the data, Keras runs a step without one, and the counts of
        the steps and of the draws of dropout would go on.
        """
        if not self.optimizer.built:  # outside the graph, where no initial value waits for a batch
            with tf.init_scope():
                self.optimizer.build(self.trainable_variables)
        with tf.control_dependencies([part for part in tf.nest.flatten(data) if tf.is_tensor(part)]):
            if self.task_metrics:
                return self._task_step(data)
            return self._as_logs(super().train_step(data))

    def _task_step(self, data):
        """Do a step with the loss of the task."""
        inputs, targets, weights = self._unpacked(data)
        read = self._with_guesses(inputs)
        teachers = self.teachers
        probabilities = teachers.probabilities(read, lambda hidden: self._without_padding(hidden, targets)[0])
        self._clear_losses()  # as a call of the model does: those that layers add are of this step
        with tf.GradientTape() as tape:
            kept, kept_targets, kept_weights = self._without_padding(self.hidden(read, training=True), targets, weights)
            logits = self.to_logits(kept)
            sums = summed_loss(
                self.task,
                kept_targets,
                logits,
                kept_weights,
                label_smoothing=self.task_options["label_smoothing"],
                teacher_probabilities=probabilities,
                distillation=teachers.share,
            )
            count = sum_replicas(sums.count)
            loss = self.optimizer.scale_loss(tf.math.divide_no_nan(sums.soft, count) + self._penalty())
        variables = self.trainable_variables
        gradients, total, right = sum_replicas((tape.gradient(loss, variables), sums.loss, sums.right))
        # Dense, as Adam makes them anyway: the norm of slices is not the norm of the rows that they add up to.
        gradients = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
        self.optimizer.apply(gradients, variables)
        return self._task_logs(inputs, targets, logits, weights, sums=(total, right, count))

    def _without_padding(self, hidden, targets, weights=None):
        """Return the features, the targets and the weights of the tokens that logits are computed for."""
        if self.jit_compile or self._compile_metrics is not None:  # XLA would compile for each number of tokens
            return hidden, targets, weights
        return without_padding(self.task, hidden, targets, weights)

    def test_step(self, data):
        """Score a batch (inputs, targets) or (inputs, targets, weights) and return the logs."""
        if not self.task_metrics:
            return self._as_logs(super().test_step(data))
        inputs, targets, weights = self._unpacked(data)
        logits = self(inputs, training=False)
        total, _, _, count = summed_loss(self.task, targets, logits, weights)
        sums = sum_replicas((total, count_right(self.task, targets, logits), count))
        return self._task_logs(inputs, targets, logits, weights, sums=sums)

    def _unpacked(self, data):
        """Return the inputs, the targets (B, T) or (B,) and the weights of a batch; a last axis of 1 is dropped."""
        inputs, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        if targets is None:
            raise CallError("Expected batches of (inputs, targets), as `zoo.pairs` and its like make them.")
        targets = tf.convert_to_tensor(targets)
        rank = 1 if TASKS[self.task].labelled else 2
        if targets.shape.rank == rank + 1 and targets.shape[-1] == 1:
            targets = tf.squeeze(targets, -1)
        return inputs, tf.cast(targets, tf.int32), weights

    def _target_ids(self, inputs):
        """Return the tokens that the model reads as targets."""
        return inputs["target"] if "target" in TASKS[self.task].sides else inputs

    def _with_guesses(self, inputs):
        """Return the inputs, with guesses among the target tokens under scheduled sampling."""
        final_share = self.task_options["scheduled_sampling"]
        if not final_share:
            return inputs
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.int32)
        risen = tf.cast(step / self.task_options["scheduled_sampling_steps"], tf.float32)
        share = final_share * tf.minimum(risen, 1.0)
        logits = self(inputs, training=False)
        seed = tf.stack([self.task_options["seed"] + replica_number(), step])
        read = tf.convert_to_tensor(self._target_ids(inputs))
        tokens = with_guesses(read, logits, share, seed, start_id=self.start_id, end_id=self.end_id)
        return {**inputs, "target": tokens} if "target" in TASKS[self.task].sides else tokens

    def _penalty(self):
        """Return the share of this replica in the losses that layers add, such as regularizers."""
        return sum((tf.cast(loss, tf.float32) for loss in self.losses), 0.0) / self._replicas()

    def _task_logs(self, inputs, targets, logits, weights, *, sums):
        """Update the metrics and return the logs. The accuracy is not weighted, as the metrics of Keras are not."""
        total, right, count = sums
        loss, accuracy = self.task_metrics
        loss.update_state(tf.math.divide_no_nan(total, count), count)  # a batch may be all padding
        accuracy.update_state(tf.math.divide_no_nan(right, count), count)
        if self._compile_metrics is None:
            return self._as_logs(self.get_metrics_result())
        logits = tf.identity(logits)
        logits._keras_mask = self.compute_mask(inputs)
        return self._as_logs(self.compute_metrics(inputs, targets, logits, weights))
