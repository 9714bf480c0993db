"""Validation beyond the loss: translations of the validation set, scored and shown after every epoch."""

import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.decoding.endpoints import numpy_functions
from zoo.errors import CallError
from zoo.metrics import translation_scores
from zoo.plot import draw_attention
from zoo.prediction import Prediction
from zoo.predictor import Predictor
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.run.tensorboard import explain_full_disk

SHOWN = 3  # translations an epoch


class ValidationScores(keras.callbacks.Callback):
    """Adds scores to the logs of each epoch, for the callbacks after it.

    For translation and language models `val_perplexity`, where the logs have a validation loss. For translation, from
    greedy translations of the first part of the validation set, `val_bleu`, `val_chrf` (0 to 100) and
    `val_exact_match` (0 to 1); and for TensorBoard three translations and a picture of the first one's attention.
    The weights are those of `evaluate`: the averaged ones if the optimizer averages them.

    Args:
        sources: sentences to translate; none for a model that does not translate.
        targets: their translations.
        source_vocabulary: the vocabulary of the sources.
        target_vocabulary: the vocabulary of the targets.
        folder: the folder of the logs for TensorBoard; None: none are written.

    Raises:
        CallError: not as many targets as sources, or sources without vocabularies.
    """

    def __init__(
        self,
        sources: Sequence[str] = (),
        targets: Sequence[str] = (),
        source_vocabulary: Vocabulary | None = None,
        target_vocabulary: Vocabulary | None = None,
        *,
        folder: str | os.PathLike | None = None,
    ):
        super().__init__()
        self.sources, self.targets = list(sources), list(targets)
        if len(self.sources) != len(self.targets):
            lengths = f"{len(self.sources)} sources and {len(self.targets)} targets"
            raise CallError(f"Expected as many targets as sources. Received: {lengths}.")
        if self.sources and not (source_vocabulary and target_vocabulary):
            raise CallError("Translations need `source_vocabulary` and `target_vocabulary`.")
        self.vocabularies = (source_vocabulary, target_vocabulary)
        self.predictor: Any = None
        self.folder = folder
        self.writer: Any = None

    def set_model(self, model):
        """Take the model that is trained. Its graphs are traced once for all epochs."""
        decodes = self.sources and "bleu" in TASKS[model.task].monitors
        if decodes and (self.predictor is None or model is not self.model):
            self.predictor = Predictor(model.task, numpy_functions(model), *self.vocabularies)
        super().set_model(model)

    def on_epoch_end(self, epoch, logs=None):
        """Add the scores to the logs."""
        logs = {} if logs is None else logs
        monitors = TASKS[self.model.task].monitors
        if "perplexity" in monitors and "val_loss" in logs:
            logs["val_perplexity"] = math.exp(min(float(logs["val_loss"]), 700.0))
        if self.predictor is None:
            return
        with self.model.evaluation_weights():
            predictions = self.predictor.predict(self.sources)
        scores = translation_scores([prediction.output for prediction in predictions], self.targets)
        logs |= {f"val_{name}": scores[name] for name in ("bleu", "chrf", "exact_match")}
        if self.folder is not None:
            with explain_full_disk(self.folder):
                self._show(epoch, predictions[:SHOWN])

    def _show(self, epoch, predictions):
        self.writer = self.writer or tf.summary.create_file_writer(str(self.folder))
        with self.writer.as_default(step=epoch):
            tf.summary.text("translations", _table(predictions, self.targets))
            pictures = (_picture(shown, shown.attention) for shown in predictions if shown.attention is not None)
            picture = next((picture for picture in pictures if picture is not None), None)
            if picture is not None:
                tf.summary.image("attention", picture)
        self.writer.flush()

    def on_train_end(self, logs=None):
        """Close the file. A run that is resumed inside an epoch calls `fit` twice; the second call opens another."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def _table(predictions: Sequence[Prediction], targets: Sequence[str]) -> str:
    """Return a table in Markdown, which TensorBoard renders."""
    rows = [("source", "translation", "reference"), ("---",) * 3]
    rows += [(shown.input, shown.output, target) for shown, target in zip(predictions, targets, strict=False)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


def _picture(prediction: Prediction, attention: np.ndarray) -> tf.Tensor | None:
    """Return the attention of a translation as a batch of one image (1, height, width, 4); None if it is empty."""
    if not attention.size:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attention.png"
        draw_attention(path, attention, prediction.source_pieces, prediction.target_pieces)
        return tf.expand_dims(tf.io.decode_png(path.read_bytes(), channels=4), 0)
