"""The spoken form by a simple rule: each number of the test sets of `spoken-en` and `spoken-fr` becomes its cardinal.

    python -m benchmarks.spoken_rules

A number may have thousands and a decimal part; `num2words` spells it, in English without commas and "and". Everything
else is copied. Prints the share of the sentences that are exactly right: all, and those that have something to say.
"""

import re

from num2words import num2words

from zoo.training.data.corpora import read_corpus

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


def main() -> None:
    """Print the shares of both languages."""
    for language in NUMBERS:
        corpus = read_corpus(f"spoken-{language}:test", task="translation")
        right = [
            (source == target, by_rule(source, language) == target)
            for source, target in zip(corpus.sources, corpus.targets, strict=True)
        ]
        spoken = [exact for copied, exact in right if not copied]
        everything = sum(exact for _, exact in right) / len(right)
        print(f"spoken-{language}: {everything:.1%} of {len(right)} sentences exactly right, ", end="")
        print(f"{sum(spoken) / len(spoken):.1%} of the {len(spoken)} that have something to say")


if __name__ == "__main__":
    main()
