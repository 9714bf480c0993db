"""The scores of each epoch as curves in TensorBoard."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf

from zoo.errors import WorkError


@contextlib.contextmanager
def explain_full_disk(folder: Path) -> Iterator[None]:
    """Turn an error of TensorFlow's writers into a `WorkError`: they raise no OSError when the disk is full."""
    try:
        yield
    except tf.errors.OpError as error:
        raise WorkError(f"Could not write {folder}: {error.message.splitlines()[0]}") from error


class EpochCurves(keras.callbacks.Callback):
    """Writes the scores of each epoch for TensorBoard; they are on the disk before the checkpoint of the epoch.

    Args:
        folder: the folder of the logs, in which "train" and "validation" are made.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs=None):
        """Open the files."""
        with explain_full_disk(self.folder):
            self.writers = {
                part: tf.summary.create_file_writer(str(self.folder / part)) for part in ("train", "validation")
            }

    def on_epoch_end(self, epoch, logs=None):
        """Write the scores."""
        with explain_full_disk(self.folder):
            for name, value in {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}.items():
                with self.writers["validation" if name.startswith("val_") else "train"].as_default(epoch):
                    tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value)
            for writer in self.writers.values():
                writer.flush()

    def on_train_end(self, logs=None):
        """Close the files."""
        for writer in self.writers.values():
            writer.close()
