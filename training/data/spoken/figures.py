"""Figures as they are printed in every language: dashes, minus signs, round numbers."""

import random

from zoo.training.data.generated import draw_size


def dash(stream: random.Random) -> str:
    """Draw what stands between the ends of a range."""
    return stream.choice("--–")


def with_minus(number: str, stream: random.Random) -> str:
    """Return a number with a hyphen or a minus sign where it is negative."""
    return number.replace("-", stream.choice("--−"))


def round_number(stream: random.Random, point: str) -> str:
    """Draw a number of millions, with the decimal point of the language: 12, 2.5."""
    return stream.choice([str(draw_size(stream, 1, 99)), f"{stream.randrange(1, 20)}{point}{stream.randrange(1, 10)}"])
