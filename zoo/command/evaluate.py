"""`zoo evaluate`: the scores of a model on a corpus."""

from argparse import ArgumentParser, Namespace

from zoo.command.console import native_silence, print_json
from zoo.command.flags import DATA, WHERE, add_beam, beam_of
from zoo.log import logger


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("where", metavar="WHERE", help=WHERE)
    parser.add_argument("data", metavar="DATA", help=DATA)
    add_beam(parser)


def run(options: Namespace) -> None:
    """Score the model and print the scores."""
    from zoo.pipeline import load
    from zoo.training.data.corpora import read_corpus
    from zoo.training.evaluate import evaluate

    beam = beam_of(options)
    with native_silence():
        pipeline = load(options.where)
    if pipeline.model is not None:  # an artefact of LiteRT or ONNX needs neither a GPU nor TensorFlow
        from zoo.gpu import warn_of_unused_gpu

        warn_of_unused_gpu()
    scores = evaluate(pipeline, read_corpus(options.data, task=pipeline.task, split="test"), beam=beam)
    if truncated := scores.get("truncated"):
        count = f"{truncated:,} of {scores['count']:,} texts"
        logger.warning(f"{count} are too long; only their beginnings were read")
    if options.json:
        print_json(scores)
        return
    for name, value in scores.items():
        print(f"{name:<12} {value:.4f}" if isinstance(value, float) else f"{name:<12} {value}")
