"""Texts such as nobody writes."""

import random

KINDS = ["unigram", "char", "word"]  # of vocabularies


def odd_texts(seed, count):
    """Texts of spaces, ligatures, combining marks, unassigned characters, other planes, and some words."""
    dice = random.Random(seed)
    odd = [0, 9, 10, 0xA0, 0xAD, 0x2581, 0x2047, 0x200B, 0x200F, 0x3000, 0xFEFF, 0xFFFD, 0xFFFE, 0x10FFFF]
    words = ["le ", "huit", "e\u0301", "\ufb01", "\u2167", "\u00bd", "\u3314", "\ufdfa", "12", "...", "<s>", "  "]
    pools = [
        lambda: chr(dice.randrange(0x80)),
        lambda: chr(dice.randrange(0x80, 0x370)),
        lambda: chr(dice.choice([*range(0x370, 0xD800), *range(0xE000, 0x10000)])),
        lambda: chr(dice.randrange(0x10000, 0x110000)),
        lambda: chr(dice.choice(odd)),
        lambda: dice.choice(words),
    ]
    return ["".join(dice.choice(pools)() for _ in range(dice.randrange(30))) for _ in range(count)]
