"""How to train: one dataclass, checked before any text is read."""

from dataclasses import dataclass, fields

from zoo.checks import Number, fraction, one_of, positive, switch
from zoo.errors import CallError
from zoo.run_folder import RunConfig
from zoo.tasks import TASKS
from zoo.text import KINDS

SCHEDULES = ("cosine", "inverse_sqrt", "constant")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")

PAIRS_OF_KINDS = tuple(f"{source},{target}" for source in KINDS for target in KINDS)

LOWER_IS_BETTER = ("loss", "perplexity")
DECODED = ("bleu", "chrf", "exact_match")  # known only when part of the validation set is translated


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: passes over the training set.
        batch_size: examples a batch.
        batch_tokens: instead, the most pieces of the longer side in a batch, padding included.
        learning_rate: of Adam, at its highest, which it reaches after the share `warm_up` of all steps.
        schedule: what follows: "cosine", down to a hundredth at the end; "inverse_sqrt", with one over the square root
            of the steps; "constant".
        warm_up: a share of all steps.
        clip: the norm that the gradients are clipped to.
        weight_decay: of AdamW; 0 for none.
        label_smoothing: the share of the target's probability that is spread over the whole vocabulary. What is
            reported as loss stays the plain cross-entropy.
        ema: the decay of a moving average of the weights, such as 0.999; validation, decoding and the model that is
            kept use the average. 0 for none.
        scheduled_sampling: how probable it is at the end that the model reads its own guess in place of a target
            token; it rises from 0 over all steps.
        patience: epochs without a better validation score before the training stops.
        monitor: that score, one of the task's (`zoo.tasks`); None: the loss for a language model, else the accuracy.
        watch_size: translate so many validation examples after each epoch, for BLEU, chrF and exact match; 0 for none.
        max_length: the most pieces of a side; longer examples are left out.
        vocabulary_size: the most pieces of a vocabulary.
        text: the kind of vocabulary, "unigram", "char" or "word"; for translation two may be named, that of the source
            and that of the target: "char,word".
        subword_alpha: cut the training texts into pieces anew in each epoch, a way drawn with its probability to this
            power (Kudo 2018, arXiv 1804.10959); 0: always the best way. It takes text="unigram".
        train_size: use only so many training examples; None for all.
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; None: mixed on a GPU, float32 elsewhere.
        jit: compile the training step with XLA, once for each of a few shapes of batches: slower to begin, then faster;
            None: on a GPU.
        checkpoint_seconds: how often to write a checkpoint inside an epoch, beside the one at its end; 0: every step.
        deterministic: use only operations that give the same bits in every run, a little slower; then a run that was
            stopped, or killed, and goes on ends with the bits of one that was not.
        seed: of the weights, the dropout and the order of the examples.
    """

    epochs: int = 10
    batch_size: int = 64
    batch_tokens: int | None = None
    learning_rate: float = 0.002
    schedule: str = "cosine"
    warm_up: float = 0.05
    clip: float = 1.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    ema: float = 0.0
    scheduled_sampling: float = 0.0
    patience: int = 3
    monitor: str | None = None
    watch_size: int = 500
    max_length: int = 100
    vocabulary_size: int = 4000
    text: str = "unigram"
    subword_alpha: float = 0.0
    train_size: int | None = None
    precision: str | None = None
    jit: bool | None = None
    checkpoint_seconds: float = 120.0
    deterministic: bool = False
    seed: int = 1

    def check(self, task: str | None = None) -> None:
        """Refuse what cannot be trained with.

        Args:
            task: also check that it can be watched by this `monitor`.

        Raises:
            CallError: a setting out of its range.
        """
        for name in ("epochs", "batch_size", "patience", "max_length", "vocabulary_size"):
            positive(name, getattr(self, name))
        for name in ("warm_up", "label_smoothing", "ema"):
            fraction(name, getattr(self, name))
        for name in ("train_size", "batch_tokens"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))
        if self.watch_size != 0:
            positive("watch_size", self.watch_size)
        for name in ("learning_rate", "clip"):
            Number(above=True)(name, getattr(self, name))
        for name in ("weight_decay", "scheduled_sampling", "subword_alpha", "checkpoint_seconds"):
            Number()(name, getattr(self, name))
        if self.scheduled_sampling > 1:
            received = f"scheduled_sampling={self.scheduled_sampling}"
            raise CallError(f"`scheduled_sampling` must be a number from 0 to 1. Received: {received}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**31:
            raise CallError(f"`seed` must be a whole number from 0 to {2**31 - 1}. Received: seed={self.seed!r}.")
        switch("deterministic", self.deterministic)
        if self.jit is not None:
            switch("jit", self.jit)
        self._check_words(task)

    def _check_words(self, task):
        one_of("schedule", self.schedule, SCHEDULES)
        if self.precision is not None:
            one_of("precision", self.precision, PRECISIONS)
        if self.monitor is not None:
            one_of("monitor", self.monitor, TASKS[task or "translation"].monitors)
        one_of("text", self.text, [*KINDS, *PAIRS_OF_KINDS])
        if self.text in PAIRS_OF_KINDS and task not in (None, "translation"):
            raise CallError(f'Only translation has two vocabularies. Received: text="{self.text}".')
        if self.subword_alpha and set(self.kinds) != {"unigram"}:
            raise CallError(f'`subword_alpha` needs text="unigram". Received: text="{self.text}".')
        if self.monitor in DECODED and not self.watch_size:
            raise CallError(f'monitor="{self.monitor}" needs translations: `watch_size` must be above 0.')
        if self.scheduled_sampling and task == "classification":
            raise CallError("`scheduled_sampling` is for translation and language models: a classifier reads no guess.")

    @property
    def kinds(self) -> tuple[str, str]:
        """The kinds of the source's vocabulary and of the target's."""
        source, _, target = self.text.partition(",")
        return source, target or source

    def watched(self, task: str) -> tuple[str, bool]:
        """Return the name in the history of the score that is watched, and whether a higher one is better."""
        monitor = self.monitor or TASKS[task].monitors[0]
        return f"val_{monitor}", monitor not in LOWER_IS_BETTER

    @classmethod
    def from_config(cls, config: RunConfig) -> "Settings":
        """Return the settings that a run's `config.json` holds; what it does not name has its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.training.items() if name in known})
