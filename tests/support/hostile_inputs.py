"""Hostile input: ids, options, texts and bytes, drawn with the random generator of a case."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.constants import END, START

EXTREME = np.iinfo(np.int32)

# Marks of direction, combining marks, joined emoji, the names of special pieces, and format strings.
FRAGMENTS = [
    "\u200f", "\u200e", "\u202e", "\u2066", "e\u0301\u0301\u0301", "\u0300", "\ufeff", "\ufffd", "\0", "\x7f", "\t",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f3f3\ufe0f\u200d\U0001f308", "\r\n", "\u2581", "\ufdfa",
    "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u4e2d\u6587", "\ufb00", "\U0001d518", "\U0010ffff",
    "<s>", "</s>", "<unk>", "<pad>", " ", "  ", "a", "é", "12", "%s", "{}",
]  # fmt: skip
BAD_BYTES = [
    b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82", b"\0", b"\xf0\x9f",
]  # fmt: skip


def one_of(dice: np.random.Generator, options: Sequence[Any]) -> Any:
    """Return an element at random."""
    return options[int(dice.integers(len(options)))]


def hostile_rows(dice: np.random.Generator, size: int) -> np.ndarray:
    """Draw rows of ids, of which hardly any is what a model expects."""
    length = int(one_of(dice, [1, 2, 3, 5, 8, 13, 40]))
    strange = [-1, -2, size, size + 1, 2 * size, EXTREME.min, EXTREME.max, EXTREME.max - 1, 0, START, END, 1 << 24]
    ids = dice.integers(0, size, [int(dice.integers(1, 4)), length])
    share = one_of(dice, [0.1, 0.5, 1.0])
    ids = np.where(dice.random(ids.shape) < share, dice.choice(strange, ids.shape), ids)
    if dice.random() < 0.15:
        ids[0] = 0  # all padding
    return ids.astype(np.int32)


def hostile_options(dice: np.random.Generator, names: Sequence[str], rows: int) -> dict[str, np.ndarray]:
    """Draw options out of all bounds, one for each row."""
    integers = [0, -1, 1, 2, EXTREME.min, EXTREME.max, -128, 10_000]
    numbers = [float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 0.5, 1e30, -1e-30, 3.4e38]
    whole = ("beam_width", "max_length", "top_k", "seed")
    drawn = {}
    for name in names:
        values = [one_of(dice, integers if name in whole else numbers) for _ in range(rows)]
        if name == "beam_width" and dice.random() < 0.8:  # else a beam of 64 in nearly every case
            values = [value if value < 3 else 4 for value in values]
        drawn[name] = np.array(values, np.int32 if name in whole else np.float32)
    return drawn


def hostile_text(dice: np.random.Generator) -> str:
    """Draw a text of what texts seldom hold, half of a surrogate pair now and then."""
    pieces = [one_of(dice, FRAGMENTS) for _ in range(int(one_of(dice, [0, 1, 3, 10, 60])))]
    if dice.random() < 0.3:
        pieces.append(chr(int(dice.integers(0x110000))))
    if dice.random() < 0.05:
        pieces.append("\ud83d")
    text = "".join(pieces)
    if dice.random() < 0.02:
        text += one_of(dice, ["x", "a ", "é", "\0", FRAGMENTS[11]]) * 5_000
    if dice.random() < 0.002:
        text += one_of(dice, ["x", "a ", "7"]) * 500_000  # a line of up to 1 MB
    return text


def hostile_bytes(dice: np.random.Generator) -> bytes:
    """Draw such a text as bytes, some of which are no UTF-8."""
    raw = hostile_text(dice).encode("utf-8", "surrogatepass")
    for _ in range(int(one_of(dice, [0, 0, 1, 4]))):
        place = int(dice.integers(len(raw) + 1))
        raw = raw[:place] + one_of(dice, BAD_BYTES) + raw[place:]
    return raw
