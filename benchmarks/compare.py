"""The speed of two checkouts, measured in turns by a benchmark that both have.

    python -m benchmarks.compare --before DIR --before-python PYTHON loops --rounds 5 --repeat 3
    python -m benchmarks.compare --before DIR --before-python PYTHON training --only zoo --rounds 1 --repeat 3

DIR is another checkout and PYTHON an interpreter in which it is installed. The benchmark runs in each of the two in
turns, `--repeat` times; for every line that both print, the medians of its first number and their ratio are printed.
The arguments after the benchmark's name are passed to it.
"""

import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def first_numbers(text: str) -> dict[str, float]:
    """Return the first number of each line, by the text before it; lines with no text before it are left out."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"^\|?\s*([^|\d].*?)[\s|]+(?:processor\s+)?([\d,]+\.?\d*)(?:\s|\||$)", line)
        if match:
            found[re.sub(r"[\s|]+", " ", match[1]).strip()] = float(match[2].replace(",", ""))
    return found


def measure(checkout: Path, python: str, arguments: list[str]) -> dict[str, float]:
    """Run the benchmark in a checkout and return its numbers."""
    command = [python, "-m", f"benchmarks.{arguments[0]}", *arguments[1:]]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} in {checkout} failed:\n{done.stderr[-2000:]}")
    return first_numbers(done.stdout)


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--before-python", required=True, help="the interpreter in which it is installed")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("benchmark", help="its name, then its own arguments")
    options, rest = parser.parse_known_args()
    places = {"before": (options.before, options.before_python), "after": (HERE, sys.executable)}
    numbers: dict[str, list[dict[str, float]]] = {name: [] for name in places}
    for turn in range(options.repeat):
        for name in list(places)[:: 1 if turn % 2 == 0 else -1]:
            numbers[name].append(measure(*places[name], [options.benchmark, *rest]))
            print(f"turn {turn + 1}/{options.repeat}: {name}", file=sys.stderr, flush=True)
    print("| | before | after | after / before |\n|---|---|---|---|")
    for key in numbers["before"][0]:
        if all(key in run for runs in numbers.values() for run in runs):
            before, after = (statistics.median(run[key] for run in runs) for runs in numbers.values())
            ratio = f"{after / before:.3f}" if before else ""
            print(f"| {key} | {before:g} | {after:g} | {ratio} |")


if __name__ == "__main__":
    main()
