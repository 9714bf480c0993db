"""One model on several devices or machines: who they are, what each reads, and who writes.

Nothing here speaks to a network. `TF_CONFIG`, which Kubeflow, Vertex AI and Ray set, says which machines there are;
`tf.distribute` does the rest. A replica is one copy of the model on one device.
"""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.errors import CallError, WorkError
from zoo.run_folder import CONFIG, resume_command
from zoo.training.run.checkpoints import SUMS

GONE = (
    tf.errors.UnavailableError,  # a worker's machine or process is not there
    tf.errors.AbortedError,  # it was there and is a new process now
    tf.errors.CancelledError,  # what waited when one of these came
    tf.errors.DeadlineExceededError,
)
KINDS = ("chief", "worker")  # the first of these writes


class Task(NamedTuple):
    """What this process is among all workers; number 0 is the chief."""

    number: int = 0
    workers: int = 1


def task() -> Task:
    """Return what `TF_CONFIG` says of this process; without it, it is alone.

    Raises:
        CallError: it is no JSON, or says nothing that could be.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return Task()
    try:
        config = json.loads(text)
        cluster, kind, index = config["cluster"], config["task"]["type"], int(config["task"]["index"])
        names = [(name, i) for name in KINDS for i in range(len(cluster.get(name, [])))]
        if not all(isinstance(address, str) and ":" in address for some in cluster.values() for address in some):
            raise ValueError('an address is no "host:port"')
        if not set(cluster) <= set(KINDS):
            raise ValueError(f"only a chief and workers train here, not {', '.join(sorted(cluster))}")
        if (kind, index) not in names:
            raise ValueError(f'its cluster has no task "{kind}" {index}')
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CallError(
            'TF_CONFIG must be JSON like {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": '
            f'{{"type": "worker", "index": 0}}}}: {said}. Received: TF_CONFIG={text[:200]}'
        ) from error
    return Task(names.index((kind, index)), len(names))


def is_chief() -> bool:
    """Tell whether this process writes: of several workers one does, and a process that is alone does."""
    return task().number == 0


@functools.cache
def strategy() -> tf.distribute.Strategy:
    """Return how the devices work together; the first call must come before any other use of TensorFlow.

    Several workers: a replica on each GPU of each. One worker with several GPUs: a replica on each. Else the default.
    """
    if task().workers > 1:
        print(f"waiting for all {task().workers} workers of TF_CONFIG", file=sys.stderr, flush=True)
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.OpError as error:
            raise WorkError(f"The workers of TF_CONFIG did not come together: {error.message[:300]}") from error
    for kind in ("GPU", "CPU"):  # there is more than one CPU only where a program has asked for it
        devices = tf.config.list_logical_devices(kind)
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def share(dataset: tf.data.Dataset, *, endless: bool = False) -> Any:
    """Return what `fit` takes so that each replica gets its share of every batch: each n-th row, padded as the batch.

    Every replica makes every step; a share can be empty. TensorFlow's own division wants batches of one size.

    Args:
        dataset: whole batches, the same on all workers.
        endless: it has no end; each step then spares the workers a question whether all have a batch. Else tell `fit`
            the number of steps: Keras would count the shares.
    """
    replicas = strategy().num_replicas_in_sync
    if replicas == 1:
        return dataset

    def of_one_worker(context):
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here

        def shares(*batch):
            numbers = tf.data.Dataset.range(first, first + here)
            return numbers.map(lambda i: tf.nest.map_structure(lambda rows: rows[i::replicas], batch))

        divided = dataset.flat_map(shares)
        without_end = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        return divided.apply(without_end) if endless else divided

    return strategy().distribute_datasets_from_function(of_one_worker)


@contextlib.contextmanager
def one_writer(run: Path) -> Iterator[Path]:
    """Yield the folder to write to: on the chief the run, on other workers a copy of it that is thrown away.

    So every worker reads the same and decides the same. All must enter; each leaves when all have come to the end.

    Raises:
        WorkError: a worker has gone, or the workers do not see the same run folder.
    """
    if task().workers == 1:
        yield run
        return
    with together(run), contextlib.ExitStack() as stack:
        if is_chief():
            place = run
        else:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-"))) / run.name
            shutil.copytree(run, place, ignore=shutil.ignore_patterns("logs"))
        meet(_digest(place), f"{run} is not the same on all workers. It must lie on a file system that they share.")
        try:
            yield place
        except WorkError as error:
            raise WorkError(str(error).replace(str(place), str(run))) from error
        meet()


def meet(value: int = 0, otherwise: str = "The workers do not all run the same command.") -> None:
    """Wait until all workers have come here, and compare a number.

    Raises:
        WorkError: `otherwise`, when the numbers differ.
    """
    if task().workers > 1:
        numbers = _of_all()(tf.constant([value], tf.int64))
        if len(set(numbers.numpy().tolist())) > 1:
            raise WorkError(otherwise)


@functools.cache
def _of_all():
    # Without a function of its own it would be traced at every call.
    return tf.function(lambda rows: strategy().gather(rows, axis=0))


def as_chief(values: dict[str, float]) -> dict[str, float]:
    """Return numbers as the chief has them: when to stop all workers decide by the same, however alike their machines.

    Args:
        values: of the same names on all workers.
    """
    if task().workers == 1:
        return values
    of_all = _of_all()(tf.constant([list(values.values())], tf.float64))
    return dict(zip(values, of_all[0].numpy().tolist(), strict=True))


def _digest(run):
    """Return a number for the names and sizes of the files of a run, for what it is of and for its checkpoints."""
    files = sorted(file.relative_to(run) for file in run.rglob("*") if file.is_file())
    listing = [(str(file), (run / file).stat().st_size) for file in files if file.parts[0] != "logs"]
    content = [json.dumps(listing).encode()]
    content += [(run / file).read_bytes() for file in files if file.name in (CONFIG, SUMS)]
    return int.from_bytes(hashlib.sha256(b"".join(content)).digest()[:7], "big")


@contextlib.contextmanager
def together(run: Path) -> Iterator[None]:
    """Turn the errors of a worker that has gone into a `WorkError` that says what to do."""
    try:
        yield
    except tf.errors.OpError as error:
        if not isinstance(error, GONE) and "heartbeat" not in error.message:  # the latter can be an InternalError
            raise
        raise WorkError(
            "a worker has gone, so the training has stopped; the chief's last checkpoint is kept. "
            f"Start all workers again with `{resume_command(run)}`. ({type(error).__name__})"
        ) from error
