"""`zoo push`: a preset, with its card, to the Hugging Face Hub."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zoo.command.console import print_json
from zoo.errors import CallError


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("where", metavar="WHERE", help="a preset that `zoo card` was called for")
    parser.add_argument("to", metavar="hf://owner/name", help="the model of the Hub; made if it does not exist")
    parser.add_argument("--private", action="store_true", help="make it for its owner alone")


def run(options: Namespace) -> None:
    """Check the preset and upload it."""
    from zoo.digests import DIGESTS, check_digests
    from zoo.export.card import PARITY, read_json
    from zoo.hub import push_to_hub
    from zoo.presets.card import CARD
    from zoo.run_folder import is_preset, preset_or_path

    folder = preset_or_path(Path(options.where))
    if not is_preset(folder) or not (folder / CARD).is_file():
        expected = "what `zoo export --to preset` wrote, with the card that `zoo card` writes"
        raise CallError(f"{folder} cannot be published: expected {expected}.")
    check_digests(folder, folder / DIGESTS)
    names = [*read_json(folder / DIGESTS), DIGESTS, *([PARITY] if (folder / PARITY).is_file() else [])]
    files = [folder / name for name in names]
    address = push_to_hub(files, options.to, card=folder / CARD, private=options.private)
    if options.json:
        print_json({"path": str(folder), "to": options.to, "url": address})
    else:
        print(f'{address}\nNext: zoo predict {options.to} "..."')
