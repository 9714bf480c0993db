"""`zoo card`: the card and the scores of a preset."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zoo.command.console import native_silence, print_json
from zoo.command.flags import DATA, add_beam, beam_of
from zoo.errors import CallError


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("preset", metavar="PRESET", help="the folder that `zoo export --to preset` wrote")
    parser.add_argument("data", metavar="DATA", help=f"the test set: {DATA}")
    parser.add_argument(
        "--about",
        required=True,
        metavar="FILE.toml",
        help="purpose, limits, languages, licence, attribution and reproduce; see docs/library.md",
    )
    add_beam(parser)


def run(options: Namespace) -> None:
    """Score the preset, and write `results.json` and `card.md` into its folder."""
    from zoo.pipeline import load, load_run
    from zoo.presets.about import read_about
    from zoo.presets.card import CARD
    from zoo.presets.results import write_card
    from zoo.run_folder import is_preset, read_config
    from zoo.training.data.corpora import read_corpus

    folder = Path(options.preset)
    if not is_preset(folder):
        raise CallError(f"{folder} is no folder of a preset: expected what `zoo export --to preset` wrote.")
    about, beam = read_about(Path(options.about)), beam_of(options)
    corpus = read_corpus(options.data, task=read_config(folder).task, split="test")
    with native_silence():
        lite, keras = load(folder), load_run(folder)
    results = write_card(folder, lite, keras, corpus, about, beam=beam)
    if options.json:
        print_json(results)
        return
    for name, score in results["scores"].items():
        print(f"{name:<24} {score['score']:g} ({score['low']:g} to {score['high']:g})")
    print(f"{folder / CARD}")
