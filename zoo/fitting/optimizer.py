"""Adam with a fused step and an average of the weights that forgets the first steps."""

import keras
import tensorflow as tf
from keras import ops

AVERAGE_EVERY = 8  # steps


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

    def _clip_gradients(self, grads):
        # Keras' own hook too. Its norm makes two tensors as large as all gradients, this one none.
        if not self.global_clipnorm:
            return super()._clip_gradients(grads)
        return tf.clip_by_global_norm(
            [None if grad is None else tf.convert_to_tensor(grad) for grad in grads], self.global_clipnorm
        )[0]

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
