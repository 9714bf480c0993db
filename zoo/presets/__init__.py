"""Presets: run folders with trained weights in the package, one folder each next to this file."""

from pathlib import Path

from zoo.errors import nearest

PRESETS_FOLDER = Path(__file__).parent


def preset_names() -> list[str]:
    """Return the names of the presets."""
    return sorted(path.parent.name for path in PRESETS_FOLDER.glob("*/config.json"))


def presets_hint(name: str) -> str:
    """Return ` The presets are: ...` and the nearest preset for an unknown name; an empty string without presets."""
    known = preset_names()
    return f" The presets are: {', '.join(known)}.{nearest(name, known)}" if known else ""
