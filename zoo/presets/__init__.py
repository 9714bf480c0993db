"""Presets: trained models in the package, a folder of `zoo export --to preset` each, next to this file."""

from pathlib import Path

from zoo.errors import nearest

PRESETS_FOLDER = Path(__file__).parent


def preset_folders() -> list[Path]:
    """Return the folders of the presets, in the order of their names."""
    return sorted(path.parent for path in PRESETS_FOLDER.glob("*/config.json"))


def preset_names() -> list[str]:
    """Return the names of the presets."""
    return [folder.name for folder in preset_folders()]


def presets_hint(name: str) -> str:
    """Return ` The presets are: ...` and the nearest preset for an unknown name; an empty string without presets."""
    known = preset_names()
    return f" The presets are: {', '.join(known)}.{nearest(name, known)}" if known else ""
