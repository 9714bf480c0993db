"""The description of an artefact: its card, signatures, operations, weights, sizes and proof."""

import os
from pathlib import Path
from typing import Any

from zoo.export.card import read_json
from zoo.export.formats import FORMATS, imported
from zoo.export.load import RUN, find
from zoo.run_folder import METRICS, read_config


def inspect(where: str | os.PathLike) -> dict[str, Any]:
    """Describe a run folder, a preset, or an artefact of `zoo export`.

    Nothing is run, and of a SavedModel only the graph is read.

    Returns:
        `path`, `format` and `bytes`; `card`: the task, the model, its options and labels. Where they exist, also
        `signatures` by name, each with its `inputs` and `outputs` by name, as "int32 [?, ?]"; `operations`, the
        number of each; `weights`, bytes by type; `parity`, the comparison with Keras of the export; `training`, the
        scores of a run.

    Raises:
        CallError: `where` does not exist, or is damaged.
    """
    format, path = find(where)
    report = _inspect_run(path) if format == RUN else imported(FORMATS[format].inspect)(path)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {"path": str(path), "format": format, "bytes": sum(file.stat().st_size for file in files)} | report


def _inspect_run(path: Path) -> dict[str, Any]:
    content = read_config(path).as_json()
    metrics = path / METRICS
    names = ("task", "model", "options", "labels", "recipe", "data", "versions")
    return {
        "card": {name: content[name] for name in names},
        "training": read_json(metrics) if metrics.is_file() else None,
    }


def as_text(report: dict[str, Any]) -> str:
    """Return a report of `inspect` as text."""
    card = report["card"]
    version = f", version {report['version']}" if "version" in report else ""
    lines = [f"{report['path']}: {report['format']}{version}, {report['bytes']:,} bytes"]
    lines.append(f"{card['task']}, {card['model']}: {_pairs(card['options'])}")
    if card.get("labels"):
        lines.append(f"labels: {', '.join(card['labels'])}")
    for name, signature in report.get("signatures", {}).items():
        lines.append(f"{name}({_pairs(signature['inputs'])})")
        lines.append(f"    -> {_pairs(signature['outputs'])}")
    for title, unit in (("weights", " bytes"), ("operations", "")):
        if report.get(title):
            lines.append(f"{title}: {', '.join(f'{name} {count:,}{unit}' for name, count in report[title].items())}")
    for title in ("parity", "training"):
        if report.get(title):
            lines.append(f"{title}: {_pairs(report[title])}")
    return "\n".join(lines)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if not isinstance(value, dict))
