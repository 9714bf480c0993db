"""`zoo inspect`: the description of a run or an export."""

from argparse import ArgumentParser, Namespace

from zoo.command.console import native_silence, print_json
from zoo.command.flags import WHERE


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("where", metavar="WHERE", help=f"{WHERE}, or a site for the browser")


def run(options: Namespace) -> None:
    """Print the description."""
    from zoo.export.inspection import as_text, inspect

    with native_silence():
        report = inspect(options.where)
    if options.json:
        print_json(report)
    else:
        print(as_text(report))
