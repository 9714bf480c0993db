"""Training speed compared with other libraries: the same architecture, the same sentences, whole steps.

    python -m benchmarks.training --json training.json
    python -m benchmarks.training --cell tanh --only zoo keras torch

Each contender runs in its own process, in turns, so that noise on the machine affects all of them; each figure is the
median over the rounds. Sentences are grouped into batches of 64 in two ways: in the order of the corpus, padded to the
longest (as JoeyNMT trains), or by similar length (as this project trains). The floor is the time of the matrix products
alone, for the tokens that are not padding, at the speed of one large product.

Contenders that are not installed are skipped: `pip install torch 'joeynmt==2.3.0' importlib_metadata`, or name a Python
that has them with `--peers PYTHON`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from zoo.processor import processor_name

BLOCKS = {"tanh": 1, "gru": 3, "lstm": 4}
RUNS = {  # contender, whether batches have similar lengths, whether XLA compiles it
    "zoo": ("zoo", True, False),
    "zoo, corpus order": ("zoo", False, False),
    "zoo, XLA": ("zoo", True, True),
    "keras": ("keras", False, False),
    "keras, similar lengths": ("keras", True, False),
    "torch": ("torch", False, False),
    "torch, similar lengths": ("torch", True, False),
    "joeynmt": ("joeynmt", False, False),
    "joeynmt, similar lengths": ("joeynmt", True, False),
}


def products_per_token(spec: dict[str, Any]) -> float:
    """Return the multiplications and additions of the matrix products in a training step, for one pair of tokens."""
    units, encoder, embedding = spec["units"], spec["encoder_units"], spec["embedding_units"]
    width, blocks = 2 * encoder, BLOCKS[spec["cell"]]
    encode = 2 * blocks * encoder * (embedding + encoder) + width * units  # both directions, and the keys
    decode = blocks * units * (embedding + width + units) + units * units  # and the query
    read_out = (units + width + embedding) * units + units * spec["vocabulary"]
    return 3 * 2 * (encode + decode + read_out)  # forward once, backward twice; a multiplication and an addition


def product_speed(seconds: float = 2.0) -> float:
    """Return the operations a second of a large matrix product in NumPy."""
    a = np.random.default_rng(0).standard_normal([1024, 1024], np.float32)
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        a @ a
        best = max(best, 2 * 1024**3 / (time.perf_counter() - began))
    return best


def measure(name: str, spec: dict[str, Any], peers: str) -> dict[str, Any]:
    """Run a contender once."""
    contender, like_lengths, jit = RUNS[name]
    python = peers if contender in ("torch", "joeynmt") else sys.executable
    spec = json.dumps({**spec, "sorted": like_lengths, "jit": jit})
    command = [python, "-m", "benchmarks.contenders", contender, spec]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=1800)
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def summary(name: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of a contender over its rounds."""
    if "skipped" in rounds[0]:
        return {"name": name, "skipped": rounds[0]["skipped"]}
    totals = [sum(one["seconds"]) for one in rounds]
    return {
        "name": name,
        "steps_per_second": statistics.median(len(one["seconds"]) / sum(one["seconds"]) for one in rounds),
        "tokens_per_second": statistics.median(
            one["tokens"] / total for one, total in zip(rounds, totals, strict=True)
        ),
        "padding": 1 - rounds[0]["tokens"] / rounds[0]["positions"],
        "warm_up_seconds": statistics.median(one["warm_up"] for one in rounds),
        "rounds": [round(one["tokens"] / total, 1) for one, total in zip(rounds, totals, strict=True)],
    }


def table(rows: list[dict[str, Any]], floor: float) -> str:
    """Return the rows as a Markdown table; the ratios are to the row `zoo`, if there is one."""
    lines = [
        "| | target tokens/s | steps/s | padding | first steps, s | zoo is faster by |",
        "|---|---|---|---|---|---|",
    ]
    ours = next((row.get("tokens_per_second") for row in rows if row["name"] == "zoo"), None)

    def ratio(speed: float) -> str:
        return f"{ours / speed:.2f}" if ours else ""

    for row in rows:
        if "skipped" in row:
            lines.append(f"| {row['name']} | skipped: {row['skipped']} | | | | |")
            continue
        speed = row["tokens_per_second"]
        cells = [row["name"], f"{speed:,.0f}", f"{row['steps_per_second']:.2f}", f"{row['padding']:.0%}"]
        lines.append("| " + " | ".join([*cells, f"{row['warm_up_seconds']:.0f}", ratio(speed)]) + " |")
    lines.append(f"| the floor | {floor:,.0f} | | | | {ratio(floor)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the chosen contenders and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", choices=list(BLOCKS), default="gru")
    parser.add_argument("--only", nargs="*", choices=sorted({one for one, *_ in RUNS.values()}))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--peers", default=sys.executable, help="the Python in which torch and joeynmt are installed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    spec = {"vocabulary": 6000, "units": 512, "encoder_units": 256, "embedding_units": 256, "cell": options.cell}
    spec |= {"batch": 64, "batches": options.batches, "seed": 1}
    names = [name for name, (one, *_) in RUNS.items() if not options.only or one in options.only]
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    speeds = []
    for number in range(options.rounds):
        speeds.append(product_speed())
        for name in names:
            rounds[name].append(measure(name, spec, options.peers))
            print(f"round {number + 1}/{options.rounds}: {name}", file=sys.stderr, flush=True)
    floor = statistics.median(speeds) / products_per_token(spec)
    rows = [summary(name, some) for name, some in rounds.items()]
    if options.json:
        content = {"spec": spec, "product_gigaflops": [s / 1e9 for s in speeds], "floor": floor, "rows": rows}
        options.json.write_text(json.dumps(content, indent=2))
    print(f"{processor_name()}\n")
    print(table(rows, floor))


if __name__ == "__main__":
    main()
