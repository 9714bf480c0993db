"""The options of `zoo export` that are for a .tflite alone."""

from typing import Any

from zoo.errors import CallError


def add_tflite_options(command) -> None:
    """Add --quantize, --max-drop, --shape and --text-ops to the parser of a command."""
    command.add_argument(
        "--quantize", choices=["none", "float16", "int8"], help="how a .tflite stores its weights (default: none)"
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


def tflite_options(options) -> dict[str, Any]:
    """Return those that were given, by the names that `export_tflite` knows them by.

    Raises:
        CallError: one was given for another format, or --shape is no two numbers.
    """
    names = ("quantize", "max_drop", "shape", "text_ops")
    given = {name: getattr(options, name) for name in names if getattr(options, name) not in (None, False)}
    if given and options.to != "tflite":
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise CallError(f"{flags}: for --to tflite alone. Received: --to {options.to}.")
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
