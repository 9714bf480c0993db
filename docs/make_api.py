"""Writes docs/api.md: every public name with one line, from `zoo.__all__` and the docstrings.

python docs/make_api.py
"""

import importlib
import inspect
from pathlib import Path

import zoo

PAGE = Path(__file__).with_name("api.md")
HEAD = """# The public names

`import zoo` has these names; `help(zoo.NAME)` explains each with its arguments, shapes and errors. This page is written
by `python docs/make_api.py`.
"""
# Sections by the module of a name; a name belongs to the first whose module it starts with.
SECTIONS = {
    "zoo.models": "Models",
    "zoo.layers": "Layers",
    "zoo.text": "Text",
    "zoo.vectors": "Text",
    "zoo.training.data": "Data for `fit`",
    "zoo.training": "Training",
    "zoo.fitting": "Training",
    "zoo.decoding": "Decoding",
    "zoo.pipeline": "Pipelines",
    "zoo.prediction": "Pipelines",
    "zoo.presets": "Pipelines",
    "zoo.pronouncer": "Pipelines",
    "zoo.plot": "Pipelines",
    "zoo": "Everything else",
}


def page() -> str:
    """Return the text of the page."""
    rows: dict[str, list[str]] = {title: [] for title in SECTIONS.values()}
    for name in zoo.__all__:
        rows[_section(name)].append(f"| `{name}` | {_line(name)} |")
    sections = [f"## {title}\n\n| name | |\n|---|---|\n{_joined(lines)}" for title, lines in rows.items() if lines]
    return "\n".join([HEAD, *sections])


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _section(name: str) -> str:
    home = zoo._HOMES.get(name, "zoo")
    return next(title for start, title in SECTIONS.items() if home.startswith(start))


def _line(name: str) -> str:
    """Return the first sentence of the docstring of a name."""
    value = getattr(zoo, name)
    if isinstance(value, dict):
        return "The builders by name."
    docstring = inspect.getdoc(value if not inspect.ismodule(value) else importlib.import_module(value.__name__)) or ""
    return " ".join(docstring.split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
