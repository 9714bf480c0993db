"""Writes docs/zoo.md and docs/results.csv: all presets with their scores, from the `results.json` of each.

python docs/make_zoo.py
"""

import csv
import io
import json
import textwrap
from pathlib import Path
from typing import Any

from zoo.presets import PRESETS_FOLDER
from zoo.presets.card import TITLES
from zoo.presets.listing import RESULTS, Preset, list_presets

FOLDER = Path(__file__).parent
HEAD = """# The presets

Trained models that come with the package. `zoo predict NAME "..."` and `zoo.load("NAME")` answer by a .tflite, without
TensorFlow; `zoo.load("NAME", keras=True)` reads the Keras model, and `zoo train --from NAME` trains it further. The
scores are those of the .tflite on the test set, with their 95 % intervals; `docs/results.csv` has all of them. This
page is written by `python docs/make_zoo.py`; each card says how its preset was made.
"""
WIDTH = 120
COLUMNS = ("preset", "model", "languages", "parameters", "tflite_bytes", "bytes", "score", "value", "low", "high")


def page() -> str:
    """Return the text of the page."""
    presets = list_presets()
    head = ["| preset | parameters | .tflite | main score | 95 % interval | licence |", "|---|---|---|---|---|---|"]
    sections = [part for preset in presets for part in ("", *_section(preset))]
    return "\n".join([HEAD, *head, *map(_row, presets), *sections, ""])


def rows_of_scores() -> str:
    """Return all scores of all presets as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for preset in list_presets():
        about_it = [preset.name, preset.model, "-".join(preset.languages), preset.parameters]
        sizes = [preset.tflite_bytes, preset.bytes]
        for name, score in _results(preset.name)["scores"].items():
            writer.writerow([*about_it, *sizes, name, score["score"], score["low"], score["high"]])
    return text.getvalue()


def _row(preset: Preset) -> str:
    size = f"{(preset.tflite_bytes or 0) / 1e6:.1f} MB"
    low, high = preset.interval or (0, 0)
    score = f"{TITLES.get(str(preset.measure), str(preset.measure))}: {preset.score:g}"
    return f"| `{preset.name}` | {preset.parameters:,} | {size} | {score} | {low:g} to {high:g} | {preset.licence} |"


def _section(preset: Preset) -> list[str]:
    about = _results(preset.name)["about"]
    limits = [textwrap.fill(limit, WIDTH, initial_indent="- ", subsequent_indent="  ") for limit in about["limits"]]
    card = f"[Its card](../zoo/presets/{preset.name}/card.md): scores, failures, speed, how it was made."
    return [f"## {preset.name}", "", textwrap.fill(about["purpose"], WIDTH), "", "Not for:", "", *limits, "", card]


def _results(name: str) -> dict[str, Any]:
    return json.loads((PRESETS_FOLDER / name / RESULTS).read_text(encoding="utf-8"))


if __name__ == "__main__":
    (FOLDER / "zoo.md").write_text(page(), encoding="utf-8")
    (FOLDER / "results.csv").write_text(rows_of_scores(), encoding="utf-8")
