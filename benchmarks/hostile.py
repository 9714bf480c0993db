"""Hostile input to the exports of a run: counts of the cases that are answered, refused, or fail.

    python -m benchmarks.hostile --run RUN --out DIR                          # exports the run, then 20,000 cases
    python -m benchmarks.hostile --out DIR --cases 2000 --seed 2              # the exports are in DIR already
    python -m benchmarks.hostile --out DIR --formats tflite --case 1234       # repeats one case in this process

A case passes with an answer or an error message. A valid row in the same call, or in a call after it, must have the
same answer as alone. The cases run in child processes: when a process crashes or hangs, its case counts as wrong, and
another process continues with the next case.
"""

import argparse
import collections
import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.browser import litert_js
from tests.support.hostile_cases import KINDS, Wrong, dice_of, kind_of, meet
from tests.support.hostile_targets import ARTEFACTS, Target, is_there, path_of

GOOD = "le 28 octobre 1934"
CHUNK = 1000  # cases of one process
PATIENCE = 600  # seconds without output after which a process is considered to hang


def answer_cases(target: Target, seed: int, numbers: range) -> None:
    """Run cases, and print a line before and after each."""
    for number in numbers:
        print(json.dumps({"begin": number}), flush=True)
        row = {"case": number}
        try:
            row["kind"], row["outcome"] = meet(target, seed, number)
        except Wrong as error:
            row |= {"kind": kind_of(target.format, dice_of(seed, number)), "outcome": "wrong", "why": str(error)}
        print(json.dumps(row), flush=True)


def send(format: str, options: argparse.Namespace, first: int, last: int) -> list[dict]:
    """Run cases in a child process; return the rows of those that it reached."""
    command = [sys.executable, "-m", "benchmarks.hostile", "--out", str(options.out), "--formats", format]
    command += ["--seed", str(options.seed), "--good", options.good, "--numbers", str(first), str(last)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    rows, at, died = [], first, None
    for line in _lines(process):
        if line is None:
            died = f"no word in {PATIENCE} s"
            process.kill()
            break
        about = json.loads(line)
        if "begin" in about:
            at = about["begin"]
        else:
            rows.append(about)
    status = process.wait()
    if died or status:
        kind = kind_of(format, dice_of(options.seed, at))
        rows.append({"case": at, "kind": kind, "outcome": "wrong", "why": died or f"the process ended with {status}"})
    return rows


def _lines(process):
    """Yield the lines that a process prints; None if it hangs."""
    rest = b""
    while True:
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            yield None
            return
        part = os.read(process.stdout.fileno(), 1 << 16)
        if not part:
            return
        *lines, rest = (rest + part).split(b"\n")
        yield from lines


def attack(format: str, options: argparse.Namespace, cases: int) -> list[dict]:
    """Send `cases` cases to the artefact of a format; return a row for each."""
    rows: list[dict] = []
    while len(rows) < cases:
        first = rows[-1]["case"] + 1 if rows else 0
        came = send(format, options, first, min(first + CHUNK, cases))
        for row in came:
            if row["outcome"] == "wrong":
                print(json.dumps({"format": format, **row}), file=sys.stderr, flush=True)
        rows += came
    return rows


def table(report: dict) -> str:
    """Return the counts as a Markdown table."""
    lines = ["| format | input | cases | answered | refused with a message | wrong |", "|---|---|---|---|---|---|"]
    for format, rows in report["formats"].items():
        for kind in [*KINDS[format], None]:
            counts = collections.Counter(row["outcome"] for row in rows if kind in (None, row["kind"]))
            cells = [sum(counts.values()), counts["answered"], counts["refused"], counts["wrong"]]
            lines.append(f"| {format} | {kind or 'all'} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, f"seed {report['seed']}, {report['minutes']} minutes"])


def export(run: Path, format: str, out: Path) -> None:
    """Export a run to a format."""
    command = ["zoo", "export", str(run), *ARTEFACTS[format].options, "--out", str(out / format)]
    with tempfile.TemporaryDirectory() as packages:
        if format == "web":
            command += ["--litert-js", str(litert_js(Path(packages)))]
        subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Send all cases, print a table and write `hostile.json`; return 1 if a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="export this run first, to the formats that --out does not hold yet")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the exports, each named by its format")
    parser.add_argument("--formats", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--cases", type=int, default=20_000, help="the number of cases over all formats")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--good", default=GOOD, help="a text whose answer must not change")
    parser.add_argument("--case", type=int, help="run this case only")
    parser.add_argument("--numbers", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        options.numbers = [options.case, options.case + 1]
    if options.numbers:
        with tempfile.TemporaryDirectory(dir=options.out) as scratch:
            format = options.formats[0]
            target = Target(format, path_of(options.out, format), options.good, Path(scratch))
            with contextlib.closing(target):
                answer_cases(target, options.seed, range(*options.numbers))
        return 0
    began, report = time.monotonic(), {"seed": options.seed, "formats": {}}
    for format in options.formats:
        if options.run and not is_there(options.out, format):
            export(options.run, format, options.out)
        report["formats"][format] = attack(format, options, options.cases // len(options.formats))
    report["minutes"] = round((time.monotonic() - began) / 60, 1)
    (options.out / "hostile.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    print(table(report))
    return int(any(row["outcome"] == "wrong" for rows in report["formats"].values() for row in rows))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
