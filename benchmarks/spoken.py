"""How many sentences are put into spoken form exactly right, and how many are copied that say nothing differently.

    python -m benchmarks.spoken en                              # by a rule alone, on the test set of `spoken-en`
    python -m benchmarks.spoken en --where spoken-en            # by a preset, run folder or artefact beside it
    python -m benchmarks.spoken en --where spoken-en --texts test_2016_flickr.en.gz
    python -m benchmarks.spoken en --where spoken-en --with '\\d{4}-\\d\\d-\\d\\d'     # of some sentences
    python -m benchmarks.spoken en --where spoken-en --kind joined                # of one kind of the test set

The rule: each number becomes its cardinal by `num2words`, in English without commas and "and", and may have thousands
and a decimal part; everything else is copied. Besides the test set both answer `benchmarks/by_hand/`: sentences that
were written by hand, with what the corpus teaches but not in its words. TEXTS are sentences of another kind: those
without a digit are to be copied.
"""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from num2words import num2words

import zoo

BY_HAND = Path(__file__).parent / "by_hand"
# The number, the mark of its thousands, and the decimal mark.
NUMBERS = {"en": (r"\d[\d,]*(?:\.\d+)?", ",", "."), "fr": (r"\d+(?: \d{3}\b)*(?:,\d+)?", " ", ",")}


def by_rule(text: str, language: str) -> str:
    """Return the text with each number as its cardinal."""
    number, thousands, mark = NUMBERS[language]

    def spelled(found: re.Match) -> str:
        figures = found[0].replace(thousands, "").replace(mark, ".")
        words = num2words(float(figures) if "." in figures else int(figures), lang=language)
        return words.replace(",", "").replace(" and ", " ")

    return re.sub(number, spelled, text)


def outputs_of(where: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the greedy answers of a preset, run folder or artefact."""
    return [prediction.output for prediction in zoo.load(where).predict([written for written, _ in pairs])]


def report(name: str, pairs: Sequence[tuple[str, str]], outputs: Sequence[str], *, errors: int = 0) -> None:
    """Print the shares of a system: all sentences, those with something to say, and those to copy; and some errors."""
    right, count = Counter(), Counter()
    for (written, spoken), output in zip(pairs, outputs, strict=True):
        for group in ("all", "to copy" if written == spoken else "to say"):
            count[group] += 1
            right[group] += output == spoken
    shares = (f"{group} {right[group]} of {count[group]} ({right[group] / count[group]:.2%})" for group in count)
    print(f"{name}: {', '.join(shares)}")
    wrong = [(*pair, output) for pair, output in zip(pairs, outputs, strict=True) if pair[1] != output]
    for written, spoken, output in wrong[:errors]:
        print(f"    {written}\n  - {spoken}\n  + {output}")


def texts_to_copy(file: str) -> list[tuple[str, str]]:
    """Return the lines of a file that have no digit, each as written and as spoken."""
    lines = [" ".join(line.split()) for line in zoo.read_corpus(file, task="language_model").sources]
    return [(line, line) for line in lines if line and not re.search(r"\d", line)]


def columns(data: str | Path, task: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the sources and the targets of a corpus."""
    corpus = zoo.read_corpus(data, task=task)
    return corpus.sources, corpus.targets


def main() -> None:
    """Print the shares of the rule and of a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=list(NUMBERS))
    parser.add_argument("--where", help="a preset, run folder or artefact")
    parser.add_argument("--split", default="test", choices=["valid", "test"])
    parser.add_argument("--with", dest="part", default="", metavar="PATTERN", help="only sentences that have it")
    parser.add_argument("--kind", help="only sentences of a kind of the corpus, such as joined")
    parser.add_argument("--texts", help="a file of sentences that the model is to copy, one a line")
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="print the first N errors of the model")
    options = parser.parse_args()
    built_in, by_hand = f"spoken-{options.language}:{options.split}", BY_HAND / f"spoken-{options.language}.tsv"
    kinds = dict(zip(*columns(built_in, "classification"), strict=True))
    sets = {}
    for data in (built_in, by_hand):
        pairs = [pair for pair in zip(*columns(data, "translation"), strict=True) if re.search(options.part, pair[0])]
        pairs = [pair for pair in pairs if options.kind in (None, kinds.get(pair[0]))]
        if pairs:
            sets[Path(data).name] = pairs
            report(f"num2words, {Path(data).name}", pairs, [by_rule(pair[0], options.language) for pair in pairs])
    if not options.where:
        return
    if options.texts:
        sets[options.texts] = texts_to_copy(options.texts)
    for origin, examples in sets.items():
        report(f"{options.where}, {origin}", examples, outputs_of(options.where, examples), errors=options.errors)


if __name__ == "__main__":
    main()
