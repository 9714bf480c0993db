"""The three tasks: one record each, with all that differs between them but the code."""

from dataclasses import dataclass
from typing import Any

from zoo.errors import CallError, nearest


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task.

    Attributes:
        name: "translation", "classification" or "language_model".
        sides: the sides of an example that have a vocabulary.
        prompted: whether the ids that a model reads begin with the start id, to be continued, rather than close with
            the end id.
        labelled: whether the target of an example is a label.
        endpoints: the name that each endpoint of `zoo.decoding.endpoints` has in a file for LiteRT or ONNX.
        monitors: the validation scores that training can watch, the default first.
    """

    name: str
    sides: tuple[str, ...]
    prompted: bool = False
    labelled: bool = False
    endpoints: dict[str, str]
    monitors: tuple[str, ...]

    @property
    def size_options(self) -> dict[str, str]:
        """The option of the model's builder that is the size of the vocabulary, by side."""
        return {side: f"{side}_vocabulary_size" if len(self.sides) > 1 else "vocabulary_size" for side in self.sides}


TRANSLATION = Task(
    name="translation",
    sides=("source", "target"),
    endpoints={"tokens": "greedy", "beam_tokens": "beam", "score_tokens": "score"},
    monitors=("accuracy", "loss", "perplexity", "bleu", "chrf", "exact_match"),
)
CLASSIFICATION = Task(
    name="classification",
    sides=("source",),
    labelled=True,
    endpoints={"tokens": "classify"},
    monitors=("accuracy", "loss"),
)
LANGUAGE_MODEL = Task(
    name="language_model",
    sides=("source",),
    prompted=True,
    endpoints={"tokens": "generate", "beam_tokens": "beam", "score_tokens": "score"},
    monitors=("loss", "accuracy", "perplexity"),
)

TASKS = {task.name: task for task in (TRANSLATION, CLASSIFICATION, LANGUAGE_MODEL)}


def task_named(name: Any) -> Task:
    """Return the task of that name.

    Raises:
        CallError: there is none; the message gives the nearest.
    """
    if name not in TASKS:
        raise CallError(
            f"`task` must be one of {', '.join(TASKS)}. Received: task={name!r}.{nearest(str(name), TASKS)}"
        )
    return TASKS[name]
