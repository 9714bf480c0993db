"""The formats of `zoo export`, and the options that are for some of them alone."""

import importlib
from typing import Any, NamedTuple

from zoo.errors import CallError


class Format(NamedTuple):
    """A format: the function that writes it, its module, and the options that are its own."""

    module: str
    function: str
    options: tuple[str, ...] = ()


FORMATS = {
    "saved_model": Format("zoo.export.saved_model", "export_saved_model", ("ids_only",)),
    "tflite": Format("zoo.export.litert.exporter", "export_tflite", ("quantize", "max_drop", "shape", "text_ops")),
    "serving": Format("zoo.export.serving.exporter", "export_serving"),
    "web": Format("zoo.export.web.exporter", "export_web", ("quantize", "max_drop", "litert_js")),
}


def exporter(format: str) -> Any:
    """Return the function that writes a format: of a run, the folder to make, `force` and its own options."""
    return getattr(importlib.import_module(FORMATS[format].module), FORMATS[format].function)


def add_format_options(command) -> None:
    """Add the options that are for some formats to the parser of a command."""
    command.add_argument(
        "--ids-only", action="store_true", help="a SavedModel without text, which loads where tensorflow-text is not"
    )
    command.add_argument(
        "--quantize",
        choices=["none", "float16", "int8"],
        help="how weights are stored (default: none)",
    )
    command.add_argument(
        "--max-drop",
        type=float,
        metavar="X",
        help="fail when --quantize costs more points of BLEU or accuracy, or per cent of perplexity (default: 0.5)",
    )
    command.add_argument(
        "--shape",
        metavar="B,S",
        help="a .tflite of B texts of S ids, for LiteRT.js and CompiledModel",
    )
    command.add_argument(
        "--text-ops", action="store_true", help="also model.text.tflite, for apps that link the operations of TF Text"
    )
    command.add_argument(
        "--litert-js", metavar="DIR", help="web: where npm installed @litertjs/core, to copy into the site"
    )


def format_options(options) -> dict[str, Any]:
    """Return those that were given, by the names that the exporter knows them by.

    Raises:
        CallError: one was given for another format, or --shape is no two numbers.
    """
    formats: dict[str, list[str]] = {}
    for format, about in FORMATS.items():
        for name in about.options:
            formats.setdefault(name, []).append(f"--to {format}")
    given = {name: getattr(options, name) for name in formats}
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    for name in given:
        if f"--to {options.to}" not in formats[name]:
            flag, right = f"--{name.replace('_', '-')}", " or ".join(formats[name])
            raise CallError(f"{flag} is for {right} alone. Received: --to {options.to}.")
    if "max_drop" in given and given.get("quantize", "none") == "none":
        raise CallError("--max-drop needs --quantize float16 or int8.")
    if "shape" in given:
        given["shape"] = _shape(given["shape"])
    return given


def _shape(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(one) for one in text.split(","))
    except ValueError as error:
        raise CallError(f'--shape must be two numbers with a comma between, as 1,32. Received: "{text}".') from error
