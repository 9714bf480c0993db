"""Data-parallel training: the strategy of a process, barriers, and the one worker that writes.

Nothing here uses a network itself: `TF_CONFIG` names the machines
(`zoo.training.cluster`), and `tf.distribute` does the rest.
"""

import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from zoo.errors import WorkError
from zoo.gpu import warn_of_unused_gpu
from zoo.log import logger
from zoo.run_folder import CONFIG, resume_command
from zoo.training.cluster import is_chief, this_worker
from zoo.training.run.checkpoints import SUMS

LOST_WORKER_ERRORS = (
    tf.errors.UnavailableError,  # a worker's machine or process does not answer
    tf.errors.AbortedError,  # its process has been replaced by another
    tf.errors.CancelledError,  # an operation that waited when one of these came
    tf.errors.DeadlineExceededError,
)


@functools.cache
def strategy() -> tf.distribute.Strategy:
    """Return the strategy of this process; the first call must come before any other use of TensorFlow.

    Several workers: a replica on each GPU of each. One worker with several GPUs: a replica on each. Else the default.
    """
    warn_of_unused_gpu()
    workers = this_worker().count
    if workers > 1:
        logger.info(f"waiting for all {workers} workers of TF_CONFIG")
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.OpError as error:
            raise WorkError(f"The workers of TF_CONFIG did not come together: {error.message[:300]}") from error
    for kind in ("GPU", "CPU"):  # several CPUs only where a program has configured them
        devices = tf.config.list_logical_devices(kind)
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


@contextlib.contextmanager
def writable_run(run: Path) -> Iterator[Path]:
    """Yield the folder to write to: on the chief the run, on other workers a temporary copy of it.

    So every worker reads the same and decides the same. All workers must enter; each leaves when all have finished.

    Raises:
        WorkError: a worker is lost, or the workers do not see the same run folder.
    """
    if this_worker().count == 1:
        yield run
        return
    with explain_lost_worker(run), contextlib.ExitStack() as stack:
        if is_chief():
            folder = run
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-"))) / run.name
            shutil.copytree(run, folder, ignore=shutil.ignore_patterns("logs"))
        mismatch = f"{run} is not the same on all workers. It must lie on a file system that they share."
        barrier(_digest(folder), mismatch=mismatch)
        try:
            yield folder
        except WorkError as error:
            raise WorkError(str(error).replace(str(folder), str(run))) from error
        barrier()


def barrier(value: int = 0, *, mismatch: str = "The workers do not all run the same command.") -> None:
    """Wait until all workers have called this, and compare a number.

    Raises:
        WorkError: `mismatch`, when the numbers differ.
    """
    if this_worker().count > 1:
        numbers = _gather()(tf.constant([value], tf.int64))
        if len(set(numbers.numpy().tolist())) > 1:
            raise WorkError(mismatch)


def from_chief(values: dict[str, float]) -> dict[str, float]:
    """Return the chief's numbers on all workers, which may differ in the last digits.

    All workers then decide the same, when to stop for example.

    Args:
        values: numbers with the same names on all workers.
    """
    if this_worker().count == 1:
        return values
    rows = _gather()(tf.constant([list(values.values())], tf.float64))
    return dict(zip(values, rows[0].numpy().tolist(), strict=True))


@functools.cache
def _gather() -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the function that joins the rows of all workers; cached, so that it is traced once."""
    return tf.function(lambda rows: strategy().gather(rows, axis=0))


def _digest(run: Path) -> int:
    """Return a digest of a run: the names and sizes of its files, its config and the sums of its checkpoints."""
    files = sorted(file.relative_to(run) for file in run.rglob("*") if file.is_file())
    listing = [(str(file), (run / file).stat().st_size) for file in files if file.parts[0] != "logs"]
    content = [json.dumps(listing).encode()]
    content += [(run / file).read_bytes() for file in files if file.name in (CONFIG, SUMS)]
    return int.from_bytes(hashlib.sha256(b"".join(content)).digest()[:7], "big")


@contextlib.contextmanager
def explain_lost_worker(run: Path, *, begun: bool = True) -> Iterator[None]:
    """Turn TensorFlow's errors about a lost worker into a `WorkError` that says what to do.

    Args:
        run: the run folder.
        begun: false while the chief may still refuse to begin.
    """
    try:
        yield
    except tf.errors.OpError as error:
        # The error of a missing heartbeat can be an InternalError.
        if not isinstance(error, LOST_WORKER_ERRORS) and "heartbeat" not in error.message:
            raise
        if not begun:
            raise WorkError(
                f"the chief has ended before {run} was prepared: its own message says why. ({type(error).__name__})"
            ) from error
        raise WorkError(
            "a worker has gone, so the training has stopped; the chief's last checkpoint is kept. "
            f"Start all workers again with `{resume_command(run)}`. ({type(error).__name__})"
        ) from error
