"""The parts `zoo.training` and `zoo.export` of a checkout, where they lie beside `zoo/`."""

import importlib.util
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("training", "export")


def find_parts(path: list[str]) -> None:
    """Let `zoo.training` and `zoo.export` come from the place that `zoo` comes from.

    An installed package holds them. In a checkout `training/` and `export/` lie beside `zoo/`: they are found through
    an installation of this checkout (`pip install -e`), or, when Python is started in it, in the current folder.

    Args:
        path: the `__path__` of the package, which is extended if they are not found.

    Raises:
        ImportError: they would come from another checkout; the message names both folders.
    """
    checkout = HERE.parent
    if (HERE / "training").is_dir() or not (checkout / "training" / "fit.py").is_file():
        return  # an installed package, whole
    if importlib.util.find_spec("zoo.training") is None:
        path.append(str(checkout))
    for part in PARTS:
        spec = importlib.util.find_spec(f"zoo.{part}")
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != checkout / part:
            raise ImportError(
                f"zoo comes from the checkout {checkout}, but zoo.{part} comes from {found}. Start Python in another "
                f"folder to use the installed package, or install the checkout: pip install -e {checkout}"
            )
