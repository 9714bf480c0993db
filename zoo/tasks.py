"""The three tasks, with one record of properties each."""

from dataclasses import dataclass
from typing import Any

from zoo.errors import CallError, nearest


@dataclass(frozen=True, kw_only=True)
class Task:
    """The properties of a task.

    Attributes:
        name: "translation", "classification" or "language_model".
        sides: the sides of an example that have a vocabulary.
        prompted: true if the input is a prompt, which starts with the start id and is continued by the model. Any other
            input ends with the end id.
        labelled: true if the target of an example is a label.
        endpoints: the name of each endpoint of `zoo.decoding.endpoints` in a file for LiteRT or ONNX.
        monitors: the validation metrics that training can monitor, starting with the default.
    """

    name: str
    sides: tuple[str, ...]
    prompted: bool = False
    labelled: bool = False
    endpoints: dict[str, str]
    monitors: tuple[str, ...]

    @property
    def endpoint_of(self) -> dict[str, str]:
        """The name of each endpoint, by its name in a file for LiteRT or ONNX."""
        return {name: endpoint for endpoint, name in self.endpoints.items()}

    @property
    def size_options(self) -> dict[str, str]:
        """The name of the builder option for the size of the vocabulary, by side."""
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
    """Return a task by name.

    Raises:
        CallError: an unknown task; the message names the nearest one.
    """
    if name not in TASKS:
        raise CallError(
            f"`task` must be one of {', '.join(TASKS)}. Received: task={name!r}.{nearest(str(name), TASKS)}"
        )
    return TASKS[name]
