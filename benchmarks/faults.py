"""Faults during training: killed processes and damaged checkpoints, and the runs that still end identically.

    python -m benchmarks.faults --out /tmp/faults                          # 20 kills, 200 damaged bytes
    python -m benchmarks.faults --out /tmp/faults --kills 100 --jit        # more kills, with XLA

A small model is trained without faults: the reference. More runs are trained with the same command, in processes that
get SIGKILL at a random moment, some while a checkpoint is being written, and are resumed with `zoo train --resume`.
Then bytes of checkpoints are changed, and their files truncated, emptied and removed. Each run is compared with the
reference bit for bit: all weights, the optimizer's variables, the state of dropout, the history (without `seconds`),
and the weights of the best model.
"""

import argparse
import contextlib
import csv
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

MODEL = ["tanh_rnn", "--units", "16", "--bidirectional", "--dropout", "0.2"]
SETTINGS = ["--epochs", "3", "--batch-size", "16", "--vocabulary-size", "120", "--deterministic"]
KILLS_A_RUN = 5


class Bench:
    """The folder of the benchmark, its data, and the commands that train in it."""

    def __init__(self, out: Path, jit: bool):
        from zoo.training.data.numbers import generate

        out.mkdir(parents=True)
        self.out = out
        self.jit = ["--jit"] if jit else []
        for split, size in (("train", 300), ("valid", 24)):
            lines = "".join(f"{one.source}\t{one.kind}\n" for one in generate(split, size))
            (out / f"{split}.tsv").write_text(lines, encoding="utf-8")

    def start(self, run: Path, every: float = 0.5) -> subprocess.Popen:
        """Start a run, or resume it."""
        command = [sys.executable, "-m", "zoo", "train"]
        if (run / "config.json").exists():
            command += ["--resume", str(run)]
        else:
            data = ["--train", str(self.out / "train.tsv"), "--valid", str(self.out / "valid.tsv")]
            more = ["--out", str(run), "--checkpoint-seconds", str(every), *self.jit]
            command += [*MODEL, *SETTINGS, *data, *more]
        with (self.out / f"{run.name}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def finish(self, run: Path, every: float = 0.5) -> None:
        """Train a run to the end."""
        status = self.start(run, every).wait()
        if status:
            raise SystemExit(f"{run}: exit status {status}; see {self.out / run.name}.log")


def result(run: Path) -> dict[str, np.ndarray]:
    """Return the final state of a run as arrays, by name."""
    import tensorflow as tf

    import zoo
    from zoo.training.run.checkpoints import checkpoints, read_position

    last = checkpoints(run)[0]
    reader = tf.train.load_checkpoint(str(last / "state"))
    found = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if "VARIABLE" in name}
    position, _ = read_position(last)
    with (run / "history.csv").open(newline="") as lines:
        rows = {"history.csv": list(csv.DictReader(lines)), "history": position.history}
    for name, content in rows.items():
        for row in content:
            row.pop("seconds")
            found |= {f"{name}, {key}, epoch {row['epoch']}": np.array(value) for key, value in row.items()}
    weights = zoo.load_model(run / "model.keras").get_weights()
    return found | {f"best {i}": one for i, one in enumerate(weights)} | {"at": np.array(last.name)}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Return whether two results are identical, bit for bit."""
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


def steps_done(run: Path) -> int:
    """Return a number that grows with the newest checkpoint of a run; -1 if there is none."""
    names = [path.name.split("-") for path in (run / "checkpoints").glob("epoch-*")]
    return max((int(name[1]) * 1000 + int(name[3]) for name in names), default=-1)


def wait_for_the_moment(process: subprocess.Popen, run: Path, how: str, dice: random.Random) -> bool:
    """Wait for the moment to kill a training; return false if the training ends before."""

    def until(condition) -> bool:
        while process.poll() is None:
            if condition():
                return True
            time.sleep(0.0005)
        return False

    if how == "any time":
        began = time.monotonic()
        seconds = dice.uniform(0, 15)
        return until((run / "config.json").exists) and until(lambda: time.monotonic() - began > seconds)
    before, moves = steps_done(run), dice.randint(1, 12)
    if not until(lambda: steps_done(run) >= before + moves):
        return False
    if how == "between":
        time.sleep(dice.uniform(0, 0.3))
        return process.poll() is None
    drafts = run / "checkpoints"
    found = until(lambda: any(drafts.glob(".epoch-*")))
    time.sleep(dice.uniform(0, 0.02))
    return found


def kill_runs(bench: Bench, kills: int, expected, dice: random.Random) -> list[dict]:
    """Kill each run several times, train it to the end, and compare it with the reference."""
    rows: list[dict] = []
    done = 0
    while done < kills:
        run, every = bench.out / f"killed-{len(rows) + 1}", dice.choice([0.0, 0.2, 1.0])
        row = {"run": run.name, "checkpoint_seconds": every, "kills": [], "in_writing": 0}
        while len(row["kills"]) < KILLS_A_RUN and done < kills:
            how = dice.choice(["any time", "between", "while writing", "while writing"])
            process = bench.start(run, every)
            if not wait_for_the_moment(process, run, how, dice):
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            row["kills"].append(f"{how} ({steps_done(run)})")
            row["in_writing"] += any((run / "checkpoints").glob(".epoch-*"))
            done += 1
        process.wait()
        bench.finish(run, every)
        row["same"] = same(result(run), expected)
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    return rows


def stop_run(bench: Bench, number: signal.Signals, expected) -> dict:
    """Stop a training with a signal inside an epoch, resume it, and compare it with the reference."""
    run = bench.out / f"stopped-{number.name}"
    process = bench.start(run)
    while steps_done(run) < 3:
        time.sleep(0.01)
    process.send_signal(number)
    row = {"run": run.name, "exit_status": process.wait(), "at": steps_done(run)}
    shutil.copytree(run, bench.out / f"half-{number.name}")
    bench.finish(run)
    row["same"] = same(result(run), expected)
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def damage_file(file: Path, how: str, dice: random.Random) -> None:
    """Change one byte of a file, or truncate, empty or remove it."""
    content = bytearray(file.read_bytes())
    place = dice.randrange(len(content))
    if how == "flip":
        content[place] ^= dice.randint(1, 255)
        file.write_bytes(content)
    elif how == "delete":
        file.unlink()
    else:
        file.write_bytes(content[:place] if how == "truncate" else b"")


def damage_checkpoints(half: Path, flips: int, dice: random.Random) -> list[dict]:
    """Damage every file of both checkpoints in every way, and record which checkpoint is used."""
    from zoo.training.run.checkpoints import checkpoints, damage, newest

    both = checkpoints(half)
    files = [file for checkpoint in both for file in sorted(checkpoint.iterdir())]
    sizes = [file.stat().st_size for file in files]
    # half of the flips in proportion to the size of the files, half of them evenly over the files
    places = [dice.choices(files, sizes)[0] if i % 2 else files[i // 2 % len(files)] for i in range(flips)]
    cases = [("flip", file) for file in places] + [(how, f) for how in ("truncate", "empty", "delete") for f in files]
    rows = []
    for how, file in cases:
        content = file.read_bytes()
        damage_file(file, how, dice)
        with contextlib.redirect_stderr(io.StringIO()):
            used, detected = newest(half), damage(file.parent) is not None
        rows.append(
            {"how": how, "file": file.name, "detected": detected, "sound_used": used not in (None, file.parent)}
        )
        file.write_bytes(content)
    return rows


def go_on_from_damage(bench: Bench, half: Path, expected, dice: random.Random) -> list[dict]:
    """Damage the newest checkpoint of a run in every way, resume the run, and compare it with the reference."""
    from zoo.training.run.checkpoints import checkpoints

    rows = []
    for how in ("flip", "truncate", "empty", "delete"):
        run = Path(shutil.copytree(half, bench.out / f"damaged-{how}"))
        file = dice.choice(sorted(checkpoints(run)[0].iterdir()))
        damage_file(file, how, dice)
        bench.finish(run)
        said = "is damaged" in (bench.out / f"{run.name}.log").read_text(encoding="utf-8")
        rows.append({"how": how, "file": file.name, "said": said, "same": same(result(run), expected)})
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return rows


def table(report: dict) -> str:
    """Return the counts as a Markdown table."""
    killed, damaged = report["killed"], report["damaged"]
    rows = [
        ("SIGKILL", sum(len(row["kills"]) for row in killed), f"{sum(row['in_writing'] for row in killed)} in writing"),
        ("runs killed", len(killed), f"{sum(row['same'] for row in killed)} ended the same"),
    ]
    for row in report["stopped"]:
        rows.append((row["run"], 1, f"exit {row['exit_status']}, ended the same: {row['same']}"))
    for how in ("flip", "truncate", "empty", "delete"):
        some = [row for row in damaged if row["how"] == how]
        detected, used = (sum(row[name] for row in some) for name in ("detected", "sound_used"))
        rows.append((f"file {how}", len(some), f"{detected} detected, {used} with the sound checkpoint used"))
    for row in report["went_on"]:
        rows.append((f"{row['how']}, then resumed", 1, f"said: {row['said']}, ended the same: {row['same']}"))
    lines = "\n".join(f"| {fault} | {count} | {outcome} |" for fault, count, outcome in rows)
    return f"| fault | count | outcome |\n|---|---|---|\n{lines}\n{report['minutes']} minutes"


def main() -> None:
    """Run all faults, print a table and write `faults.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--jit", action="store_true", help="train with XLA")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the moments and the damaged bytes")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in background jobs
    began, dice, bench = time.monotonic(), random.Random(options.seed), Bench(options.out, options.jit)
    bench.finish(bench.out / "peace")
    expected = result(bench.out / "peace")
    stopped = [stop_run(bench, number, expected) for number in (signal.SIGINT, signal.SIGTERM)]
    half = bench.out / "half-SIGTERM"
    report = {
        "stopped": stopped,
        "damaged": damage_checkpoints(half, options.flips, dice),
        "went_on": go_on_from_damage(bench, half, expected, dice),
        "killed": kill_runs(bench, options.kills, expected, dice),
    }
    report["minutes"] = round((time.monotonic() - began) / 60, 1)
    (bench.out / "faults.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(table(report))


if __name__ == "__main__":
    main()
