"""The provenance of a run: a record of its data, vocabularies, model and settings."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.errors import CallError
from zoo.log import logger
from zoo.run_folder import CONFIG, RunConfig
from zoo.versions import versions


def record(config: RunConfig) -> dict[str, Any]:
    """Return the part of a run's `config.json` that the result depends on: no paths, as files may be moved."""
    content = config.as_json()
    decisive = {name: content[name] for name in ("model", "task", "options", "labels", "training", "vocabularies")}
    data = {split: {name: corpus[name] for name in ("count", "digest")} for split, corpus in config.data.items()}
    teachers = {"teachers": {str(i): teacher["digest"] for i, teacher in enumerate(config.teachers)}}
    return {**decisive, "data": data, **(teachers if config.teachers else {})}


def check_same(
    run: Path,
    now: Mapping[str, Any],
    then: Mapping[str, Any],
    *,
    what: str = f"its {CONFIG}",
    may_differ: Collection[str] = (),
) -> None:
    """Refuse to resume a run whose record differs from the one in its checkpoint.

    Raises:
        CallError: they differ; the message names the differences.
    """
    now, then = dict(_flat(now)), dict(_flat(then))
    names = [name for name in [*then, *(now.keys() - then.keys())] if now.get(name) != then.get(name)]
    names = [name for name in names if name not in may_differ]
    if names:
        differences = "; ".join(f"{name} was {then.get(name)} and is now {now.get(name)}" for name in names[:5])
        raise CallError(
            f"{run} cannot be continued: {what} is not the one its checkpoint was made with: {differences}."
        )


def warn_of_versions(config: RunConfig) -> None:
    """Warn when the packages are not those that a run was begun with."""
    then, now = config.versions, versions()
    changed = [f"{name} {then[name]} (now {now.get(name)})" for name in then if then[name] != now.get(name)]
    if changed:
        logger.warning(f"the run was begun with {', '.join(changed)}: the last digits may differ.")


def _flat(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, Mapping):
        yield name, content
        return
    for key, value in content.items():
        yield from _flat(value, f"{name}.{key}" if name else key)
