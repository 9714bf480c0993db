"""What a model can do so far: translations of the validation set, scored and shown, after every epoch."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from zoo.metrics import translation_scores
from zoo.plot import draw_attention
from zoo.prediction import Prediction
from zoo.run_folder import Run
from zoo.training.data.corpora import Corpus

SHOWN = 3  # translations an epoch


class Watch(keras.callbacks.Callback):
    """Puts more scores into the logs of each epoch, for the callbacks after it.

    Where a validation loss is there, for translation and language models: `val_perplexity`. For translation, from
    greedy translations of the first part of the validation set: `val_bleu`, `val_chrf` (0 to 100) and
    `val_exact_match` (0 to 1); and for TensorBoard three translations and a picture of the first one's attention.
    The weights are those that `evaluate` uses: averaged ones if there are any.

    Args:
        run: the run, its model the one that is trained.
        corpus: the validation set.
        size: translate so many of its sentences; 0 for none.
    """

    def __init__(self, run: Run, corpus: Corpus, *, size: int):
        super().__init__()
        self.task = run.task
        self.sources = corpus.sources[:size]
        self.targets = corpus.targets[:size]
        self.predictor = run.predictor()  # one for all epochs: its graphs are traced once
        self.folder = run.path / "logs" / "samples"
        self.writer = None

    def on_epoch_end(self, epoch, logs=None):
        """Add the scores to the logs."""
        logs = {} if logs is None else logs
        if self.task != "classification" and "val_loss" in logs:
            logs["val_perplexity"] = math.exp(min(float(logs["val_loss"]), 700.0))
        if self.task != "translation" or not self.sources:
            return
        with self.model.evaluation_weights():
            predictions = self.predictor.predict(self.sources)
        scores = translation_scores([one.output for one in predictions], self.targets)
        logs |= {f"val_{name}": scores[name] for name in ("bleu", "chrf", "exact_match")}
        self._show(epoch, predictions[:SHOWN])

    def _show(self, epoch, predictions):
        self.writer = self.writer or tf.summary.create_file_writer(str(self.folder))
        with self.writer.as_default(step=epoch):
            tf.summary.text("translations", _table(predictions, self.targets))
            pictures = (_picture(one, one.attention) for one in predictions if one.attention is not None)
            picture = next((picture for picture in pictures if picture is not None), None)
            if picture is not None:
                tf.summary.image("attention", picture)
        self.writer.flush()

    def on_train_end(self, logs=None):
        """Close the file; a run that goes on inside an epoch calls `fit` again, which opens another."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def _table(predictions: Sequence[Prediction], targets: Sequence[str]) -> str:
    """Return a table in Markdown, which TensorBoard shows as one."""
    rows = [("source", "translation", "reference"), ("---",) * 3]
    rows += [(one.input, one.output, target) for one, target in zip(predictions, targets, strict=False)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


def _picture(prediction: Prediction, attention: np.ndarray) -> tf.Tensor | None:
    """Return the attention of a translation as a batch of one image (1, height, width, 4); None if it is empty."""
    if not attention.size:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attention.png"
        draw_attention(path, attention, prediction.source_pieces, prediction.target_pieces)
        return tf.expand_dims(tf.io.decode_png(path.read_bytes(), channels=4), 0)
