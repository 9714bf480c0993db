"""The optimizer and the learning rate over the steps of a run."""

import keras

from training.settings import Settings


def make_optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run.

    Args:
        settings: how to train.
        steps: how many steps the run will have.
    """
    return keras.optimizers.Adam(_learning_rate(settings, steps), global_clipnorm=settings.clip)


def _learning_rate(settings, steps):
    warm_up = int(steps * settings.warm_up)
    return keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 10 if warm_up else settings.learning_rate,
        max(steps - warm_up, 1),
        alpha=0.01,
        warmup_target=settings.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )
