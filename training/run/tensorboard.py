"""The scores of each epoch as curves in TensorBoard."""

from pathlib import Path

import keras
import tensorflow as tf

from zoo.errors import WorkError


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
        self.writers = {
            part: tf.summary.create_file_writer(str(self.folder / part)) for part in ("train", "validation")
        }

    def on_epoch_end(self, epoch, logs=None):
        """Write the scores."""
        try:
            for name, value in {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}.items():
                with self.writers["validation" if name.startswith("val_") else "train"].as_default(epoch):
                    tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value)
            for writer in self.writers.values():
                writer.flush()
        except tf.errors.OpError as error:  # TensorFlow raises no OSError when the disk is full
            raise WorkError(f"Could not write {self.folder}: {error.message.splitlines()[0]}") from error

    def on_train_end(self, logs=None):
        """Close the files."""
        for writer in self.writers.values():
            writer.close()
