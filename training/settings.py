"""How to train: one dataclass, checked before any text is read."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from zoo.errors import CallError
from zoo.layers.checks import fraction, positive


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: passes over the training set.
        batch_size: examples a batch.
        learning_rate: of Adam, at its highest; it rises over the first `warm_up` of all steps and
            falls along a cosine to a hundredth at the end.
        warm_up: a share of all steps.
        clip: the norm that the gradients are clipped to.
        patience: epochs without a better validation score before the training stops.
        max_length: the most pieces of a side; longer examples are left out.
        vocabulary_size: the most pieces of a vocabulary.
        text: the kind of vocabulary, "unigram", "char" or "word".
        train_size: use only so many training examples; None for all.
        jit: compile the training step with XLA, once for each of a few shapes of batches: slower to begin, then faster.
        checkpoint_seconds: how often to write a checkpoint inside an epoch, beside the one at its end; 0: every step.
        deterministic: use only operations that give the same bits in every run, a little slower; then a run that was
            stopped, or killed, and goes on ends with the bits of one that was not.
        seed: of the weights, the dropout and the order of the examples.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 0.002
    warm_up: float = 0.05
    clip: float = 1.0
    patience: int = 3
    max_length: int = 100
    vocabulary_size: int = 4000
    text: str = "unigram"
    train_size: int | None = None
    jit: bool = False
    checkpoint_seconds: float = 120.0
    deterministic: bool = False
    seed: int = 1

    def check(self) -> None:
        """Refuse what cannot be trained with.

        Raises:
            CallError: a setting out of its range.
        """
        for name in ("epochs", "batch_size", "patience", "max_length", "vocabulary_size"):
            positive(name, getattr(self, name))
        fraction("warm_up", self.warm_up)
        if self.train_size is not None:
            positive("train_size", self.train_size)
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise CallError(f"`{name}` must be a number above 0. Received: {name}={getattr(self, name)}.")
        if not self.checkpoint_seconds >= 0:
            raise CallError(f"`checkpoint_seconds` must be a number, 0 or above. Received: {self.checkpoint_seconds}.")
        if not 0 <= self.seed < 2**31:
            raise CallError(f"`seed` must be from 0 to {2**31 - 1}. Received: seed={self.seed}.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Settings":
        """Return the settings that a run's `config.json` holds; what it does not name has its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config["training"].items() if name in known})
