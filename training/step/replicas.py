"""What a training step does on several replicas: sums over all of them, and what Keras 3 lacks for it."""

import sys
from typing import Any

import keras
import tensorflow as tf

from zoo.training.distribute import strategy, task


def sum_replicas(values: Any) -> Any:
    """Return tensors, in any nesting, summed over all replicas: on each the same. One replica: as they are."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    flat = tf.nest.flatten(values)
    there = [value for value in flat if value is not None]  # a weight that is not used has no gradient
    sums = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, there))
    return tf.nest.pack_sequence_as(values, [value if value is None else next(sums) for value in flat])


def replica() -> Any:
    """Return the number of the replica that is at work; 0 where there is one."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return 0
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def part_dropout(model: keras.Model) -> None:
    """Let each replica drop other units than the rest; call it whenever the seeds of the model have been set.

    A random layer keeps a seed and a count of its draws: the count of replica r goes on from r times 2^24, so replica 0
    is as it was, and a second call changes nothing.
    """
    if strategy().num_replicas_in_sync == 1:
        return
    weights = {id(variable) for variable in model.weights}
    for variable in model.variables:
        here = strategy().experimental_local_results(variable.value)
        for replica, state in enumerate(here, task().number * len(here)):
            if id(variable) not in weights:
                state.assign([state[0], state[1] % 2**24 + replica * 2**24])


class GlobalMean(keras.metrics.Mean):
    """A mean over numbers that have been summed over the replicas, so that each holds the whole truth.

    Keras would keep a part on each and sum them when one is read: all workers would have to save at the same moment.
    """

    def add_variable(self, shape, initializer, dtype=None, aggregation="none", name=None):
        """Make a variable of which each replica has its own."""
        initializer = keras.initializers.get(initializer)
        return keras.Variable(initializer, shape=shape, dtype=dtype, trainable=False, aggregation="none", name=name)


class FitsReplicas:
    """A mix-in before `keras.Model`: what `fit` needs to work under a strategy, see keras-team/keras#20585.

    Where there is one replica it changes nothing. Each part can go when the test of that part fails.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Make the optimizer's variables; the rest is there.

        Keras would make everything, from a batch averaged over the replicas. That fails: a batch is nested, and the
        shares have as many rows as there are.
        """
        if tf.distribute.get_strategy() is not self.distribute_strategy:
            with self.distribute_strategy.scope():
                return self._maybe_symbolic_build(iterator, data_batch)
        optimizer = getattr(self, "optimizer", None)
        if optimizer is not None and self.distribute_strategy.num_replicas_in_sync > 1:
            if not optimizer.built:
                optimizer.build(self.trainable_variables)
            _sum_no_more(optimizer)
            if self.jit_compile:  # as Keras has it for "auto"; XLA would compile the sums too, and cannot
                print("XLA is not used with several replicas", file=sys.stderr)
                self.jit_compile = False

    def _as_logs(self, logs):
        """Return logs that Keras can average over the replicas: it takes the mean over axis 0 of each."""
        if task().workers == 1 or tf.distribute.get_strategy().num_replicas_in_sync == 1:
            return logs
        return {name: tf.reshape(value, [1]) for name, value in logs.items()}


def _sum_no_more(optimizer):
    """Let `apply` take gradients that have been summed over the replicas.

    Keras sums them after it has clipped them, replica by replica, and has no argument against it. So the step
    sums, the optimizer clips what all replicas have found together, and nothing is sent twice.
    """
    for one in (optimizer, getattr(optimizer, "inner_optimizer", None)):  # the inner one of a loss scale
        if one is not None:
            one._all_reduce_sum_gradients = list
