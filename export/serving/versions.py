"""The folders that TF Serving watches: OUT/NAME/VERSION, a version being a number. No TensorFlow is imported here."""

from pathlib import Path

from zoo.errors import CallError

CONFIG = "models.config"  # beside NAME, in every folder that `zoo export --to serving` wrote
GRAPH = "saved_model.pb"


def versions(model_folder: Path) -> list[int]:
    """Return the numbers of the versions in OUT/NAME, the newest last."""
    if not model_folder.is_dir():
        return []
    folders = [path for path in model_folder.iterdir() if _is_number(path.name)]
    return sorted(int(folder.name) for folder in folders if (folder / GRAPH).is_file())


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def models(out: Path) -> list[str]:
    """Return the names of the models in OUT that have a version."""
    return sorted(path.name for path in out.iterdir() if versions(path)) if out.is_dir() else []


def newest_version(path: Path) -> Path | None:
    """Return the folder of the newest version in OUT or OUT/NAME; None if there is no version.

    Raises:
        CallError: OUT holds several models.
    """
    names = [] if versions(path) else models(path)
    if len(names) > 1:
        raise CallError(f"{path} holds several models: {', '.join(names)}. Which one? Name its folder.")
    folder = path / names[0] if names else path
    found = versions(folder)
    return folder / str(found[-1]) if found else None


def _holds_more(out: Path, name: str) -> bool:
    """Return whether a folder holds more than versions of a model and drafts, which a killed export leaves behind."""
    beside = [path.name for path in out.iterdir() if path.name != name and not _is_empty(path)]
    inside = [path.name for path in (out / name).iterdir()] if (out / name).is_dir() else []
    names = beside + [inner for inner in inside if not _is_number(inner)]
    return any(not found.endswith(".part") for found in names)


def _is_empty(path: Path) -> bool:
    """Return whether a folder is empty, as an export that failed leaves that of its model."""
    return path.is_dir() and not any(path.iterdir())


def next_version(out: Path, name: str, version: int | None, force: bool) -> int:
    """Return the number of the next version of a model in OUT.

    Args:
        out: the folder to serve; it may exist.
        name: the name of the model.
        version: the number that the caller asks for, or None.
        force: whether a version with that number may be replaced.

    Raises:
        CallError: the number is taken or is no positive integer, or OUT holds something else.
    """
    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is a file. Choose another --out.")
    if out.exists() and not (out / CONFIG).is_file() and _holds_more(out, name):
        raise CallError(f"{out} holds something else than `zoo export --to serving` writes. Choose another --out.")
    served = [model for model in models(out) if model != name]
    if served:
        raise CallError(f"{out} serves {', '.join(served)}. Choose another --out for {name}.")
    existing = versions(out / name)
    if version is None:
        return existing[-1] + 1 if existing else 1
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise CallError(f"`version` must be a positive integer. Received: version={version}.")
    if version in existing and not force:
        raise CallError(f"{out / name} has a version {version} already. Choose another, or add --force to replace it.")
    return version
