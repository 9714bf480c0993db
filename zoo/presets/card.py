"""The card of a preset, in Markdown with the head that the Hugging Face Hub reads."""

import json
from collections.abc import Sequence
from typing import Any

from zoo.catalog import find
from zoo.presets.about import PRONUNCIATION
from zoo.run_folder import RunConfig

CARD = "card.md"
TAGS = {"translation": "translation", "classification": "text-classification", "language_model": "text-generation"}
TITLES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "exact_match": "exact match",
    "word_error": "word error %, first pronunciation",
    "word_error_any": "word error %, any pronunciation",
    "word_error_unstressed": "word error %, any pronunciation, without stress",
    "phoneme_error_unstressed": "phoneme error %, nearest pronunciation, without stress",
}


def card_of(name: str, config: RunConfig, results: dict[str, Any]) -> str:
    """Return the card of a preset.

    Args:
        name: the name of the preset.
        config: the config of its run.
        results: the content of its `results.json`.
    """
    about = results["about"]
    parts = [
        _head(config, about),
        f"# {name}",
        about["purpose"],
        "## What it is not for",
        _bullets(about["limits"]),
        "## Use",
        _code("python", "import zoo", "", _call(name, about)),
        "`model.tflite` answers, without TensorFlow. `zoo.load(..., keras=True)` reads the Keras model, and\n"
        "`zoo train --from` trains it further.",
        "## Data and licence",
        f"The weights are under {about['licence']}.",
        _bullets(about["attribution"]),
        _table(["split", "data", "examples", "SHA-256"], _data(config)),
        "## Architecture",
        _architecture(config, results["parameters"]),
        "## Scores",
        _scores(results, config.task),
        *_beside(about.get("beside", [])),
        "## Size and speed",
        _speed(results),
        "## Failures",
        _failures(results["failures"]),
        "## How to make it again",
        _code("bash", *about["reproduce"]),
        _origins(config),
    ]
    return "\n\n".join(parts) + "\n"


def _head(config: RunConfig, about: dict[str, Any]) -> str:
    lines = [
        "---",
        f"license: {about['licence'].lower()}",
        f"language: {json.dumps(about['languages'])}",
        "library_name: attention-zoo",
        f"pipeline_tag: {TAGS[config.task]}",
        f"tags: {json.dumps(['attention-zoo', 'keras', 'tflite', config.model])}",
        "---",
    ]
    return "\n".join(lines)


def _call(name: str, about: dict[str, Any]) -> str:
    made = "Pronouncer" if about.get("scores") == PRONUNCIATION else "load"
    return f'zoo.{made}("{name}").predict(["..."])'


def _data(config: RunConfig) -> list[list[Any]]:
    return [
        [split, record.get("origin", ""), f"{record.get('count', 0):,}", f"`{str(record.get('digest', ''))[:16]}…`"]
        for split, record in config.data.items()
    ]


def _architecture(config: RunConfig, parameters: int) -> str:
    entry = find(config.model)
    options = ", ".join(f"`{name}={value}`" for name, value in config.options.items() if value is not None)
    labels = f"\n\nLabels: {', '.join(config.labels)}." if config.labels else ""
    return f"`{config.model}`, {parameters:,} parameters: {entry.equation} ({entry.paper}).\n\n{options}{labels}"


def _scores(results: dict[str, Any], task: str) -> str:
    rows = [
        [TITLES.get(name, name), f"{score['score']:g}", f"{score['low']:g} to {score['high']:g}"]
        for name, score in results["scores"].items()
    ]
    test = results["test"]
    data = f"{results['count']:,} texts of {test['origin']} (SHA-256 `{test['digest'][:16]}…`)"
    search = _search(results["beam"]) if task == "translation" else ""
    count = f"On {data}, by `model.tflite`{search}"
    signature = f"\n\nsacrebleu: `{results['signature']}`" if "signature" in results else ""
    return f"{count}:\n\n{_table(['score', '', '95 % interval'], rows)}{signature}"


def _beside(systems: list[dict[str, str]]) -> list[str]:
    """Return the section about other systems; nothing without any."""
    rows = [[row["system"], row["scores"], f"`{row['command']}`"] for row in systems]
    return ["## Beside it, on the same test set", _table(["system", "scores", "from"], rows)] if rows else []


def _search(beam: dict[str, Any] | None) -> str:
    return f", beam of {beam['width']}, length penalty {beam['length_penalty']:g}" if beam else ", greedy"


def _speed(results: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`", f"{file['bytes']:,}", f"{file['milliseconds']:g}"] for name, file in results["formats"].items()
    ]
    table = _table(["file", "bytes", "milliseconds a text"], rows)
    return f"{table}\n\nThe median over texts of the test set, one at a time and greedy, on {results['processor']}."


def _failures(failures: list[dict[str, Any]]) -> str:
    if not failures:
        return "None on the test set."
    names = [name for name in ("input", "expected", "output", "perplexity") if name in failures[0]]
    return _table(names, [[failure[name] for name in names] for failure in failures])


def _origins(config: RunConfig) -> str:
    seed = f"Seed {config.training['seed']}. " if "seed" in config.training else ""
    versions = ", ".join(f"{package} {version}" for package, version in config.versions.items())
    return f"{seed}Made with {versions}. `config.json` has every option and setting."


def _bullets(texts: list[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _code(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _table(head: Sequence[str], rows: list[list[Any]]) -> str:
    lines: list[Sequence[Any]] = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: Any) -> str:
    """Return a value for a table; what Markdown or HTML would obey is escaped, in code the end of a cell alone."""
    text = " ".join(str(value).split())
    text = text if text.startswith("`") else text.replace("\\", "\\\\").replace("<", "&lt;")
    return text.replace("|", "\\|")
