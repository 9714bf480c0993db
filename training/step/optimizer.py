"""The optimizer of a run, and its schedule of the learning rate."""

import math

import keras
from keras import ops

from zoo.fitting.optimizer import Adam
from zoo.training.settings import Settings


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
