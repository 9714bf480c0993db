"""The optimizer of a run, and its schedule of the learning rate."""

import math

import keras
import tensorflow as tf
from keras import ops

from zoo.training.settings import Settings

AVERAGE_EVERY = 8  # steps


def make_optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run.

    Args:
        settings: the settings of the training.
        steps: the most steps of the run.
    """
    optimizer = Adam(
        Schedule(settings.learning_rate, settings.schedule, int(steps * settings.warm_up), steps),
        weight_decay=settings.weight_decay or None,
        global_clipnorm=settings.clip,
        use_ema=settings.ema > 0,
        ema_momentum=settings.ema,
    )
    if settings.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@keras.saving.register_keras_serializable(package="zoo")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly from a tenth of its peak, and then

        cosine:        falls along half a cosine to a hundredth of the peak at the last step
        inverse_sqrt:  falls as peak * sqrt(warm_up / step)
        constant:      stays at the peak

    Args:
        peak: the highest learning rate.
        kind: "cosine", "inverse_sqrt" or "constant".
        warm_up: the number of steps in which it rises.
        steps: the number of steps of the whole run.
    """  # fmt: skip

    def __init__(self, peak: float, kind: str, warm_up: int, steps: int):
        self.peak = peak
        self.kind = kind
        self.warm_up = warm_up
        self.steps = steps

    def __call__(self, step):
        """Return the learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        rising = 0.1 + 0.9 * step / max(self.warm_up, 1)
        return self.peak * ops.where(step < self.warm_up, rising, self._after(step))

    def _after(self, step):
        if self.kind == "cosine":
            done = ops.clip((step - self.warm_up) / max(self.steps - self.warm_up, 1), 0.0, 1.0)
            return 0.01 + 0.99 * 0.5 * (1 + ops.cos(math.pi * done))
        if self.kind == "inverse_sqrt":
            start = float(max(self.warm_up, 1))
            return ops.sqrt(start / ops.maximum(step, start))
        return ops.ones_like(step)

    def get_config(self):
        """Return the constructor's arguments."""
        return {"peak": self.peak, "kind": self.kind, "warm_up": self.warm_up, "steps": self.steps}


@keras.saving.register_keras_serializable(package="zoo")
class Adam(keras.optimizers.Adam):
    """Adam whose moving average of the weights forgets the first steps.

    With a decay of 0.999 the average after 450 steps would still consist mostly of the weights before training. So its
    decay in update n (from 0) is n / (n + 9) where that is less. An update of the average takes as long as Adam itself,
    so there is one every 8 steps, with the decay of 8. Arguments as `keras.optimizers.Adam`; with `weight_decay` it is
    AdamW.

    Source: Kingma and Ba 2015, arXiv 1412.6980; Loshchilov and Hutter 2019, arXiv 1711.05101; the decay of the average
    as in `tf.train.ExponentialMovingAverage` with `num_updates`.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable, by TensorFlow's fused kernel where it applies."""
        if tf.distribute.has_strategy() or variable.dtype != "float32" or self.amsgrad:
            return super().update_step(gradient, variable, learning_rate)
        index = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, "float32")
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=ops.power(self.beta_1, step),
            beta2_power=ops.power(self.beta_2, step),
            lr=ops.cast(learning_rate, "float32"),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )

    def _update_model_variables_moving_average(self, trainable_variables):
        # Keras' own hook for the average. It is private: tests/training/step/test_optimizer.py fails when it is no
        # longer called.
        pairs = list(zip(trainable_variables, self._model_variables_moving_average, strict=True))
        updates = ops.cast(self.iterations // AVERAGE_EVERY, "float32")
        decay = ops.minimum(self.ema_momentum**AVERAGE_EVERY, updates / (updates + 9))
        due = ops.equal(self.iterations % AVERAGE_EVERY, 0)

        def update(share):
            for weight, average in pairs:
                average.assign(average + ops.cast(share, average.dtype) * (weight - average))

        if tf.distribute.has_strategy():  # a strategy allows no assignment inside a condition
            update(ops.where(due, 1 - decay, 0.0))
        else:
            ops.cond(due, lambda: update(1 - decay), lambda: None)


def _handle(variable):
    """Return the handle of a variable of Keras or of TensorFlow."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
