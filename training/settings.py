"""The settings of a training: the default, the check and the help of each."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from zoo.checks import Number, OneOf, Whole, fraction, one_of, positive, switch
from zoo.errors import CallError
from zoo.options import options_of
from zoo.tasks import TASKS
from zoo.text import KINDS

if TYPE_CHECKING:
    from zoo.run_folder import RunConfig

SCHEDULES = ("cosine", "inverse_sqrt", "constant")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PAIRS_OF_KINDS = tuple(f"{source},{target}" for source in KINDS for target in KINDS)

MONITORS = tuple(dict.fromkeys(name for task in TASKS.values() for name in task.monitors))
DECODED_MONITORS = ("bleu", "chrf", "exact_match")  # of translations of the validation set
FALLING_MONITORS = ("loss", "perplexity")


def vocabulary_kinds(name: str, value: Any) -> str:
    """Return `value` when it is a kind of vocabulary, or two of them joined by a comma.

    A check without choices: the pairs would fill the help of a flag.

    Raises:
        CallError: it is not.
    """
    return one_of(name, value, [*KINDS, *PAIRS_OF_KINDS])


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """The validation score that chooses the best epoch.

    Attributes:
        name: its name in the logs of Keras and in the history.
        rising: whether a higher score is better.
    """

    name: str
    rising: bool


@dataclass(frozen=True)
class Settings:
    """The settings of a training.

    Attributes:
        epochs: the most passes over the training set.
        batch_size: examples a step.
        batch_tokens: in place of `batch_size`, the most pieces of the longer side in a step, padding included;
            default: none, `batch_size` counts.
        learning_rate: the highest learning rate of Adam. It is reached after the warm-up.
        schedule: the course of the learning rate after the warm-up. "cosine" falls to a hundredth at the last step,
            "inverse_sqrt" with one over the square root of the step, "constant" stays.
        warm_up: the share of all steps in which the learning rate rises.
        clip: the norm that the gradients are clipped to.
        weight_decay: the decay of the weights a step, as in AdamW; 0 for none.
        label_smoothing: the share of the target's probability that is spread over the whole vocabulary. The loss that
            is reported stays the plain cross-entropy.
        distillation: with teachers, the share of the targets that their probabilities decide.
        ema: the decay of a moving average of the weights, 0.999 for example; 0 for none. Validation, decoding and the
            saved model use the average.
        scheduled_sampling: the probability, at the end, that the model reads its own guess in place of a target token.
            It rises from 0 over all steps.
        patience: stop after this many epochs without a better validation score.
        monitor: the validation score that chooses the best epoch and stops the training; default: the loss for a
            language model, else the accuracy.
        watch_size: validation examples to translate after each epoch, for BLEU, chrF and exact match; 0 for none.
        max_length: leave out examples with more pieces than this on a side.
        vocabulary_size: the most pieces of a vocabulary.
        text: the kind of vocabulary: unigram, char, word, or one for each side, as in "char,word". Two are for
            translation alone.
        subword_alpha: draw another segmentation of the training texts in each epoch: near 1 mostly the best one, at 0.2
            any; 0: never. A segmentation is drawn with its probability to this power (subword regularisation, Kudo
            2018, arXiv 1804.10959). It needs text="unigram".
        train_size: read only this many training examples; default: all.
        precision: the precision of the computation; default: mixed on a GPU, else float32.
        jit: compile the training step with XLA. XLA compiles once for each of a few shapes of batches, which takes
            seconds on a CPU and half a minute on a GPU (docs/performance.md).
        checkpoint_seconds: seconds between two checkpoints inside an epoch; 0 for one after every step. There is always
            one at the end of an epoch.
        deterministic: use only operations that give the same bits in every run, a little slower. A run that was stopped
            or killed and then resumed ends with the bits of one that was not.
        seed: the seed of the weights, the dropout and the order of the examples.
    """

    epochs: Annotated[int, positive] = 10
    batch_size: Annotated[int, positive] = 64
    batch_tokens: Annotated[int | None, positive] = None
    learning_rate: Annotated[float, Number(above=True)] = 0.002
    schedule: Annotated[str, OneOf(SCHEDULES)] = "cosine"
    warm_up: Annotated[float, fraction] = 0.05
    clip: Annotated[float, Number(above=True)] = 1.0
    weight_decay: Annotated[float, Number()] = 0.0
    label_smoothing: Annotated[float, fraction] = 0.0
    distillation: Annotated[float, Number(high=1.0)] = 0.5
    ema: Annotated[float, fraction] = 0.0
    scheduled_sampling: Annotated[float, Number(high=1.0)] = 0.0
    patience: Annotated[int, positive] = 3
    monitor: Annotated[str | None, OneOf(MONITORS)] = None
    watch_size: Annotated[int, Whole()] = 500
    max_length: Annotated[int, positive] = 100
    vocabulary_size: Annotated[int, positive] = 4000
    text: Annotated[str, vocabulary_kinds] = "unigram"
    subword_alpha: Annotated[float, Number()] = 0.0
    train_size: Annotated[int | None, positive] = None
    precision: Annotated[str | None, OneOf(PRECISIONS)] = None
    jit: Annotated[bool, switch] = False
    checkpoint_seconds: Annotated[float, Number()] = 120.0
    deterministic: Annotated[bool, switch] = False
    seed: Annotated[int, Whole()] = 1

    def check(self, task: str | None = None) -> None:
        """Refuse values that no training can have.

        Args:
            task: also refuse what this task cannot have.

        Raises:
            CallError: a value is out of range, or two settings exclude each other.
        """
        for name, option in options_of(Settings).items():
            option.checked(getattr(self, name))
        self._check_monitor(task)
        self._check_text(task)
        self._check_subword_alpha()
        self._check_scheduled_sampling(task)

    def _check_monitor(self, task: str | None) -> None:
        if self.monitor is not None and task is not None:
            one_of("monitor", self.monitor, TASKS[task].monitors)
        if self.monitor in DECODED_MONITORS and not self.watch_size:
            raise CallError(f'monitor="{self.monitor}" needs translations: `watch_size` must be above 0.')

    def _check_text(self, task: str | None) -> None:
        if self.text in PAIRS_OF_KINDS and task is not None and len(TASKS[task].sides) < 2:
            raise CallError(f'Only translation has two vocabularies. Received: text="{self.text}".')

    def _check_subword_alpha(self) -> None:
        if self.subword_alpha and set(self.kinds.values()) != {"unigram"}:
            raise CallError(f'`subword_alpha` needs text="unigram". Received: text="{self.text}".')

    def _check_scheduled_sampling(self, task: str | None) -> None:
        if self.scheduled_sampling and task is not None and TASKS[task].labelled:
            raise CallError("`scheduled_sampling` is for translation and language models: a classifier reads no guess.")

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of vocabulary of each side."""
        source, _, target = self.text.partition(",")
        return {"source": source, "target": target or source}

    def monitor_of(self, task: str) -> Monitor:
        """Return the validation score that chooses the best epoch of a task."""
        name = self.monitor or TASKS[task].monitors[0]
        return Monitor(name=f"val_{name}", rising=name not in FALLING_MONITORS)

    @classmethod
    def from_config(cls, config: "RunConfig") -> "Settings":
        """Return the settings in a run's `config.json`, with defaults for those that it does not name."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.training.items() if name in known})
