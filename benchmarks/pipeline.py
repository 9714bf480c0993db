"""The cost of the input pipeline: the time to make batches, compared with the time of training steps on them.

    python -m benchmarks.pipeline [--train DATA] [--units 256] [--steps 100] [--subword-alpha 0.3]

The pipeline prefetches batches where a core is free, so its share of a step is an upper bound of its cost. With
`--subword-alpha` it includes the drawing of the segmentations.
"""

import argparse
import time

from zoo.command.console import set_environment


def main() -> None:
    """Measure the pipeline and the training, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", default="numbers-fr-en")
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--subword-alpha", type=float, default=0.0)
    options = parser.parse_args()
    set_environment()
    from zoo.models.build import build
    from zoo.training.data.batches import batches
    from zoo.training.data.corpora import read_corpus
    from zoo.training.data.examples import encode
    from zoo.training.run.prepare import learn_vocabularies, vocabulary_sizes
    from zoo.training.settings import Settings
    from zoo.training.step.optimizer import make_optimizer

    settings = Settings(batch_size=options.batch_size, subword_alpha=options.subword_alpha)
    corpus = read_corpus(options.train, task="translation")
    vocabularies = learn_vocabularies(corpus, "translation", settings)
    how = {"max_length": settings.max_length, "subword_alpha": settings.subword_alpha, "seed": 1}
    examples = encode(corpus, "translation", vocabularies, **how)
    sizes = vocabulary_sizes("translation", vocabularies, [])
    model = build("bahdanau_seq2seq", **sizes, units=options.units, cell="gru", bidirectional=True)
    model.compile(make_optimizer(settings, 10_000))

    def data():
        return batches(examples, settings.batch_size, shuffle_seed=1)

    def seconds(work) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    next(iter(data()))
    alone = seconds(lambda: list(data().take(options.steps)))
    model.fit(data(), steps_per_epoch=8, verbose=0)
    steps = seconds(lambda: model.fit(data(), steps_per_epoch=options.steps, verbose=0))
    print(f"{options.steps} batches {alone:.2f} s, {options.steps} steps {steps:.2f} s: {alone / steps:.1%} of a step")


if __name__ == "__main__":
    main()
