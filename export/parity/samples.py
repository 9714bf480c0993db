"""Texts for which an artefact is compared with Keras, besides the samples of the pipeline."""

from collections.abc import Sequence

# Inputs that are rare in training data; every artefact must read them as Keras does.
ODD_TEXTS = ["", " ", "a", "ÉÈÊ çà", "\U0001f600 \u4f60\u597d", "a\tb\u00a0c", "x" * 300]


def about_a_hundred(texts: Sequence[str]) -> list[str]:
    """Return about a hundred of the texts, evenly spaced, for comparisons that are slow."""
    return list(texts[:: max(1, len(texts) // 100)])
