"""`zoo export`: a run in a format for serving, compared with Keras."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from zoo.atomic_files import check_free
from zoo.command.console import end_silently, import_tensorflow, native_silence, print_json
from zoo.command.flags import add_force
from zoo.export.formats import FORMATS, add_format_options, exporter, format_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("run", metavar="RUN", help="a run folder or a preset")
    parser.add_argument("--to", required=True, choices=list(FORMATS), help="the format")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to make; --to serving adds a version to an existing one"
    )
    add_format_options(parser)
    add_force(parser)


def run(options: Namespace) -> None:
    """Export the run, and print how its answers compare with Keras."""
    from zoo.pipeline import load_run

    format_settings = format_options(options)
    if options.to != "serving":  # which adds a version to an existing folder
        check_free(Path(options.out), options.force)
    end_silently()
    import_tensorflow()
    report = export_run(load_run(options.run), options.to, options.out, force=options.force, **format_settings)
    if options.json:
        print_json(report)
    else:
        _print(report)


def export_run(run: Any, to: str, out: Any, *, force: bool = False, **options: Any) -> dict[str, Any]:
    """Export a run without the messages of TensorFlow and LiteRT.

    Args:
        run: the pipeline of the run.
        to: the name of the format.
        out: the folder to make.
        force: replace what exists at `out`.
        **options: the options of the format.

    Returns:
        The report of the exporter: `path`, `format`, `bytes` and `parity`.
    """
    with native_silence():
        return exporter(to)(run, out, force=force, **options)


def _print(report: dict[str, Any]) -> None:
    path, parity = report["path"], report["parity"]
    same = f"{parity['identical']} of {parity['compared']} answers identical to those of Keras"
    print(f"{path}: {report['bytes']:,} bytes, {same}")
    if "quantize" in parity:
        scores = f"{parity['measure']} {parity['score']}, in float32 {parity['float32_score']}"
        print(f"{scores}, on {parity['scored']} validation samples")
        print(f"the model alone: {parity['model_bytes']:,} bytes, in float32 {parity['float32_model_bytes']:,}")
    if report["format"] == "web":
        print(f"Next: python -m http.server --directory {path}")
    else:
        print(f'Next: zoo predict {path} "..."')
