"""`zoo predict`: the answers to texts."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.command.console import native_silence, print_json
from zoo.command.flags import WHERE, add_beam, beam_of
from zoo.errors import CallError
from zoo.log import logger

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline
    from zoo.prediction import Beam, Prediction


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("where", metavar="WHERE", help=WHERE)
    parser.add_argument("texts", nargs="*", default=[], metavar="TEXT", help="default: the lines of standard input")
    add_beam(parser, n_best=True)
    parser.add_argument("--attention", metavar="FILE.png", help="draw the attention of the first text's answer")


def run(options: Namespace) -> None:
    """Answer the texts, and draw the attention if asked for."""
    if options.attention:
        from zoo.plot import check_picture, matplotlib_module

        check_picture(options.attention)
        matplotlib_module("figure")
    beam = beam_of(options)
    from zoo.pipeline import load

    with native_silence():
        pipeline = load(options.where)
    texts = _check_encoding(options.texts) if options.texts else _read_lines()
    predictions = pipeline.predict(texts, beam=beam)
    if options.attention:
        _draw(options, pipeline, texts, beam)
    for number, prediction in enumerate(predictions, start=1):
        if prediction.truncated:
            logger.warning(f"input {number} is too long; only its beginning was read")
        if prediction.unknown:
            shown = ", ".join(map(_printable, dict.fromkeys(prediction.unknown)))
            logger.warning(f"input {number} has characters that the vocabulary does not know: {shown}")
    if options.json:
        print_json([prediction.as_json() for prediction in predictions])
    else:
        _print(predictions)


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


def _read_lines() -> list[str]:
    """Return the lines of standard input; an empty line is a text, a line break at the end begins none."""
    content = sys.stdin.buffer.read()
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    texts = []
    for number, line in enumerate(lines, start=1):
        try:
            texts.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError as error:
            raise CallError(f"Standard input, line {number}: not UTF-8 ({error.reason}).") from error
    return texts


def _draw(options: Namespace, pipeline: "Pipeline", texts: Sequence[str], beam: "Beam | None") -> None:
    from zoo.plot import draw_attention

    if not texts:
        raise CallError("--attention needs a text.")
    prediction = pipeline.explain(texts[0], beam=beam)
    if prediction.attention is None:
        raise CallError(f"{options.where} holds a model that does not attend; there is nothing to draw.")
    if not prediction.target_pieces:
        raise CallError("The answer is empty; there is nothing to draw.")
    draw_attention(options.attention, prediction.attention, prediction.source_pieces, prediction.target_pieces)
    logger.info(f"attention of the first text: {options.attention}")


def _print(predictions: "Sequence[Prediction]") -> None:
    """Print one line an answer; with --n-best, one line a hypothesis, its score first."""
    for prediction in predictions:
        if not prediction.alternatives:
            print(prediction.output.replace("\n", " "))
        for hypothesis in prediction.alternatives:
            print(f"{hypothesis.score:.4f}\t{hypothesis.output}".replace("\n", " "))
