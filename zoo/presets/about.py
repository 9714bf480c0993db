"""What the author of a preset says about it, in a TOML file."""

from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from zoo.errors import CallError, nearest
from zoo.toml_files import read_toml

PRONUNCIATION = "pronunciation"  # a kind of scores
BESIDE = ("system", "scores", "command")  # of a row of `beside`


@dataclass(frozen=True, kw_only=True)
class About:
    """The statement of an author about a preset: what the records of its run do not tell.

    Attributes:
        purpose: what the model is for.
        limits: what it is not for, and where it is known to fail.
        languages: the codes of its languages, those of the source first.
        licence: the SPDX name of the licence of the weights, as "CC-BY-SA-4.0".
        attribution: the data that it was trained on: source, authors and licence.
        reproduce: the commands that make the preset, one a line.
        measure: the name of its main score; None for the first of its kind.
        scores: the kind of its scores: "pronunciation" for a model from spelling to phonemes; None for those of its
            task.
        beside: other systems on the same test set: for each a `system`, its `scores` and the `command` or other source
            of them.
    """

    purpose: str
    limits: list[str]
    languages: list[str]
    licence: str
    attribution: list[str]
    reproduce: list[str]
    measure: str | None = None
    scores: str | None = None
    beside: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the content for `results.json`."""
        return asdict(self)


def read_about(path: Path) -> About:
    """Read the file of an author: the fields of `About`.

    Raises:
        CallError: the file cannot be read, lacks a field, or has one that does not exist or is of another type.
    """
    content = read_toml(path, named=str(path), otherwise="is damaged")
    known = [known.name for known in fields(About)]
    for name, value in content.items():
        if name not in known:
            raise CallError(f'{path}: there is no "{name}". There are: {", ".join(known)}.{nearest(name, known)}')
        _check(path, name, value)
    required = [part.name for part in fields(About) if part.default is MISSING and part.default_factory is MISSING]
    missing = [name for name in required if name not in content]
    if missing:
        raise CallError(f"{path}: expected {', '.join(known)}. It has no {', '.join(missing)}.")
    if content.get("scores", PRONUNCIATION) != PRONUNCIATION:
        raise CallError(f'{path}: `scores` must be "{PRONUNCIATION}". Received: {content["scores"]!r}.')
    return About(**content)


def _check(path: Path, name: str, value: Any) -> None:
    if name == "beside":
        return _check_beside(path, value)
    is_list = name in ("limits", "languages", "attribution", "reproduce")
    texts = value if is_list and isinstance(value, list) and value else [value]
    if is_list != isinstance(value, list) or not all(map(_is_text, texts)):
        expected = "a list of texts" if is_list else "a text"
        raise CallError(f"{path}: `{name}` must be {expected}. Received: {value!r}.")


def _check_beside(path: Path, rows: Any) -> None:
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict) or sorted(row) != sorted(BESIDE) or not all(map(_is_text, row.values())):
            expected = f"tables [[beside]] with the texts {', '.join(BESIDE)}"
            raise CallError(f"{path}: `beside` must be {expected}. Received: {row!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
