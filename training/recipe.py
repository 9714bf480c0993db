"""Recipes: the options and settings that train a model best on a corpus, one TOML file each in training/recipes/."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import find
from zoo.errors import CallError, nearest
from zoo.toml_files import read_toml

if TYPE_CHECKING:
    from zoo.training.settings import Settings

FOLDER = Path(__file__).parent / "recipes"
SPLITS = ("train", "valid")


@dataclass(frozen=True)
class Recipe:
    """A recipe.

    Attributes:
        name: "<corpus>.<model>", or the path of a file of the user's own.
        description: one line.
        model: the name of the model.
        data: DATA for "train" and "valid", where the corpus is built in.
        options: options of the model's builder.
        settings: settings of the training, by the names of the fields of `zoo.training.settings.Settings`.
    """

    name: str
    model: str
    description: str = ""
    data: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def settled(
        self, options: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> "tuple[dict[str, Any], Settings]":
        """Return the model's options and the settings of the recipe, with those given here in place of its own.

        Raises:
            CallError: an option or setting that does not exist; the message gives the nearest.
        """
        from zoo.models.build import check_options
        from zoo.training.settings import Settings

        try:
            check_options(self.model, self.options)
            _check_keys("setting", self.settings, [setting.name for setting in fields(Settings)])
        except CallError as error:
            raise CallError(f"Recipe {self.name}: {error}") from None
        given, own = dict(settings or {}), dict(self.settings)
        if "batch_size" in given:
            own.pop("batch_tokens", None)  # it would take precedence
        return {**self.options, **(options or {})}, Settings(**{**own, **given})


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the zoo."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_recipe(name: str) -> Recipe:
    """Read a recipe.

    Args:
        name: one of `recipe_names()`, or the path of a .toml file.

    Raises:
        CallError: no recipe has that name (the message gives the nearest), or the file is no recipe.
    """
    known = recipe_names()
    path = FOLDER / f"{name}.toml" if name in known else Path(name)
    if name not in known and path.suffix != ".toml":
        raise CallError(f'There is no recipe "{name}". There are: {", ".join(known)}.{nearest(name, known)}')
    content = read_toml(path, named=f"the recipe {path}", otherwise="is no recipe")
    return _recipe(name, content)


def _recipe(name, content) -> Recipe:
    try:
        _check_keys("key", content, [key.name for key in fields(Recipe) if key.name != "name"])
        for table in ("data", "options", "settings"):
            if not isinstance(content.get(table, {}), dict):
                raise CallError(f"`{table}` must be a table. Received: {content[table]!r}.")
        _check_keys("split", content.get("data", {}), SPLITS)
        for split, data in content.get("data", {}).items():
            if not isinstance(data, str):
                raise CallError(f"`data` must name the corpus of each split. Received: {split}={data!r}.")
        if not isinstance(content.get("model"), str):
            raise CallError("it must name a `model`, one of `zoo list`.")
        find(content["model"])
    except CallError as error:
        raise CallError(f"Recipe {name}: {error}") from None
    return Recipe(name, **content)


def _check_keys(kind, given, known) -> None:
    for key in given:
        if key not in known:
            raise CallError(f'There is no {kind} "{key}". There are: {", ".join(known)}.{nearest(key, known)}')
