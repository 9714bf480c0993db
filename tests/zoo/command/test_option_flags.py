from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Annotated

import pytest

from zoo.checks import OneOf, positive, switch
from zoo.command.option_flags import add_options, given
from zoo.options import options_of


@dataclass
class Settings:
    """Settings of a test.

    Attributes:
        epochs: the passes.
        learning_rate: the highest rate, 100% of it after `warm_up`; see `epochs`.
        warm_up: the share.
        schedule: the course.
        name: the name.
        shuffle: whether to shuffle.
        jit: whether to compile; default: on a GPU.
    """

    epochs: Annotated[int, positive]
    learning_rate: float = 0.002
    warm_up: float = 0.0
    schedule: Annotated[str, OneOf(("cosine", "constant"))] = "cosine"
    name: str = "run"
    shuffle: Annotated[bool, switch] = True
    jit: Annotated[bool | None, switch] = None


@pytest.fixture
def parser():
    parser = ArgumentParser(prog="test")
    add_options(parser, "the settings", options_of(Settings))
    return parser


def test_help(parser, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = [line.strip() for line in parser.format_help().partition("the settings:\n")[2].splitlines()]
    described = [" ".join(line.split()) for line in lines]
    assert described == [
        "--epochs N the passes",
        "--learning-rate X the highest rate, 100% of it after --warm-up; see --epochs (default: 0.002)",
        "--warm-up X the share (default: 0)",
        "--schedule {cosine,constant}",
        "the course (default: cosine)",
        "--name KIND the name (default: run)",
        "--shuffle, --no-shuffle",
        "whether to shuffle (default: yes)",
        "--jit, --no-jit whether to compile; default: on a GPU",
    ]


def test_only_what_is_given_has_a_value(parser):
    names = list(options_of(Settings))
    assert given(parser.parse_args([]), names) == {}
    options = parser.parse_args(["--epochs", "3", "--warm-up", "0", "--no-jit", "--shuffle", "--schedule", "constant"])
    assert given(options, names) == {"epochs": 3, "warm_up": 0.0, "schedule": "constant", "shuffle": True, "jit": False}
    assert given(options, ["epochs", "name"]) == {"epochs": 3}
