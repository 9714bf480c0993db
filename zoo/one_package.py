"""The check that `zoo`, `zoo.training` and `zoo.export` come from one place."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("training", "export")


def check_one_package() -> None:
    """Refuse to mix a checkout with another, installed one.

    In a checkout `training/` and `export/` lie beside `zoo/` and are found through the installation. When Python is
    started in a checkout that is not the installed one, `zoo` comes from the current folder and these two do not.

    Raises:
        ImportError: they do; the message names both folders.
    """
    checkout = HERE.parent
    if (HERE / "training").is_dir() or not (checkout / "training" / "fit.py").is_file():
        return  # an installed package, whole
    for part in PARTS:
        spec = importlib.util.find_spec(f"zoo.{part}")
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != checkout / part:
            where = f"comes from {found}" if found else f"is installed {_installed() or 'nowhere'}"
            raise ImportError(
                f"zoo comes from the checkout {checkout}, but zoo.{part} {where}. Start Python in another folder to "
                f"use the installed package, or install the checkout: pip install -e {checkout}"
            )


def _installed() -> str | None:
    """Return the folder of the installed package on the path, if there is one."""
    folders = [Path(entry, "zoo") for entry in sys.path if entry]
    return next((f"in {folder}" for folder in folders if folder != HERE and (folder / "training").is_dir()), None)
