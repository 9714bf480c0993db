"""Flags and help that several commands share."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from zoo.constants import LENGTH_PENALTY, MAX_BEAM_WIDTH, MAX_LENGTH_PENALTY
from zoo.errors import CallError

if TYPE_CHECKING:
    from zoo.prediction import Beam

DATA = (
    "a .tsv, two parallel files joined by a comma, a text file for language models, or a built-in corpus "
    "(numbers-fr-en, spoken-en, spoken-fr), alone or with a split (spoken-en:test); "
    "a pattern in quotes, such as 'shards/*.tsv.gz', for many files, which may be larger than memory"
)
WHERE = "a run folder, a preset, or what `zoo export` wrote: a .tflite file, a SavedModel, ONNX or TF Serving folder"


def flag_of(name: str) -> str:
    """Return the flag of an option: `--n-best` for `n_best`."""
    return f"--{name.replace('_', '-')}"


def add_force(parser: ArgumentParser) -> None:
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="replace what exists at --out")


def add_beam(parser: ArgumentParser, *, n_best: bool = False) -> None:
    """Add --beam and --length-penalty, and --n-best if asked for."""
    parser.add_argument(
        "--beam", type=int, metavar="N", help=f"beam search with N hypotheses, 1 to {MAX_BEAM_WIDTH} (default: greedy)"
    )
    if n_best:
        parser.add_argument("--n-best", type=int, metavar="K", help="print the K best of the N hypotheses, with scores")
    parser.add_argument(
        "--length-penalty",
        type=float,
        metavar="A",
        help=f"of beam search, 0 to {MAX_LENGTH_PENALTY:g}: 0 for none; a larger one favours longer answers "
        f"(default: {LENGTH_PENALTY})",
    )


def beam_of(options: Namespace) -> "Beam | None":
    """Return the beam that was asked for; None for greedy search.

    Raises:
        CallError: a value out of bounds, or another of these flags without --beam.
    """
    from zoo.prediction import Beam

    others = {name: getattr(options, name, None) for name in ("n_best", "length_penalty")}
    given = {name: value for name, value in others.items() if value is not None}
    if options.beam is not None:
        return Beam(options.beam, **given)
    if given:
        raise CallError(f"{' and '.join(map(flag_of, given))} needs --beam N.")
    return None
