"""Training speed compared with other libraries: the same architecture, the same sentences, whole steps.

    python -m benchmarks.training --json training.json
    python -m benchmarks.training --cell tanh --only zoo keras torch --precision float32
    python -m benchmarks.training --device gpu --batch-size 256 --against "zoo, XLA, bfloat16"
    python -m benchmarks.training --read training.json --against "zoo, bfloat16"    # the tables of a run before

Each contender runs in its own process, in turns, so that noise on the machine affects all of them; each figure is the
median over the rounds. Sentences are grouped into batches in two ways: in the order of the corpus, padded to the
longest (as JoeyNMT trains), or by similar length (as this project trains). The rows with "bfloat16" compute in mixed
precision. XLA compiles once for each shape, and the number of shapes is in the table; "compiled" is `torch.compile`.
The floor is the time of the matrix products alone, for the tokens that are not padding, at the speed of one large
product.

Contenders that are not installed are skipped: `pip install torch 'joeynmt==2.3.0' importlib_metadata`, or name a Python
that has them with `--peers PYTHON`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.device import PRECISIONS, add_device, device_name

ROOT = Path(__file__).parents[1]
SIZES = {"vocabulary": 6000, "units": 512, "encoder_units": 256, "embedding_units": 256}
BLOCKS = {"tanh": 1, "gru": 3, "lstm": 4}


@dataclass(frozen=True)
class Run:
    """A row of the table: a contender, and how it is run.

    Attributes:
        contender: its name in `benchmarks.contenders`.
        similar: whether the sentences of a batch have similar lengths.
        compiled: whether it is compiled, by XLA or `torch.compile`.
        precision: the precision of the computation.
    """

    contender: str
    similar: bool = False
    compiled: bool = False
    precision: str = "float32"


IN_FLOAT32 = {
    "zoo": Run("zoo", similar=True),
    "zoo, corpus order": Run("zoo"),
    "zoo, XLA": Run("zoo", similar=True, compiled=True),
    "keras": Run("keras"),
    "keras, similar lengths": Run("keras", similar=True),
    "torch": Run("torch"),
    "torch, similar lengths": Run("torch", similar=True),
    "torch, compiled, similar lengths": Run("torch", similar=True, compiled=True),
    "joeynmt": Run("joeynmt"),
    "joeynmt, similar lengths": Run("joeynmt", similar=True),
}
IN_BFLOAT16 = {
    f"{name}, bfloat16": Run(run.contender, run.similar, run.compiled, "mixed_bfloat16")
    for name, run in IN_FLOAT32.items()
}
RUNS = IN_FLOAT32 | IN_BFLOAT16
CONTENDERS = tuple(dict.fromkeys(run.contender for run in RUNS.values()))
FLOORS = {"float32": "the floor", "mixed_bfloat16": "the floor, bfloat16"}


def products_per_token(spec: dict[str, Any]) -> float:
    """Return the multiplications and additions of the matrix products in a training step, for one pair of tokens."""
    units, encoder, embedding = spec["units"], spec["encoder_units"], spec["embedding_units"]
    width, blocks = 2 * encoder, BLOCKS[spec["cell"]]
    encode = 2 * blocks * encoder * (embedding + encoder) + width * units  # both directions, and the keys
    decode = blocks * units * (embedding + width + units) + units * units  # and the query
    read_out = (units + width + embedding) * units + units * spec["vocabulary"]
    return 3 * 2 * (encode + decode + read_out)  # forward once, backward twice; a multiplication and an addition


def measure_products(device: str, precision: str) -> float:
    """Return the operations a second of a large matrix product on the device, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.device", device, precision]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])["operations_per_second"]


def measure(name: str, spec: dict[str, Any], peers: str, seconds: float) -> dict[str, Any]:
    """Run a contender once, for at most so many seconds."""
    if seconds <= 0:
        return {"skipped": "no time was left"}
    run = RUNS[name]
    python = peers if run.contender in ("torch", "joeynmt") else sys.executable
    spec = {**spec, "sorted": run.similar, "jit": run.compiled, "precision": run.precision}
    return run_contender(python, run.contender, spec, seconds)


def run_contender(
    python: str, contender: str, spec: dict[str, Any], seconds: float, environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run `benchmarks.contenders` in a process for at most so many seconds; `skipped` in the result says why not."""
    command = [python, "-m", "benchmarks.contenders", contender, json.dumps(spec)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"skipped": f"not done after {seconds:.0f} s"}
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def summary(name: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of a contender over its rounds; those that were skipped do not count."""
    skipped = [one["skipped"] for one in rounds if "skipped" in one]
    rounds = [one for one in rounds if "skipped" not in one]
    if not rounds:
        return {"name": name, "skipped": skipped[0]}
    totals = [sum(one["seconds"]) for one in rounds]
    return {
        "name": name,
        "steps_per_second": statistics.median(len(one["seconds"]) / sum(one["seconds"]) for one in rounds),
        "tokens_per_second": statistics.median(
            one["tokens"] / total for one, total in zip(rounds, totals, strict=True)
        ),
        "padding": 1 - rounds[0]["tokens"] / rounds[0]["positions"],
        "warm_up_seconds": statistics.median(one["warm_up"] for one in rounds),
        "compilations": rounds[0]["compilations"],
        "rounds": [round(one["tokens"] / total, 1) for one, total in zip(rounds, totals, strict=True)],
    }


def table(rows: list[dict[str, Any]], floors: dict[str, float], against: str) -> str:
    """Return the rows as a Markdown table; the ratios are to the row `against`, if there is one."""
    lines = [
        f"| | target tokens/s | steps/s | padding | first steps, s | XLA's shapes | {against} is faster by |",
        "|---|---|---|---|---|---|---|",
    ]
    ours = speeds_of(rows).get(against)

    def ratio(speed: float) -> str:
        return f"{ours / speed:.2f}" if ours else ""

    for row in rows:
        if "skipped" in row:
            lines.append(f"| {row['name']} | skipped: {row['skipped']} | | | | | |")
            continue
        speed = row["tokens_per_second"]
        cells = [row["name"], f"{speed:,.0f}", f"{row['steps_per_second']:.2f}", f"{row['padding']:.0%}"]
        cells += [f"{row['warm_up_seconds']:.0f}", str(row["compilations"] or ""), ratio(speed)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [f"| {FLOORS[name]} | {floor:,.0f} | | | | | {ratio(floor)} |" for name, floor in floors.items()]
    return "\n".join(lines)


def speeds_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the target tokens a second of the rows that were not skipped."""
    return {row["name"]: row["tokens_per_second"] for row in rows if "skipped" not in row}


def row_of_device(device: str, rows: list[dict[str, Any]], against: str) -> str:
    """Return a table of one row, for the documents: the row `against` beside the fastest row of each contender."""
    speeds = speeds_of(rows)
    ours = speeds[against]
    heads, cells = ["device", f"{against}, target tokens/s"], [device, f"{ours:,.0f}"]
    for contender in CONTENDERS:
        fastest = max(
            (name for name in speeds if RUNS[name].contender == contender), key=speeds.__getitem__, default=""
        )
        heads.append(f"beside the fastest of {contender}")
        cells.append(f"{ours / speeds[fastest]:.2f} ({fastest})" if fastest else "")
    lines = [heads, ["---"] * len(heads), cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def report(content: dict[str, Any], against: str) -> str:
    """Return the name of the device and the tables."""
    parts = [content["device"], table(content["rows"], content["floors"], against)]
    if against in speeds_of(content["rows"]):
        parts.append(row_of_device(content["device"], content["rows"], against))
    return "\n\n".join(parts)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the chosen rows in turns."""
    spec = {**SIZES, "cell": options.cell}
    spec |= {"batch": options.batch_size, "batches": options.batches, "seed": 1, "device": options.device}
    names = options.rows or [
        name
        for name, run in RUNS.items()
        if run.precision in options.precision and run.contender in (options.only or CONTENDERS)
    ]
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    speeds: dict[str, list[float]] = {RUNS[name].precision: [] for name in names}
    end = time.monotonic() + options.limit
    for number in range(options.rounds):
        for precision, some in speeds.items():
            some.append(measure_products(options.device, precision))
        for name in names:
            rounds[name].append(measure(name, spec, options.peers, end - time.monotonic()))
            print(f"round {number + 1}/{options.rounds}: {name}", file=sys.stderr, flush=True)
    return {
        "device": device_name(options.device),
        "spec": spec,
        "product_gigaflops": {precision: [speed / 1e9 for speed in some] for precision, some in speeds.items()},
        "floors": {precision: statistics.median(some) / products_per_token(spec) for precision, some in speeds.items()},
        "rows": [summary(name, some) for name, some in rounds.items()],
    }


def main() -> None:
    """Measure the chosen contenders and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.add_argument("--cell", choices=list(BLOCKS), default="gru")
    parser.add_argument("--only", nargs="*", choices=CONTENDERS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--rows", nargs="+", choices=list(RUNS), metavar="ROW", help="rows by name, in this order")
    parser.add_argument("--against", choices=list(RUNS), default="zoo", metavar="ROW", help="the row of the ratios")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--limit", type=float, default=6 * 3600, help="the most seconds of all; then rows are skipped")
    parser.add_argument("--peers", default=sys.executable, help="the Python in which torch and joeynmt are installed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--read", type=Path, metavar="JSON", help="measure nothing: print the tables of this file")
    options = parser.parse_args()
    content = json.loads(options.read.read_text(encoding="utf-8")) if options.read else run(options)
    if options.json:
        options.json.write_text(json.dumps(content, indent=2), encoding="utf-8")
    print(report(content, options.against))


if __name__ == "__main__":
    main()
