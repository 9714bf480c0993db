"""The checks of what the functions over token ids are given: the model, and ids that are known before the graph runs.

The ids of a model are 0 for padding, at the end of a row, its `start_id` and its `end_id`; any other is a token. Ids
that break these rules come from another tokenizer or another place, and their answers would mean nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.constants import END, PAD, START
from zoo.errors import CallError

SEQUENCE_METHODS = ("encode", "first_tokens", "decode_step")
SHOWN_IDS = 12


@dataclass(frozen=True, kw_only=True)
class IdRules:
    """The rules for one array of ids.

    Attributes:
        name: the name of the argument, for the message.
        size: the size of the vocabulary; None if it is not known.
        start_id, end_id: the start and the end; None for a classifier, for which all ids are tokens.
        starts: true if every row begins with the start; else it may.
        padded: true if there is padding only at the end.
        ends: true if every row ends with the end, false if none has it, None if a row may have it.
    """

    name: str
    size: int | None
    start_id: int | None = None
    end_id: int | None = None
    padded: bool = True
    starts: bool = False
    ends: bool | None = None

    def violations(self, ids: np.ndarray) -> Iterator[tuple[str, Any]]:
        """Yield each rule in words, and a mask (B,) that is true for the rows that break it."""
        if self.size is not None:
            yield f"ids from 0 to {self.size - 1}", ((ids < 0) | (ids >= self.size)).any(1)
        present = ids != PAD
        if self.padded:
            yield f"padding (id {PAD}) only at the end", (present[:, 1:] & ~present[:, :-1]).any(1)
        if self.start_id is None:
            return
        is_start, is_end = ids == self.start_id, ids == self.end_id
        filled, following = present.any(1), np.pad(present[:, 1:], [(0, 0), (0, 1)])
        yield f"the start id {self.start_id} only as the first id", is_start[:, 1:].any(1)
        if self.starts:
            yield f"the start id {self.start_id} as the first id", filled & ~is_start[:, 0]
        if self.ends is False:
            yield f"no end id ({self.end_id}), because the model continues the prompt", is_end.any(1)
        yield f"the end id {self.end_id} only as the last id, before the padding", (is_end & following).any(1)
        if self.ends:
            yield f"the end id {self.end_id} as the last id, before the padding", filled & ~is_end.any(1)


def start_and_end(model: Any) -> tuple[int, int]:
    """Return the start and the end id of a model, 1 and 2 if it does not say."""
    return getattr(model, "start_id", START), getattr(model, "end_id", END)


def vocabulary_size(model: Any, side: str = "source") -> int | None:
    """Return the size of the vocabulary of a side of a model; None if its options do not have it."""
    options = getattr(model, "options", {})
    return options.get(f"{side}_vocabulary_size") or options.get("vocabulary_size")


def source_ids_of(model: Any, ids: Any, *, function: str) -> tf.Tensor:
    """Return the ids (B, S) that a model decodes from, as int32: sources, or the prompts of a language model.

    Args:
        model: the model.
        ids: the ids.
        function: the name of the function, for messages.

    Raises:
        CallError: the model gives no sequences, or the ids are known and break a rule of `IdRules`.
    """
    if not all(hasattr(model, name) for name in SEQUENCE_METHODS):
        raise _wrong_model(function, "a model that answers with a sequence: a Seq2Seq or a LanguageModel", model)
    start_id, end_id = start_and_end(model)
    prompted = getattr(model, "task", None) == "language_model"
    return checked_ids(
        ids,
        IdRules(
            name="source_ids",
            size=vocabulary_size(model),
            start_id=start_id,
            end_id=end_id,
            starts=prompted,
            ends=False if prompted else None,
        ),
    )


def scored_ids_of(model: Any, ids: Any, target_ids: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Return the inputs of `score` as int32: the sources and their targets, or the texts of a language model and None.

    Raises:
        CallError: the model cannot score, the targets are missing or there are too many, or ids break a rule.
    """
    task = getattr(model, "task", None)
    if task not in ("translation", "language_model"):
        raise _wrong_model("score", "a Seq2Seq or a LanguageModel", model)
    if (task == "translation") != (target_ids is not None):
        raise CallError("`target_ids` must be given to a translation model, and to no other.")
    start_id, end_id = start_and_end(model)
    special: dict[str, Any] = {"start_id": start_id, "end_id": end_id}
    rules = IdRules(name="ids", size=vocabulary_size(model), starts=task == "language_model", **special)
    ids = checked_ids(ids, rules)
    if target_ids is None:
        return ids, None
    targets = checked_ids(
        target_ids, IdRules(name="target_ids", size=vocabulary_size(model, "target"), ends=True, **special)
    )
    _check_rows("target_ids", targets, "ids", ids)
    return ids, targets


def classified_ids_of(model: Any, ids: Any) -> tf.Tensor:
    """Return the input of `classify` as int32.

    Raises:
        CallError: the model is no classifier, or the ids break a rule.
    """
    if getattr(model, "task", None) != "classification":
        raise _wrong_model("classify", "a classifier", model)
    return checked_ids(ids, IdRules(name="ids", size=vocabulary_size(model)))


def check_training_ids(model: Any, inputs: Any, targets: Any) -> None:
    """Check a batch, or a whole data set in memory, that a model of the zoo is to be trained on.

    Args:
        model: the model.
        inputs: for a translation model a dict of `source` (B, S) and `target` (B, T), which begins with the start id;
            for a language model texts (B, T) that begin with it; for a classifier texts (B, T).
        targets: the id after each id of `target`, or of the texts: the same ids one place on, and the end id. Padding
            (0) leaves a place out. A text that was cut has no end id. For a classifier the classes (B,).

    Raises:
        CallError: ids that are known break a rule of `IdRules`, or the targets are not what follows the inputs.
    """
    if getattr(model, "task", None) == "classification":
        check_ids(inputs, IdRules(name="inputs", size=vocabulary_size(model)))
        _check_classes(targets, model.options["classes"])
        return
    start_id, end_id = start_and_end(model)
    special: dict[str, Any] = {"start_id": start_id, "end_id": end_id}
    name, side, tokens = "inputs", "source", inputs
    if model.task == "translation":
        if not isinstance(inputs, dict) or not {"source", "target"} <= set(inputs):
            raise CallError("Expected `inputs` to be a dict of the ids `source` and `target`.")
        check_ids(inputs["source"], IdRules(name="source", size=vocabulary_size(model), **special))
        name, side, tokens = "target", "target", inputs["target"]
        _check_rows(name, tokens, "source", inputs["source"])
    size = vocabulary_size(model, side)
    read = check_ids(tokens, IdRules(name=name, size=size, starts=True, **special))
    following = check_ids(targets, IdRules(name="targets", size=size, padded=False))
    if read is not None and following is not None:
        _check_following(read, following, name, end_id)


def _check_following(read: np.ndarray, following: np.ndarray, name: str, end_id: int) -> None:
    """Check that each row of `following` is that of `read` without its first id, and the end id."""
    if read.shape != following.shape:
        raise CallError(f"Expected `targets` of the shape of `{name}`, {read.shape}. Received: {following.shape}.")
    if not (following == end_id).any():
        raise CallError(
            f"Expected the end id {end_id} in `targets`: without it the model would never end. Received in row 0: "
            f"{_shown(following[0])}. For the ids of another tokenizer build the model with `start_id=` and `end_id=`."
        )
    expected, known = following[:, :-1], following[:, :-1] != PAD
    same = (read[:, 1:] == expected) | ((expected == end_id) & (read[:, 1:] == PAD))  # the end itself need not be read
    wrong = (known & ~same).any(1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CallError(
            f"Expected `targets` to be the ids of `{name}` after its first, and the end id {end_id}. Received in row "
            f"{row}: {name} {_shown(read[row])}, targets {_shown(following[row])}."
        )


def checked_ids(ids: Any, rules: IdRules) -> tf.Tensor:
    """Return ids (B, T) as an int32 tensor; see `check_ids`."""
    known = check_ids(ids, rules)
    return tf.cast(tf.convert_to_tensor(ids if known is None else known), tf.int32)


def check_ids(ids: Any, rules: IdRules) -> np.ndarray | None:
    """Return ids (B, T) as an array, or None for a tensor inside a graph, of which only type and rank are checked.

    Raises:
        CallError: they are not integers in two axes with at least one column, or a row breaks a rule.
    """
    name, expected = rules.name, f"rows of ids of one length, padded with {PAD}"
    if isinstance(ids, tf.RaggedTensor | tf.SparseTensor):
        raise CallError(f"`{name}` must be {expected}. Received: {type(ids).__name__}.")
    try:
        ids = ids if tf.is_tensor(ids) else np.asarray(ids)
    except ValueError as error:
        raise CallError(f"`{name}` must be {expected}. {error}") from error
    known = tf.get_static_value(ids) if tf.is_tensor(ids) else ids
    dtype, shape = tf.as_dtype(ids.dtype), tf.TensorShape(ids.shape)
    if not dtype.is_integer or (shape.rank is not None and (shape.rank != 2 or shape[1] == 0)):
        expected = "whole numbers (batch, length) with a length of 1 or more"
        raise CallError(f"`{name}` must be {expected}. Received: {dtype.name} of shape {shape}.")
    if known is not None and len(known):
        _check_rules(known, rules)
    return known


def _check_rules(ids: np.ndarray, rules: IdRules) -> None:
    for rule, broken in rules.violations(ids):
        if broken.any():
            row = int(np.argmax(broken))
            hint = ""
            if rules.start_id is not None:
                hint = (
                    f" The model has start_id={rules.start_id}, end_id={rules.end_id}: for the ids of another "
                    "tokenizer build it with `start_id=` and `end_id=`."
                )
            raise CallError(f"`{rules.name}` must have {rule}. Received in row {row}: {_shown(ids[row])}.{hint}")


def _check_classes(targets: Any, classes: int) -> None:
    known = tf.get_static_value(targets) if tf.is_tensor(targets) else np.asarray(targets)
    if known is None:
        return
    wrong = known[(known < 0) | (known >= classes)] if known.dtype.kind in "iu" else known.ravel()
    if len(wrong):
        raise CallError(f"`targets` must be classes from 0 to {classes - 1}. Received: {wrong[0]!r}.")


def _check_rows(name: str, ids: Any, other_name: str, other: Any) -> None:
    rows, expected = (array.shape[0] if tf.is_tensor(array) else len(array) for array in (ids, other))
    if None not in (rows, expected) and rows != expected:
        raise CallError(f"`{name}` must have as many rows as `{other_name}`, {expected}. Received: {rows}.")


def _shown(row: np.ndarray) -> str:
    ids = ", ".join(str(i) for i in row[:SHOWN_IDS])
    return f"[{ids}{', …' if len(row) > SHOWN_IDS else ''}]"


def _wrong_model(function: str, expected: str, model: Any) -> CallError:
    return CallError(f"`zoo.{function}` needs {expected}. Received: {type(model).__name__}.")
