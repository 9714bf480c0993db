"""Exports killed with SIGKILL at random moments: what is left at the output path.

    python -m benchmarks.killed --run RUN --out DIR --kills 20 --to saved_model tflite serving web

For each format, half of the kills hit an export to a new path, the other half an export that replaces an artefact (for
`serving`, one that adds a version). After each kill the path must be empty, or hold the complete old or a complete new
artefact; and there may be one draft at most, since every export removes the draft of the one before. After the last
kill an export is not killed, and no draft must be left.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from zoo.export.formats import FORMATS, SITE_FILE
from zoo.export.load import load
from zoo.export.serving.versions import newest_version
from zoo.run_folder import LITERT_FILE

MOMENTS = ("any time", "while writing", "at the end")
TEXT = "le 28 octobre 1934"


def start(run: Path, format: str, place: Path) -> subprocess.Popen:
    """Start an export in its own process group."""
    command = [sys.executable, "-m", "zoo", "export", str(run), "--to", format, "--out", str(place)]
    command += ["--force"] if place.exists() and format != "serving" else []
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def drafts_of(place: Path) -> list[Path]:
    """Return the hidden drafts beside a path and inside it, but none inside another draft."""
    drafts = []
    for folder, inside, _ in os.walk(place.parent):  # ignores folders that are removed meanwhile
        drafts += [Path(folder, name) for name in inside if name.startswith(".") and name.endswith(".part")]
        inside[:] = [name for name in inside if not name.endswith(".part")]
    return drafts


def wait(process: subprocess.Popen, how: str, place: Path, seconds: float, dice: random.Random) -> bool:
    """Wait for the moment to kill an export that takes `seconds`; return false if the export ends before."""
    old = set(drafts_of(place))

    def until(condition) -> bool:
        while process.poll() is None and not condition():
            time.sleep(0.0005)
        return process.poll() is None

    def new_drafts():
        return [draft for draft in drafts_of(place) if draft not in old]

    began = time.monotonic()
    if how == "any time":
        moment = dice.uniform(0, seconds)
        return until(lambda: time.monotonic() - began > moment)
    if not until(new_drafts):
        return False
    if how == "at the end":
        found = until(lambda: any("parity.json" in files for draft in new_drafts() for *_, files in os.walk(draft)))
        time.sleep(dice.uniform(0, 0.02))
        return found
    moment = time.monotonic() + dice.uniform(0, seconds / 2)
    return until(lambda: time.monotonic() > moment)


def tree(place: Path) -> dict[str, str]:
    """Return the digest of every file below a path, without drafts."""
    files = [file for file in sorted(place.rglob("*")) if file.is_file() and ".part/" not in str(file)]
    return {str(file.relative_to(place)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def is_whole(format: str, place: Path) -> bool:
    """Return whether an artefact loads and answers; for a site, whether its files match `site.json`."""
    if format == "web":
        about = json.loads((place / SITE_FILE).read_text(encoding="utf-8"))["model_file"]
        files = all((place / name).is_file() for name in ("index.html", "parity.json"))
        return files and about["bytes"] == (place / LITERT_FILE).stat().st_size
    if format == "serving" and newest_version(place) is None:
        return False
    (answer,) = load(place).predict([TEXT])
    return bool(answer.output)


def state(format: str, place: Path, old: dict[str, str]) -> str:
    """Return the state of a path: "nothing", "old", "new", or "broken" with a reason."""
    if not place.exists():
        return "broken: the old one is gone" if old else "nothing"
    now = tree(place)
    if now == old:
        return "old"
    if format == "serving" and any(now.get(name) is None for name in old):
        return "broken: a version is gone"
    try:
        return "new" if is_whole(format, place) else "broken: it does not answer"
    except Exception as error:  # any error means that the export is broken
        return f"broken: {error}"[:200]


def kill_exports(run: Path, format: str, place: Path, moments: list[str], dice: random.Random) -> list[dict]:
    """Kill exports to a path that is free in the first half, and taken in the second half."""
    rows: list[dict] = []
    seconds = 20.0
    for i, how in enumerate(moments):
        if i == len(moments) // 2 and not place.exists():
            seconds = _through(run, format, place, rows)
        old = tree(place) if place.exists() else {}
        process = start(run, format, place)
        in_time = wait(process, how, place, seconds, dice)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            in_time = False
        process.wait()
        left = len(drafts_of(place))
        row = {"format": format, "how": how, "replaces": bool(old), "killed": in_time, "drafts": left}
        rows.append(row | {"stands": state(format, place, old)})
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    _through(run, format, place, rows)
    return rows


def _through(run: Path, format: str, place: Path, rows: list[dict]) -> float:
    """Run an export to the end, add a row for it, and return its seconds."""
    began = time.monotonic()
    status = start(run, format, place).wait()
    seconds = time.monotonic() - began
    stands = "new" if status == 0 and is_whole(format, place) else f"broken: exit {status}"
    rows.append({"format": format, "how": "goes through", "killed": False, "drafts": len(drafts_of(place))})
    rows[-1]["stands"] = stands
    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return seconds


def failures(rows: list[dict]) -> list[dict]:
    """Return the rows with a broken artefact or too many drafts."""
    most = {True: 1, False: 0}
    return [row for row in rows if row["stands"].startswith("broken") or row["drafts"] > most[row["killed"]]]


def table(rows: list[dict]) -> str:
    """Return the counts as a Markdown table."""
    lines = ["| format | kills | nothing there | the old one | a new one | broken | drafts left in the end |"]
    lines.append("|---|---|---|---|---|---|---|")
    for format in dict.fromkeys(row["format"] for row in rows):
        some = [row for row in rows if row["format"] == format]
        killed = [row["stands"].split(":")[0] for row in some if row["killed"]]
        counts = [len(killed), *(killed.count(one) for one in ("nothing", "old", "new", "broken"))]
        lines.append(f"| {format} | " + " | ".join(map(str, [*counts, some[-1]["drafts"]])) + " |")
    return "\n".join(lines)


def main() -> int:
    """Kill exports, print a table and write `killed.json`; return 1 if there are failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    parser.add_argument("--kills", type=int, default=20, help="the number of kills over all formats")
    parser.add_argument("--to", nargs="+", choices=list(FORMATS), default=["saved_model"])
    parser.add_argument("--seed", type=int, default=1, help="the seed of the moments")
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    dice, rows = random.Random(options.seed), []
    for i, format in enumerate(options.to):
        kills = options.kills // len(options.to) + (i < options.kills % len(options.to))
        moments = [MOMENTS[(i + k) % len(MOMENTS)] for k in range(kills)]
        (options.out / format).mkdir()
        rows += kill_exports(options.run, format, options.out / format / "artefact", moments, dice)
        (options.out / "killed.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(table(rows))
    return int(bool(failures(rows)))


if __name__ == "__main__":
    sys.exit(main())
