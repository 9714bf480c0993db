"""A training step on several replicas: sums over all of them, and the changes to Keras 3 that this needs."""

from typing import Any

import keras
import tensorflow as tf

from zoo.log import logger
from zoo.training.cluster import this_worker
from zoo.training.distribute import strategy


def sum_replicas(values: Any) -> Any:
    """Return tensors, in any nesting, summed over all replicas, the same on each. With one replica: the tensors."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    flat = tf.nest.flatten(values)
    present = [value for value in flat if value is not None]  # a weight that is not used has no gradient
    sums = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, present))
    return tf.nest.pack_sequence_as(values, [value if value is None else next(sums) for value in flat])


def replica_number() -> Any:
    """Return the number of the replica that runs the step; 0 with one replica."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return 0
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def separate_dropout(model: keras.Model) -> None:
    """Let each replica draw its own dropout; call it whenever the seeds of the model have been set.

    A random layer keeps a seed and a count of its draws. The count of replica r starts at r times 2^24, so replica 0
    keeps its count, and a second call changes nothing.
    """
    if strategy().num_replicas_in_sync == 1:
        return
    weights = {id(variable) for variable in model.weights}
    for variable in model.variables:
        local_states = strategy().experimental_local_results(variable.value)
        for replica, state in enumerate(local_states, this_worker().number * len(local_states)):
            if id(variable) not in weights:
                state.assign([state[0], state[1] % 2**24 + replica * 2**24])


class GlobalMean(keras.metrics.Mean):
    """A mean over numbers that are already summed over the replicas, so that each replica holds the result.

    Keras would keep a part on each replica and sum the parts when a metric is read: all workers would have to save at
    the same moment.
    """

    def add_variable(self, shape, initializer, dtype=None, aggregation="none", name=None):
        """Make a variable with a value of its own on each replica."""
        initializer = keras.initializers.get(initializer)
        return keras.Variable(initializer, shape=shape, dtype=dtype, trainable=False, aggregation="none", name=name)


class ReplicaFit:
    """A mix-in before `keras.Model` that makes `fit` work under a strategy, see keras-team/keras#20585.

    With one replica it changes nothing. Each part can be removed when the test of that part fails.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Make the optimizer's variables; all others exist.

        Keras would make everything from a batch averaged over the replicas. That fails: a batch is nested, and the
        shards may differ in their number of rows.
        """
        if tf.distribute.get_strategy() is not self.distribute_strategy:
            with self.distribute_strategy.scope():
                return self._maybe_symbolic_build(iterator, data_batch)
        optimizer = getattr(self, "optimizer", None)
        if optimizer is not None and self.distribute_strategy.num_replicas_in_sync > 1:
            if not optimizer.built:
                optimizer.build(self.trainable_variables)
            _take_summed_gradients(optimizer)
            if self.jit_compile:  # Keras does so for "auto"; XLA cannot compile the sums
                logger.info("XLA is not used with several replicas")
                self.jit_compile = False

    def _as_logs(self, logs):
        """Return logs that Keras can average over the replicas: it takes the mean over axis 0 of each."""
        if this_worker().count == 1 or tf.distribute.get_strategy().num_replicas_in_sync == 1:
            return logs
        return {name: tf.reshape(value, [1]) for name, value in logs.items()}


def _take_summed_gradients(optimizer: Any) -> None:
    """Let `apply` take gradients that are already summed over the replicas.

    Keras sums them after it has clipped them, replica by replica, and has no argument against it. Here the step sums
    them, the optimizer clips the sum, and nothing is sent twice.
    """
    for wrapped in (optimizer, getattr(optimizer, "inner_optimizer", None)):  # the inner one of a loss scale
        if wrapped is not None:
            wrapped._all_reduce_sum_gradients = list
