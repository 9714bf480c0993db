"""BLEU of a run on the Multi30k test set of 2016, as sacrebleu counts it and as papers do.

    zoo data multi30k --out data
    pip install sacremoses
    python -m benchmarks.multi30k RUN data fr-en [--split val] [--beam 5] [--length-penalty 1.0]

    13a, cased          sacrebleu's own tokens, of the texts as they are
    13a, lower-cased    the same of lower-cased texts
    as in papers        both sides with the punctuation normalised, lower-cased and split into tokens as Moses does
                        (sacremoses); BLEU counts these tokens as `multi-bleu.perl` does

The third is what papers on this set report.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import sacrebleu

import zoo

SPLITS = {"test": "test_2016_flickr", "val": "val"}


def moses_tokens(texts: Sequence[str], language: str) -> list[str]:
    """Return lower-cased texts with a space between any two tokens of Moses."""
    from sacremoses import MosesPunctNormalizer, MosesTokenizer

    normalizer, tokenizer = MosesPunctNormalizer(lang=language), MosesTokenizer(lang=language)
    cleaned = (normalizer.normalize(text.lower()) for text in texts)
    return [tokenizer.tokenize(text, return_str=True, escape=False) for text in cleaned]


def scores_of(outputs: Sequence[str], references: Sequence[str], language: str) -> dict[str, float]:
    """Return the three scores, 0 to 100."""
    outputs, references = list(outputs), list(references)
    tokens = [moses_tokens(texts, language) for texts in (outputs, references)]
    return {
        "13a, cased": sacrebleu.BLEU().corpus_score(outputs, [references]).score,
        "13a, lower-cased": sacrebleu.BLEU(lowercase=True).corpus_score(outputs, [references]).score,
        "as in papers": sacrebleu.BLEU(tokenize="none", force=True).corpus_score(tokens[0], [tokens[1]]).score,
    }


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", help="a run folder, preset or artefact")
    parser.add_argument("data", type=Path)
    parser.add_argument("pair", help="the languages, such as fr-en")
    parser.add_argument("--split", choices=list(SPLITS), default="test")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--length-penalty", type=float, default=1.0)
    options = parser.parse_args()
    languages = options.pair.split("-")
    files = ",".join(str(options.data / f"{SPLITS[options.split]}.{language}.gz") for language in languages)
    corpus = zoo.read_corpus(files, task="translation")
    beam = zoo.Beam(options.beam, length_penalty=options.length_penalty) if options.beam > 1 else None
    outputs = [one.output for one in zoo.load(options.where).predict(list(corpus.sources), beam=beam)]
    for name, score in scores_of(outputs, corpus.targets, languages[-1]).items():
        print(f"{name}: {score:.2f}")


if __name__ == "__main__":
    main()
