"""A training step on several replicas: sums over all of them, their shards, and the changes to Keras 3 for this.

A replica is a copy of the model on one device. The strategy is that of the model, `model.distribute_strategy`.
"""

import inspect
from typing import Any

import keras
import tensorflow as tf

from zoo.log import logger


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
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1:
        return
    numbers = strategy.experimental_local_results(strategy.run(lambda: tf.identity(replica_number())))
    for variable in model.variables:
        if variable.path.endswith("seed_generator_state"):
            for number, state in zip(numbers, strategy.experimental_local_results(variable.value), strict=True):
                state.assign([state[0], state[1] % 2**24 + int(number) * 2**24])


def shard(dataset: tf.data.Dataset, strategy: tf.distribute.Strategy, *, endless: bool = False) -> Any:
    """Return the shards of a dataset for `fit`: replica r of n gets the rows r, r + n, r + 2n ... of each batch.

    Every replica makes every step; a shard can be empty. It is padded as the batch is. TensorFlow's own division
    expects batches of one size.

    Args:
        dataset: whole batches, the same on all workers.
        strategy: the strategy of the model.
        endless: the dataset has no end, so that the workers need not ask each other at each step whether all have a
            batch. For one that ends, give `fit` the number of steps: Keras would count the shards.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return dataset

    def shards_of_worker(context):
        local = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * local

        def shards(*batch):
            numbers = tf.data.Dataset.range(first, first + local)
            return numbers.map(lambda i: tf.nest.map_structure(lambda rows: rows[i::replicas], batch))

        sharded = dataset.flat_map(shards)
        without_end = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        return sharded.apply(without_end) if endless else sharded

    return strategy.distribute_datasets_from_function(shards_of_worker)


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

    Attributes:
        sums_gradients: true if `train_step` sums the gradients over the replicas itself.
    """

    sums_gradients = False

    def fit(self, x=None, y=None, *args, **kwargs):
        """Train as Keras does. On several replicas, the batches of a `tf.data.Dataset` are divided by `shard`.

        Each worker must give the same dataset, with whole batches in the same order.
        """
        given = by_name("fit", x, y, *args, **kwargs)
        if isinstance(x, tf.data.Dataset):
            given.setdefault("shuffle", False)  # Keras would warn that it does not shuffle a dataset
        if self._replicas() > 1:
            self._build_state(given)
            separate_dropout(self)
            self._divide(given, "x", "steps_per_epoch", endless=True)
            self._divide(given, "validation_data", "validation_steps")
        return super().fit(**given)

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Evaluate as Keras does. On several replicas, the batches of a `tf.data.Dataset` are divided as by `fit`."""
        given = by_name("evaluate", x, y, *args, **kwargs)
        if self._replicas() > 1:
            self._build_state(given)
            self._divide(given, "x", "steps")
        return super().evaluate(**given)

    def _replicas(self) -> int:
        return self.distribute_strategy.num_replicas_in_sync  # type: ignore[attr-defined]  # of `keras.Model`

    def _divide(self, given, data, steps, *, endless=False):
        """Put a dataset in shards, and its number of batches, in its place; other data are left as they are."""
        whole, count = given.get(data), given.get(steps)
        if not isinstance(whole, tf.data.Dataset):
            return
        if count is None and (known := int(whole.cardinality())) > 0:
            count = known
        endless = endless and count is not None
        parts = shard(whole.repeat() if endless else whole, self.distribute_strategy, endless=endless)
        given |= {data: parts, steps: count}

    def _build_state(self, given):
        """Make the variables of the compiled loss and metrics, for the kind of batches that `fit` was given.

        Keras would make them from a batch averaged over the replicas. That fails: a batch is nested, and the shards may
        differ in their number of rows.
        """
        x = given.get("x")
        if isinstance(x, tf.distribute.DistributedDataset) or x is None:
            return
        whole = isinstance(x, tf.data.Dataset)
        batch = x.element_spec if whole else (x, given.get("y"), given.get("sample_weight"))
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=batch)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Make the optimizer's variables; all others exist, see `_build_state`."""
        if tf.distribute.get_strategy() is not self.distribute_strategy:
            with self.distribute_strategy.scope():
                return self._maybe_symbolic_build(iterator, data_batch)
        optimizer = getattr(self, "optimizer", None)
        if optimizer is not None and self._replicas() > 1:
            if not optimizer.built:
                optimizer.build(self.trainable_variables)
            _take_summed_gradients(optimizer, self.sums_gradients)
            if self.jit_compile:  # which cannot compile the sums
                logger.info("XLA is not used with several replicas")
                self.jit_compile = False

    def _as_logs(self, logs):
        """Return logs that Keras can average over the replicas: on several workers the mean over axis 0 of each."""
        strategy = tf.distribute.get_strategy()
        workers = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        if not workers or not strategy.extended._in_multi_worker_mode():
            return logs
        return {name: tf.reshape(value, [1]) for name, value in logs.items()}


def by_name(method: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments of a method of `keras.Model` by their names, those too that were given by place."""
    bound = inspect.signature(getattr(keras.Model, method)).bind(None, *args, **kwargs).arguments
    del bound["self"]
    return {**bound.pop("kwargs", {}), **bound}


def _take_summed_gradients(optimizer: Any, summed: bool = True) -> None:
    """Let `apply` take gradients that are already summed over the replicas, or sum them again.

    Keras sums them after it has clipped them, replica by replica, and has no argument against it. Here the step sums
    them, the optimizer clips the sum, and nothing is sent twice.
    """
    for wrapped in (optimizer, getattr(optimizer, "inner_optimizer", None)):  # the inner one of a loss scale
        if wrapped is not None and summed:
            wrapped._all_reduce_sum_gradients = list
        elif wrapped is not None:
            vars(wrapped).pop("_all_reduce_sum_gradients", None)
