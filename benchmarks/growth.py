"""The time and the memory of training as the work grows: one table of lengths, vocabularies, units, batches, corpora.

    python -m benchmarks.growth --json /tmp/growth.json
    python -m benchmarks.growth --only length units               # some of the rows
    python -m benchmarks.growth --only corpus --corpus 10000 100000

One dimension grows, the others keep their defaults: sentences of 30 pieces a side, vocabularies of 8,000, embeddings
and units of 256, batches of 64. The model is `bahdanau_seq2seq` with tanh cells, without XLA; no row has padding. Each
point is a fresh process.

The seconds of a step are the median of up to five steps after the first. The peak is that of the resident memory, minus
the memory after the imports: weights, optimizer and what a step keeps.

A corpus is made from a seed, in gzip shards of 50,000 pairs in a temporary folder, and read in the same way as by `zoo
train --train 'FOLDER/*.tsv.gz'`. Its sentences are short and their batches have padding. Its row has besides the pairs
that are read and encoded a second, and the seconds from the beginning, with the learning of vocabularies and the first
shuffle, to the end of the first step. Its peak is that of the anonymous memory, which a process holds for itself. The
pages of the temporary files are not in it: the operating system drops them when memory is short. Sizes are in MB of
10^6 bytes.
"""

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import Peak, make_step, resident
from zoo.processor import processor_name

DEFAULTS = {"length": 30, "vocabulary": 8_000, "units": 256, "batch": 64}
GROWTH: dict[str, tuple[int, ...]] = {
    "length": (10, 25, 50, 100, 200, 400, 800),
    "vocabulary": (1_000, 4_000, 16_000, 64_000),
    "units": (128, 256, 512, 1_024),
    "batch": (1, 8, 64, 512),
    "corpus": (10_000, 100_000, 1_000_000, 10_000_000),
}
STEPS, SECONDS = 5, 20.0  # of a measurement, at most
SHARD = 50_000
STEPS_OF_CORPUS = 20
MODEL = "bahdanau_seq2seq"


def timed_steps(run, count: int) -> list[float]:
    """Return the seconds of each of up to `count` calls, as many as begin within `SECONDS`."""
    times: list[float] = []
    while len(times) < count and sum(times) < SECONDS:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return times


def measure_step(length: int, vocabulary: int, units: int, batch: int) -> dict[str, Any]:
    """Measure training steps on one batch."""
    import zoo.training.step.optimizer  # noqa: F401  (all imports are before the measurement)

    peak = Peak("cpu")
    step, make_batch = make_step(MODEL, vocabulary, units)
    data = make_batch(batch, length)
    first, *times = timed_steps(lambda: float(step(*data)["loss"]), STEPS + 1)
    seconds = statistics.median(times or [first])
    return {
        "seconds_a_step": seconds,
        "tokens_a_second": batch * length / seconds,
        "peak_bytes": peak.bytes(),
        "steps": len(times),
    }


def write_shards(folder: Path, pairs: int) -> int:
    """Write a corpus of random sentences of made-up words, 4 to 12 words a side; return its bytes before gzip."""
    import numpy as np

    dice = np.random.default_rng(1)
    syllables = [consonant + vowel for consonant in "bcdfghjklmnprstvz" for vowel in "aeiou"]
    words = np.array(["".join(dice.choice(syllables, dice.integers(1, 5))) for _ in range(20_000)])
    written = 0
    for number, begin in enumerate(range(0, pairs, SHARD)):
        count = min(SHARD, pairs - begin)
        lengths = dice.integers(4, 13, [count, 2])
        drawn = iter(
            words[(len(words) * dice.random(lengths.sum()) ** 3).astype(int)].tolist()
        )  # some words are common
        lines = ["\t".join(" ".join(next(drawn) for _ in range(n)) for n in pair) for pair in lengths.tolist()]
        content = "".join(f"{line}\n" for line in lines).encode()
        written += len(content)
        (folder / f"{number:04}.tsv.gz").write_bytes(gzip.compress(content, 1))
    return written


def measure_corpus(folder: Path) -> dict[str, Any]:
    """Measure the reading of shards and the first training steps on them."""
    from zoo.models.build import build
    from zoo.training.data.batches import batches
    from zoo.training.data.corpora import read_corpus
    from zoo.training.data.examples import encode
    from zoo.training.run.prepare import learn_vocabularies, vocabulary_sizes
    from zoo.training.settings import Settings
    from zoo.training.step.optimizer import make_optimizer

    task, settings = "translation", Settings(vocabulary_size=DEFAULTS["vocabulary"])
    imported, began = resident("RssAnon"), time.perf_counter()
    corpus = read_corpus(str(folder / "*.tsv.gz"), task=task, scratch=folder)
    read = time.perf_counter()
    vocabularies = learn_vocabularies(corpus, task, settings)
    learnt = time.perf_counter()
    examples = encode(corpus, task, vocabularies, max_length=settings.max_length)
    encoded = time.perf_counter()
    model = build(MODEL, **vocabulary_sizes(task, vocabularies, []), units=DEFAULTS["units"])
    model.compile(make_optimizer(settings, 10_000), jit_compile=False)
    data = iter(batches(examples, DEFAULTS["batch"], shuffle_seed=1))
    tokens: list[int] = []

    def step() -> None:
        inputs, targets = next(data)
        model.train_on_batch(inputs, targets)
        tokens.append(int((targets.numpy() != 0).sum()))

    first, *times = timed_steps(step, STEPS_OF_CORPUS + 1)
    return {
        "seconds_a_step": statistics.median(times),
        "tokens_a_second": sum(tokens[1:]) / sum(times),
        "imported_bytes": imported,
        "resident_bytes": resident("VmHWM"),
        "seconds_to_read": read - began,
        "seconds_to_learn": learnt - read,
        "seconds_to_encode": encoded - learnt,
        "seconds_to_first_step": encoded - began + first,
        "pairs_a_second": len(corpus) / (read - began + encoded - learnt),
    }


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Measure one case in a fresh process; watch its anonymous memory."""
    command = [sys.executable, "-m", "benchmarks.growth", "--case", json.dumps(case)]
    peak = 0
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out)
        while process.poll() is None:
            try:
                peak = max(peak, resident("RssAnon", process.pid))
            except (LookupError, OSError):  # it has just ended
                break
            time.sleep(0.02)
        if process.wait():
            raise SystemExit(f"{' '.join(command)} failed.")
        out.seek(0)
        row = json.loads(out.read().splitlines()[-1])
    if "imported_bytes" in row:
        row["peak_bytes"] = peak - row["imported_bytes"]
    return row


def measure(dimension: str, value: int) -> dict[str, Any]:
    """Return the row of one point."""
    row: dict[str, Any] = {"grows": dimension, "value": value}
    if dimension != "corpus":
        return row | run({**DEFAULTS, dimension: value})
    with tempfile.TemporaryDirectory() as folder:
        written = write_shards(Path(folder), value)
        return row | {"corpus_bytes": written} | run({"folder": folder})


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| grows | | s a step | target tokens/s | peak, MB | corpus, MB | pairs/s | first step, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = f"{row['seconds_a_step']:.3f} | {row['tokens_a_second']:,.0f} | {row['peak_bytes'] / 1e6:,.0f}"
        if row["grows"] == "corpus":
            cells += f" | {row['corpus_bytes'] / 1e6:,.1f} | {row['pairs_a_second']:,.0f}"
            cells += f" | {row['seconds_to_first_step']:,.0f}"
        else:
            cells += " | | |"
        lines.append(f"| {row['grows']} | {row['value']:,} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all points, print a table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="the file to write")
    parser.add_argument("--only", nargs="+", choices=GROWTH, default=list(GROWTH), help="the dimensions that grow")
    for dimension, values in GROWTH.items():
        parser.add_argument(f"--{dimension}", nargs="+", type=int, default=values, help="its points")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)  # one measurement, in a child process
    options = parser.parse_args()
    if options.case:
        folder = options.case.pop("folder", None)
        print(json.dumps(measure_corpus(Path(folder)) if folder else measure_step(**options.case)))
        return
    rows = []
    for dimension in options.only:
        for value in getattr(options, dimension):
            rows.append(measure(dimension, value))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if options.json:
        report = {"processor": processor_name(), "rows": rows}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{processor_name()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
