"""`zoo shortlist`: a shortlist for the decoding of a translation run."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zoo.command.console import end_silently, import_tensorflow, print_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("run", metavar="RUN", help="a run folder, whose training set is still in its place")
    parser.add_argument(
        "--per-piece", type=int, default=50, metavar="K", help="candidates for each source piece (default: %(default)s)"
    )
    parser.add_argument(
        "--frequent",
        type=int,
        default=500,
        metavar="N",
        help="the most frequent target pieces, which are always candidates (default: %(default)s)",
    )


def run(options: Namespace) -> None:
    """Learn the shortlist, write it into the run folder and print how much of the validation set it covers."""
    end_silently()
    import_tensorflow()
    from zoo.training.shortlist import add_shortlist

    report = add_shortlist(Path(options.run), per_piece=options.per_piece, frequent=options.frequent)
    if options.json:
        print_json(report)
        return
    print(
        f"{report['path']}: {report['candidates']:.0f} of {report['target_size']:,} pieces are candidates of a "
        f"sentence, {report['coverage']:.1%} of the pieces of the validation translations among them"
    )
