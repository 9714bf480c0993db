"""`zoo list`: the models, presets and recipes."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

from zoo.catalog import CATALOG
from zoo.command.console import print_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command: it has none of its own."""


def run(options: Namespace) -> None:
    """Print the lists."""
    lists = {"models": _models(), "presets": _presets(), "recipes": _recipes()}
    if options.json:
        print_json(lists)
        return
    width = max(len(entry["name"]) for title in ("models", "presets") for entry in lists[title])
    for title in ("models", "presets"):
        print(f"{title}:")
        for entry in lists[title]:
            print(f"  {entry['name']:<{width}} {entry['task']:<15} {entry['equation']}")
            print(f"  {'':<{width}} {'':<15} {entry['paper'] if title == 'models' else _facts(entry)}")
        if not lists[title]:
            print("  none")
    print("recipes:")
    for recipe in lists["recipes"]:
        print(f"  {recipe['name']}\n  {'':<{width}} {recipe['description']}")


def _models() -> list[dict[str, Any]]:
    keys = ("name", "task", "equation", "paper")
    return [{key: getattr(entry, key) for key in keys} for entry in CATALOG]


def _presets() -> list[dict[str, Any]]:
    from zoo.presets.listing import list_presets

    models = {model["name"]: model for model in _models()}
    return [{**models[preset.model], **asdict(preset)} for preset in list_presets()]


def _facts(preset: dict[str, Any]) -> str:
    """Return the model of a preset, and what else is known of it, in one line."""
    facts = [preset["model"], "-".join(preset["languages"])]
    if preset["parameters"] is not None:
        facts.append(f"{preset['parameters']:,} parameters")
    facts.append(f"{preset['bytes'] / 1e6:.1f} MB")
    if preset["measure"] is not None:
        low, high = preset["interval"]
        facts.append(f"{preset['measure']} {preset['score']:g} ({low:g} to {high:g})")
    return ", ".join(filter(None, [*facts, preset["licence"]]))


def _recipes() -> list[dict[str, Any]]:
    from zoo.training.recipe import read_recipe, recipe_names

    recipes = map(read_recipe, recipe_names())
    return [{key: getattr(recipe, key) for key in ("name", "model", "description")} for recipe in recipes]
