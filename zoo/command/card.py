"""`zoo card`: the card and the scores of a preset."""

import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.command.console import native_silence, print_json
from zoo.command.flags import DATA
from zoo.errors import CallError

if TYPE_CHECKING:
    from zoo.presets.about import About
    from zoo.training.data.corpora import Corpus

TIMED = 20  # texts


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


def run(options: Namespace) -> None:
    """Score the preset, and write `results.json` and `card.md` into its folder."""
    from zoo.presets.about import read_about
    from zoo.run_folder import is_preset, read_config
    from zoo.training.data.corpora import read_corpus

    folder = Path(options.preset)
    if not is_preset(folder):
        raise CallError(f"{folder} is no folder of a preset: expected what `zoo export --to preset` wrote.")
    about = read_about(Path(options.about))
    corpus = read_corpus(options.data, task=read_config(folder).task, split="test")
    results = write_card(folder, corpus, about)
    if options.json:
        print_json(results)
        return
    for name, score in results["scores"].items():
        print(f"{name:<12} {score['score']:g} ({score['low']:g} to {score['high']:g})")
    print(f"{folder / 'card.md'}")


def write_card(folder: Path, corpus: "Corpus", about: "About") -> dict[str, Any]:
    """Write `results.json` and `card.md` of a preset, and return the content of the first.

    Args:
        folder: the folder of the preset.
        corpus: the test set.
        about: what the author says about the preset.

    Raises:
        CallError: a file of the preset is damaged, or the task has no such main score.
    """
    from zoo.atomic_files import new_file
    from zoo.digests import DIGESTS, add_digests
    from zoo.pipeline import load, load_run
    from zoo.presets.card import CARD, card_of
    from zoo.presets.evaluation import evaluation_of
    from zoo.presets.listing import RESULTS
    from zoo.processor import processor_name
    from zoo.run_folder import LITERT_FILE, MODEL, write_json

    with native_silence():
        lite, keras = load(folder), load_run(folder)
    sources = list(corpus.sources)
    evaluation = evaluation_of(lite, sources, corpus.targets)
    measure = about.measure or next(iter(evaluation["scores"]))
    if measure not in evaluation["scores"]:
        known = ", ".join(evaluation["scores"])
        raise CallError(f"`measure` must be one of {known}. Received: {measure!r}.")
    formats = {
        name: {"bytes": (folder / name).stat().st_size, "milliseconds": _milliseconds(pipeline, sources)}
        for name, pipeline in ((LITERT_FILE, lite), (MODEL, keras))
    }
    results = {
        "about": about.as_json(),
        "parameters": keras.model.count_params(),
        "measure": measure,
        "test": {"origin": Path(corpus.origin).name, "digest": corpus.digest},
        **evaluation,
        "formats": formats,
        "processor": processor_name(),
    }
    write_json(folder / RESULTS, results)
    with new_file(folder / CARD) as draft:
        draft.write_text(card_of(folder.name, keras.config, results), encoding="utf-8")
    add_digests(folder, folder / DIGESTS, [RESULTS, CARD])
    return results


def _milliseconds(pipeline: Any, texts: Sequence[str]) -> float:
    """Return the median time of an answer to one text, in milliseconds."""
    some = texts[:: max(1, len(texts) // TIMED)][:TIMED]
    for text in some:  # the first call for a shape may compile it
        pipeline.predict([text])
    seconds = []
    for text in some:
        began = time.perf_counter()
        pipeline.predict([text])
        seconds.append(time.perf_counter() - began)
    return round(1000 * statistics.median(seconds), 2)
