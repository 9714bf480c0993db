"""Error rates of a model from spelling to phonemes, and of Phonetisaurus trained on the same words.

    zoo data cmudict --out data
    python -m benchmarks.pronunciation data --where g2p-en --beam 4 [--peers PYTHON] [--out FILE.json]

PYTHON is an interpreter with the package `phonetisaurus` (0.3.0: Linux, x86-64); it trains the default 8-gram of that
package. The scores are those of `zoo card`: see `zoo.presets.pronunciation`.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import zoo
from zoo.presets.pronunciation import pronunciation_scores, references_of
from zoo.processor import processor_name

# Reads {"train": [[word, phonemes], ...], "words": [...], "model": path}, writes {"seconds": s, "answers": {...}}.
PEER = """
import json, sys, time, phonetisaurus
given = json.load(open(sys.argv[1], encoding="utf-8"))
began = time.perf_counter()
phonetisaurus.train({word: [phonemes.split()] for word, phonemes in given["train"]}, given["model"])
seconds = time.perf_counter() - began
answers = {word: " ".join(phonemes) for word, phonemes in phonetisaurus.predict(given["words"], given["model"])}
json.dump({"seconds": seconds, "answers": answers}, open(sys.argv[2], "w", encoding="utf-8"))
"""


def of_the_zoo(where: str, references: dict[str, list[str]], beam: zoo.Beam | None) -> dict[str, Any]:
    """Return the scores of a preset, run folder or artefact."""
    pipeline = zoo.load(where)
    began = time.perf_counter()
    outputs = [prediction.output for prediction in pipeline.predict(list(references), beam=beam)]
    seconds = time.perf_counter() - began
    return {"words_a_second": round(len(outputs) / seconds), **_scores(outputs, references)}


def of_phonetisaurus(python: str, data: Path, references: dict[str, list[str]]) -> dict[str, Any]:
    """Train Phonetisaurus on `train.tsv`, and return its scores, its size and the time of the training."""
    lines = (data / "train.tsv").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        model, given, answered = (Path(folder) / name for name in ("model.fst", "given.json", "answered.json"))
        content = {"train": [line.split("\t") for line in lines], "words": list(references), "model": str(model)}
        given.write_text(json.dumps(content), encoding="utf-8")
        subprocess.run([python, "-c", PEER, str(given), str(answered)], check=True, stdout=subprocess.DEVNULL)
        result = json.loads(answered.read_text(encoding="utf-8"))
        size = model.stat().st_size
    outputs = [result["answers"].get(word, "") for word in references]
    return {
        "megabytes": round(size / 1e6, 1),
        "minutes": round(result["seconds"] / 60, 1),
        **_scores(outputs, references),
    }


def _scores(outputs: list[str], references: dict[str, list[str]]) -> dict[str, Any]:
    found = pronunciation_scores(outputs, list(references.values()))
    return {name: [score[part] for part in ("score", "low", "high")] for name, score in found.items()}


def main() -> None:
    """Print the scores of all systems."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--where", default="g2p-en")
    parser.add_argument("--split", default="test", choices=["valid", "test"])
    parser.add_argument("--beam", type=int)
    parser.add_argument("--length-penalty", type=float, default=1.0)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    beam = zoo.Beam(options.beam, length_penalty=options.length_penalty) if options.beam else None
    corpus = zoo.read_corpus(options.data / f"{options.split}.all.tsv", task="translation")
    references = references_of(corpus.sources, corpus.targets)
    results: dict[str, Any] = {"processor": processor_name(), "words": len(references)}
    results[options.where] = of_the_zoo(options.where, references, beam)
    if options.peers:
        results["phonetisaurus"] = of_phonetisaurus(options.peers, options.data, references)
    for name, result in results.items():
        print(name, json.dumps(result))
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
