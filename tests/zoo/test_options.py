from dataclasses import dataclass
from typing import Annotated

import pytest

from zoo.checks import OneOf, positive, switch
from zoo.errors import CallError
from zoo.options import check_names, options_of, takes_options


class Shape:
    """A shape.

    Args:
        sides, corners: number of them,
            over two lines.
        colour: "red" or "blue".

    Raises:
        CallError: a bad argument.
    """

    @takes_options
    def __init__(
        self,
        sides: Annotated[int, positive],
        *,
        corners: Annotated[int | None, positive] = None,
        colour: Annotated[str, OneOf(("red", "blue"))] = "red",
        **kwargs,
    ):
        self.more = kwargs


class Square(Shape):
    """A square.

    Args:
        filled: whether it is.
    """

    @takes_options
    def __init__(self, filled: Annotated[bool, switch] = False):
        super().__init__(4, corners=4)


@dataclass
class Settings:
    """Some settings.

    Attributes:
        size: of it.
    """

    size: Annotated[float | None, None] = 1.5


def test_options_are_read_from_signature_and_docstring():
    sides, corners, colour = options_of(Shape).values()
    assert (sides.required, sides.kind, sides.optional) == (True, int, False)
    assert (corners.required, corners.kind, corners.optional, corners.default) == (False, int, True, None)
    assert (colour.choices, colour.default, colour.help) == (("red", "blue"), "red", '"red" or "blue".')
    assert sides.help == corners.help == "number of them, over two lines."
    (size,) = options_of(Settings).values()
    assert (size.kind, size.optional, size.default, size.help, size.choices) == (float, True, 1.5, "of it.", ())


def test_a_constructor_keeps_its_options():
    shape = Shape(3, colour="blue", name="it")
    assert shape.options == shape.given == {"sides": 3, "corners": None, "colour": "blue"}
    assert shape.more == {"name": "it"}


def test_a_subclass_has_the_options_of_both():
    square = Square(True)
    assert square.given == {"filled": True}
    assert square.options == {"filled": True, "sides": 4, "corners": 4, "colour": "red"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Shape(0), "`sides` must be a positive integer. Received: sides=0."),
        (lambda: Shape(1, corners=-1), "`corners` must be a positive integer."),
        (lambda: Shape(1, colour="rad"), 'Did you mean "red"?'),
        (lambda: Square("no"), "`filled` must be true or false. Received: filled='no'."),
        (lambda: check_names("it", {"side": 1}, options_of(Shape)), 'it has no option "side". It has: sides, corners'),
    ],
)
def test_errors(call, message):
    with pytest.raises(CallError) as caught:
        call()
    assert message in str(caught.value)
