"""The folders TF Serving watches: OUT/NAME/VERSION, where a version is a number. No TensorFlow is imported here."""

from pathlib import Path

from zoo.errors import CallError

CONFIG = "models.config"  # beside NAME; the mark of a folder that `zoo export --to serving` made
GRAPH = "saved_model.pb"


def versions(model_folder: Path) -> list[int]:
    """Return the numbers of the versions in OUT/NAME, the newest last."""
    if not model_folder.is_dir():
        return []
    return sorted(int(one.name) for one in model_folder.iterdir() if _is_number(one.name) and (one / GRAPH).is_file())


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def models(out: Path) -> list[str]:
    """Return the names of the models in OUT that have a version."""
    return sorted(one.name for one in out.iterdir() if versions(one)) if out.is_dir() else []


def newest_version(path: Path) -> Path | None:
    """Return the folder of the newest version under OUT or OUT/NAME, None where there is none.

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
    """Tell whether a folder holds more than versions of a model and drafts of them, as a first export leaves it that
    failed or was killed."""
    inside = (out / name).iterdir() if (out / name).is_dir() else ()
    others = [one for one in out.iterdir() if one.name != name]
    return any(not one.name.endswith(".part") for one in others) or any(
        not (_is_number(one.name) or one.name.endswith(".part")) for one in inside
    )


def next_version(out: Path, name: str, version: int | None, force: bool) -> int:
    """Return the number that the next version of a model in OUT takes.

    Args:
        out: the folder to serve; it may be there already.
        name: of the model.
        version: the number that was asked for, or None.
        force: whether a version of that number may be replaced.

    Raises:
        CallError: the number is taken or none, or OUT is not a folder to serve this model from.
    """
    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is a file. Choose another --out.")
    if out.exists() and not (out / CONFIG).is_file() and _holds_more(out, name):
        raise CallError(f"{out} holds something else than `zoo export --to serving` writes. Choose another --out.")
    others = [one for one in models(out) if one != name]
    if others:
        raise CallError(f"{out} serves {', '.join(others)}. Choose another --out for {name}.")
    there = versions(out / name)
    if version is None:
        return there[-1] + 1 if there else 1
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise CallError(f"`version` must be a positive integer. Received: version={version}.")
    if version in there and not force:
        raise CallError(f"{out / name} has a version {version} already. Choose another, or add --force to replace it.")
    return version
