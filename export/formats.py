"""The formats of `zoo export`, one entry each in `FORMATS`; detection, inspection and the command line read them here.

No TensorFlow is imported: an entry names its functions as "module:function", and they are imported when they are used.
A new format is a module with three functions, and an entry.
"""

import importlib
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import CallError, nearest
from zoo.export.serving.versions import GRAPH, newest_version
from zoo.options import check_names
from zoo.run_folder import CONFIG, LITERT_FILE, is_preset

SITE_FILE = "site.json"


@dataclass(frozen=True, kw_only=True)
class FormatOption:
    """An option of an exporter, and its flag on the command line.

    Attributes:
        name: the keyword of the exporter; `--max-drop` is the flag of `max_drop`.
        help: the help of the flag.
        kind: `bool` for a switch; otherwise the function that parses the value.
        metavar: the name of the value in the help.
        choices: the values that are allowed, if they are few.
    """

    name: str
    help: str
    kind: Callable[[str], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] | None = None

    @property
    def flag(self) -> str:
        """The flag of the command."""
        return f"--{self.name.replace('_', '-')}"


def _parse_shape(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError as error:
        message = f'must be two numbers with a comma between, as 1,32. Received: "{text}"'
        raise ArgumentTypeError(message) from error


IDS_ONLY = FormatOption(
    name="ids_only", kind=bool, help="without text signatures, to load where tensorflow-text is not"
)
QUANTIZE = FormatOption(
    name="quantize", choices=("none", "float16", "int8"), help="the type in which weights are stored (default: none)"
)
MAX_DROP = FormatOption(
    name="max_drop",
    kind=float,
    metavar="X",
    help="fail when --quantize costs more points of BLEU or accuracy, or per cent of perplexity (default: 0.5)",
)
SHAPE = FormatOption(
    name="shape",
    kind=_parse_shape,
    metavar="B,S",
    help="fixed input shape, B texts of S ids, for LiteRT.js and CompiledModel",
)
TEXT_OPS = FormatOption(
    name="text_ops", kind=bool, help="also model.text.tflite, for apps that link the operations of TF Text"
)
LITERT_JS = FormatOption(
    name="litert_js", metavar="DIR", help="the folder where npm installed @litertjs/core, to copy into the site"
)


def _find_marked_folder(path: Path, mark: str) -> Path | None:
    """Return the folder that holds a file named like `mark`; `path` is the folder or such a file in it."""
    if path.is_file():
        return path.parent if path.match(mark) else None
    return path if any(path.glob(mark)) else None


def _find_newest_version(path: Path, mark: str) -> Path | None:
    return newest_version(path)


def _find_preset(path: Path, mark: str) -> Path | None:
    return path if is_preset(path) else None


def _find_file(path: Path, mark: str) -> Path | None:
    """Return the file itself, or the file of that name in the folder."""
    file = path if path.is_file() else path / mark
    return file if file.is_file() else None


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format.

    Attributes:
        export: "module:function", `(pipeline, out, *, force, **options) -> report`: writes an artefact that was
            compared with Keras.
        load: "module:function", `(path) -> Pipeline`: returns the pipeline of the artefact.
        inspect: "module:function", `(path) -> dict`: describes the artefact; see `zoo.export.inspection`.
        mark: the file by which a folder is recognised, as a glob pattern.
        find: `(path, mark) -> path or None`: returns the folder or file to load; None for a path of another format.
        options: the options of the exporter.
    """

    export: str
    load: str
    inspect: str
    mark: str
    find: Callable[[Path, str], Path | None] = _find_marked_folder
    options: tuple[FormatOption, ...] = ()


# A path has the first format whose mark is found, so a preset and a site come before the .tflite inside them.
FORMATS = {
    "preset": Format(
        export="zoo.export.presets.exporter:export_preset",
        load="zoo.export.presets.load:load_preset",
        inspect="zoo.export.presets.load:inspect_preset",
        mark=f"{CONFIG} and {LITERT_FILE}",
        find=_find_preset,
        options=(QUANTIZE, MAX_DROP),
    ),
    "saved_model": Format(
        export="zoo.export.saved_model:export_saved_model",
        load="zoo.export.saved_model:load_saved_model",
        inspect="zoo.export.saved_model:inspect_saved_model",
        mark=GRAPH,
        options=(IDS_ONLY,),
    ),
    "serving": Format(
        export="zoo.export.serving.exporter:export_serving",
        load="zoo.export.saved_model:load_saved_model",
        inspect="zoo.export.serving.exporter:inspect_version",
        mark=f"*/*/{GRAPH}",
        find=_find_newest_version,
    ),
    "web": Format(
        export="zoo.export.web.exporter:export_web",
        load="zoo.export.web.manifest:refuse_site",
        inspect="zoo.export.web.manifest:inspect_site",
        mark=SITE_FILE,
        options=(QUANTIZE, MAX_DROP, LITERT_JS),
    ),
    "onnx": Format(
        export="zoo.export.onnx:export_onnx",
        load="zoo.export.onnx:load_onnx",
        inspect="zoo.export.onnx:inspect_onnx",
        mark="*.onnx",
    ),
    "tflite": Format(
        export="zoo.export.litert.exporter:export_tflite",
        load="zoo.export.lite:LiteModel",
        inspect="zoo.export.litert.inspection:inspect_tflite",
        mark=LITERT_FILE,
        find=_find_file,
        options=(QUANTIZE, MAX_DROP, SHAPE, TEXT_OPS),
    ),
}


def imported(reference: str) -> Any:
    """Import the function that a format names as "module:function"."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def exporter(format: str, options: Iterable[str] = ()) -> Any:
    """Return the exporter of a format: `(pipeline, out, *, force, **options) -> report`.

    Args:
        format: the name of the format.
        options: the names of the options that it will be called with.

    Raises:
        CallError: there is no such format, or it has no such option; the message names the nearest one.
    """
    if format not in FORMATS:
        known = ", ".join(FORMATS)
        raise CallError(f"`format` must be one of {known}. Received: {format!r}.{nearest(str(format), FORMATS)}")
    check_names(f"The format {format}", options, {option.name: option for option in FORMATS[format].options})
    return imported(FORMATS[format].export)


def _formats_by_option() -> dict[FormatOption, list[str]]:
    """Return every option with the names of the formats that have it."""
    formats: dict[FormatOption, list[str]] = {}
    for name, format in FORMATS.items():
        for option in format.options:
            formats.setdefault(option, []).append(name)
    return formats


def add_format_options(parser: ArgumentParser) -> None:
    """Add the options of all formats to the parser of a command."""
    for option, formats in _formats_by_option().items():
        text = f"{', '.join(formats)}: {option.help}"
        if option.kind is bool:
            parser.add_argument(option.flag, action="store_true", help=text)
        else:
            settings: dict[str, Any] = {"type": option.kind, "choices": option.choices, "metavar": option.metavar}
            parser.add_argument(option.flag, help=text, **settings)


def format_options(options: Namespace) -> dict[str, Any]:
    """Return the options that were given, by the names of the keywords of the exporter.

    Raises:
        CallError: an option is of another format, or `--max-drop` is given without `--quantize`.
    """
    given = {}
    for option, formats in _formats_by_option().items():
        value = getattr(options, option.name)
        if value is None or value is False:
            continue
        if options.to not in formats:
            right = " or ".join(f"--to {format}" for format in formats)
            raise CallError(f"{option.flag} is for {right} alone. Received: --to {options.to}.")
        given[option.name] = value
    if "max_drop" in given and given.get("quantize", "none") == "none" and options.to != "preset":
        raise CallError("--max-drop needs --quantize float16 or int8.")  # a preset has float16 weights too
    return given
