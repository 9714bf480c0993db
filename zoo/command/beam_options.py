"""The options of beam search on the command line."""

from zoo.constants import LENGTH_PENALTY, MAX_BEAM_WIDTH
from zoo.errors import CallError


def add_beam(command, *, n_best: bool = False) -> None:
    """Add --beam and --length-penalty to the parser of a command, and --n-best if asked for."""
    command.add_argument(
        "--beam", type=int, metavar="N", help=f"search with N hypotheses, 1 to {MAX_BEAM_WIDTH}; default greedily"
    )
    if n_best:
        command.add_argument("--n-best", type=int, metavar="K", help="answer with the K best of the N, with scores")
    command.add_argument(
        "--length-penalty",
        type=float,
        metavar="A",
        help=f"of the beam: 0 for none, more for longer answers (default: {LENGTH_PENALTY})",
    )


def beam_of(options):
    """Return how to search as a `zoo.predictor.Beam`, None for greedily.

    Raises:
        CallError: a beam that cannot be, or an option of one without --beam.
    """
    from zoo.prediction import Beam

    about = {"n_best": getattr(options, "n_best", None), "length_penalty": options.length_penalty}
    given = {name: value for name, value in about.items() if value is not None}
    if options.beam is None:
        if given:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise CallError(f"{names} needs --beam N.")
        return None
    return Beam(options.beam, **given)
