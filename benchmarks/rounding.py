"""How far float32 is from float64 in Keras, for each preset: what the tolerances of parity have to leave room for.

    python -m benchmarks.rounding [--names NAME ...] [--samples 100]

Each preset answers its samples and the odd texts of parity twice, computing in float32 and in float64. Where both give
the same pieces, the largest difference of an attention weight and of a score is printed, for the texts up to
100 pieces and for those beyond it.
"""

import argparse

from zoo.command.console import set_environment
from zoo.processor import processor_name

LONG_TEXT = 100  # pieces


def main() -> None:
    """Print a line for each preset and length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="+", help="the presets (default: all)")
    parser.add_argument("--samples", type=int, default=100, help="of the samples of each preset")
    options = parser.parse_args()
    set_environment()
    import zoo
    from zoo.export.parity.answers import attention_difference, largest_difference, same
    from zoo.export.parity.samples import ODD_TEXTS
    from zoo.presets import preset_folders
    from zoo.run_folder import read_samples

    folders = [folder for folder in preset_folders() if options.names is None or folder.name in options.names]
    print(f"{processor_name()}\n\n| preset | pieces | texts | other answers | attention | score |\n{'|---' * 6}|")
    for folder in folders:
        single = zoo.load(folder, keras=True)
        model = type(single.model).from_config({**single.model.get_config(), "dtype": "float64"})
        model.set_weights(single.model.get_weights())
        double = zoo.Pipeline(model, single.source, single.target)
        texts = [*read_samples(folder).sources[: options.samples], *ODD_TEXTS]
        pairs = list(zip(double.predict(texts), single.predict(texts), strict=True))
        for name, is_long in ((f"to {LONG_TEXT}", False), ("beyond", True)):
            chosen = [pair for pair in pairs if (len(pair[0].source_pieces) > LONG_TEXT) == is_long]
            equal = [pair for pair in chosen if same(*pair)]
            attention = max((attention_difference(*pair) for pair in equal), default=0.0)
            score = largest_difference((a.score, b.score) for a, b in equal)
            counts = f"{len(chosen)} | {len(chosen) - len(equal)}"
            print(f"| {folder.name} | {name} | {counts} | {attention:.1e} | {score:.1e} |", flush=True)


if __name__ == "__main__":
    main()
