"""The texts for which an artefact is compared with Keras."""

from collections.abc import Sequence
from pathlib import Path

from zoo.errors import CallError
from zoo.run_folder import SAMPLES

# Inputs that are rare in training data; every artefact must read them as Keras does.
ODD_TEXTS = ["", " ", "a", "ÉÈÊ çà", "\U0001f600 \u4f60\u597d", "a\tb\u00a0c", "x" * 300]


def sample_texts(run: Path) -> list[str]:
    """Return the validation sentences that a run folder keeps, and some odd texts.

    Raises:
        CallError: the run keeps no sentences.
    """
    file = run / SAMPLES
    try:
        return file.read_text(encoding="utf-8").split("\n") + ODD_TEXTS
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"Cannot read the sample sentences {file}: {error}.") from error


def about_a_hundred(texts: Sequence[str]) -> list[str]:
    """Return about a hundred of the texts, evenly spaced, for comparisons that are slow."""
    return list(texts[:: max(1, len(texts) // 100)])
