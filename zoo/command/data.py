"""`zoo data`: a corpus in a folder of its own."""

from argparse import ArgumentParser, Namespace

from zoo.command.console import print_json
from zoo.command.flags import add_force


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    from zoo.training.data.public_sets import PUBLIC

    sources = {name: f" (in the package {public.package})" if public.package else "" for name, public in PUBLIC.items()}
    names = ", ".join(name + source for name, source in sources.items())
    parser.add_argument("name", metavar="NAME", help=names)
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    add_force(parser)


def run(options: Namespace) -> None:
    """Download or write the corpus, and print its files."""
    from zoo.training.data.download import download

    path = download(options.name, options.out, force=options.force)
    files = sorted(file.name for file in path.iterdir())
    if options.json:
        print_json({"path": str(path), "files": files})
    else:
        print(f"{path}: {', '.join(files)}")
