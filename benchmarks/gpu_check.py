"""Checks on one GPU: each prints PASS or FAIL, and none stops the others.

    python -m benchmarks.gpu_check --out DIR
    python -m benchmarks.gpu_check --out DIR --device cpu --only gradients resume     # a rehearsal without a GPU

What is compared with the CPU is computed on the GPU in full float32, without TensorFloat-32 (`NVIDIA_TF32_OVERRIDE=0`),
and in another process on the CPU alone. Each process has its log in DIR, and `checks.json` holds all results. The exit
status is 1 if a check fails.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device import add_device, device_name, start_tensorflow

WORK = "benchmarks.gpu_work"  # what the processes run, where no command of `zoo` does it
# A small training on `numbers-fr-en`.
SMALL = ["--train-size", "6000", "--epochs", "3", "--batch-size", "32", "--learning-rate", "0.004", "--units", "96"]


class Bench:
    """The folder of the checks, and the processes that they run.

    Attributes:
        out: the folder.
        device: "gpu" or "cpu", where the checked processes compute.
        limit: the most seconds of one process.
        test_set: a file with pairs of the test set of `numbers-fr-en`.
    """

    def __init__(self, out: Path, device: str, limit: float):
        from zoo.training.data.corpora import read_corpus

        out.mkdir(parents=True, exist_ok=True)
        self.out, self.device, self.limit = out, device, limit
        self.training = threading.Lock()
        self.test_set = out / "test.tsv"
        corpus = read_corpus("numbers-fr-en", task="translation", split="test", size=200)
        pairs = zip(corpus.sources, corpus.targets, strict=True)
        self.test_set.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")

    def run(self, log: str, module: str, *arguments: Any, device: str | None = None) -> str:
        """Run `python -m module` on a device to its end; return what it printed.

        Raises:
            RuntimeError: it failed.
        """
        environment = {**os.environ, "NVIDIA_TF32_OVERRIDE": "0"}
        if (device or self.device) == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        with (self.out / f"{log}.log").open("w", encoding="utf-8") as errors:
            command = [sys.executable, "-m", module, *map(str, arguments)]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, timeout=self.limit
            )
        if done.returncode:
            last = (self.out / f"{log}.log").read_text(encoding="utf-8").strip().splitlines()[-1:]
            raise RuntimeError(f"{log}: exit status {done.returncode}: {' '.join(last)[:300]}")
        return done.stdout

    def trained(self) -> Path:
        """Return a run folder that `zoo train` has made on the device by its defaults, once for all checks."""
        run = self.out / "run"
        with self.training:
            if not (run / "metrics.json").exists():
                as_on_gpu = ["--precision", "mixed_bfloat16"] if self.device == "cpu" else []
                self.train(run, *SMALL, *as_on_gpu)
        return run

    def train(self, run: Path, *options: Any) -> None:
        """Train `bahdanau_seq2seq` on `numbers-fr-en`."""
        data = ["--train", "numbers-fr-en", "--valid", "numbers-fr-en", "--out", run, "--force"]
        self.run(f"train-{run.name}", "zoo", "train", "bahdanau_seq2seq", *data, *options)

    def exported(self, format: str) -> Path:
        """Return the folder to which the trained run is exported on the device."""
        artefact = self.out / format
        self.run(f"export-{format}", "zoo", "export", self.trained(), "--to", format, "--out", artefact, "--force")
        return artefact

    def answers(self, where: Path, device: str, *, log: str | None = None) -> dict[str, list[str]]:
        """Return the greedy answers and those of a beam search of a run or an artefact to the test set."""
        name = log or f"answers-{where.name}-{device}"
        return json.loads(self.run(name, WORK, "answers", where, self.test_set, device=device))


def gradients(bench: Bench) -> str:
    """Loss and gradients of every model, with XLA and without, equal those of the CPU."""
    files = {}
    for device, jit in (("cpu", False), (bench.device, False), (bench.device, True)):
        name = f"gradients-{device}{'-xla' if jit else ''}"
        files[name] = bench.out / f"{name}.npz"
        bench.run(name, WORK, "gradients", files[name], *(["--jit"] if jit else []), device=device)
    with np.load(bench.out / "gradients-cpu.npz") as expected:
        worst = {name: _largest_difference(file, expected) for name, file in files.items()}
    text = ", ".join(f"{name}: {difference:.1e} in {where}" for name, (difference, where) in worst.items())
    if any(difference > 1e-4 for difference, _ in worst.values()):
        raise AssertionError(f"differs from the CPU by more than 1e-4 of the largest element: {text}")
    return text


def _largest_difference(file: Path, expected: Any) -> tuple[float, str]:
    """Return the largest difference of an array to the expected one, to its largest element, and the array's name."""
    with np.load(file) as found:
        assert set(found) == set(expected), "other arrays than on the CPU"
        assert all(np.isfinite(found[name]).all() for name in found), f"{file.stem}: not all numbers are finite"
        return max(
            (float(np.abs(found[name] - one).max() / max(np.abs(one).max(), 1e-6)), name)
            for name, one in expected.items()
        )


def defaults(bench: Bench) -> str:
    """`zoo train` by its defaults trains in mixed precision, and the loss falls."""
    config = json.loads((bench.trained() / "config.json").read_text(encoding="utf-8"))["training"]
    assert config["precision"].startswith("mixed"), f"trained with {config}"
    with (bench.trained() / "history.csv").open(newline="", encoding="utf-8") as lines:
        losses = [float(row["val_loss"]) for row in csv.DictReader(lines)]
    text = f"{config['precision']}, validation losses {', '.join(f'{loss:.3f}' for loss in losses)}"
    assert len(losses) == 3 and losses == sorted(losses, reverse=True), f"{text}: they do not fall"
    return text


def resume(bench: Bench) -> str:
    """`--deterministic` gives the same bits twice, and after SIGKILL and `--resume`."""
    from benchmarks import faults

    small = faults.Bench(bench.out / "resume", jit=False)
    runs = {name: small.out / name for name in ("first", "second", "killed")}
    small.finish(runs["first"])
    small.finish(runs["second"])
    process = small.start(runs["killed"], every=0.0)
    while faults.steps_done(runs["killed"]) < 5 and process.poll() is None:
        time.sleep(0.001)
    killed = process.poll() is None
    process.kill()
    process.wait()
    assert killed, f"the training ended before it could be killed: exit status {process.returncode}"
    at = faults.steps_done(runs["killed"])
    small.finish(runs["killed"])
    expected = faults.result(runs["first"])
    for name in ("second", "killed"):
        assert faults.same(faults.result(runs[name]), expected), f"the run {name} has other bits than the first"
    return f"two runs and one that was killed at epoch {at // 1000}, step {at % 1000}: the same bits"


def evaluate(bench: Bench) -> str:
    """`zoo evaluate`, greedy and with a beam: the BLEU of the device is that of the CPU."""
    parts = []
    for name, flags in {"greedy": [], "beam 4": ["--beam", 4]}.items():
        bleu = {}
        for device in dict.fromkeys((bench.device, "cpu")):
            log = f"evaluate-{name.replace(' ', '-')}-{device}"
            command = ["zoo", "evaluate", bench.trained(), bench.test_set, "--json", *flags]
            scores = json.loads(bench.run(log, *command, device=device))
            bleu[device] = scores["bleu"]
            parts.append(f"{name}, {device}: BLEU {scores['bleu']:.2f} in {scores['seconds']} s")
        if max(bleu.values()) - min(bleu.values()) > 0.5:
            raise AssertionError("; ".join(parts))
    return "; ".join(parts)


def answers(bench: Bench) -> str:
    """Keras answers on the device as it does on the CPU, greedy and with a beam."""
    return _same_answers(bench, f"Keras on the {bench.device}", bench.answers(bench.trained(), bench.device))


def saved_model(bench: Bench) -> str:
    """A SavedModel that is exported on the device answers on the CPU as Keras does there."""
    return _same_answers(bench, "SavedModel on the CPU", bench.answers(bench.exported("saved_model"), "cpu"))


def tflite(bench: Bench) -> str:
    """A .tflite that is exported on the device answers on the CPU as Keras does there."""
    file = next(bench.exported("tflite").glob("*.tflite"))
    return _same_answers(bench, ".tflite on the CPU", bench.answers(file, "cpu"))


def _same_answers(bench: Bench, what: str, found: dict[str, list[str]]) -> str:
    """Return how many answers are those of Keras on the CPU; 98 of 100 must be, since a near tie may fall otherwise."""
    expected = bench.answers(bench.trained(), "cpu", log=f"expected-{what.split()[0].strip('.')}")
    same = {kind: sum(map(str.__eq__, some, expected[kind])) for kind, some in found.items()}
    text = f"{what}: {', '.join(f'{kind} {count} of {len(expected[kind])} the same' for kind, count in same.items())}"
    assert all(count >= 0.98 * len(expected[kind]) for kind, count in same.items()), text
    return text


def deterministic(bench: Bench) -> str:
    """`--deterministic` gives a model with attention the same bits twice."""
    from benchmarks import faults

    small = ["--train-size", 300, "--epochs", 1, "--units", 32, "--cell", "gru", "--bidirectional", "--dropout", 0.2]
    runs = [bench.out / f"deterministic-{i}" for i in (1, 2)]
    for run in runs:
        bench.train(run, *small, "--deterministic")
    assert faults.same(*map(faults.result, runs)), "the second run has other bits than the first"
    return "two runs: the same bits"


def ahead(bench: Bench) -> str:
    """`fit` with batches that are copied to the device ahead gives the weights of plain `fit`."""
    return bench.run("ahead", WORK, "ahead").splitlines()[-1]


def memory(bench: Bench) -> str:
    """The environment that the command sets lets the memory of the card grow: a small process takes a small part."""
    return bench.run("memory", WORK, "memory").splitlines()[-1]


CHECKS: dict[str, Callable[[Bench], str]] = {
    check.__name__: check
    for check in (memory, gradients, defaults, resume, answers, saved_model, tflite, evaluate, deterministic, ahead)
}


def main() -> int:
    """Run the checks, print a line for each and write `checks.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.set_defaults(device="gpu")
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    parser.add_argument("--only", nargs="+", choices=list(CHECKS), default=list(CHECKS))
    parser.add_argument("--limit", type=float, default=240, help="the most seconds of one process")
    parser.add_argument("--jobs", type=int, default=min(4, (os.cpu_count() or 1) // 2), help="checks at once")
    options = parser.parse_args()
    start_tensorflow(options.device)
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")  # this process only reads checkpoints
    print(device_name(options.device), flush=True)
    bench = Bench(options.out.resolve(), options.device, options.limit)
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        rows = list(pool.map(lambda name: _checked(name, bench), options.only))
    (bench.out / "checks.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return int(not all(row["passed"] for row in rows))


def _checked(name: str, bench: Bench) -> dict[str, Any]:
    began = time.monotonic()
    try:
        passed, detail = True, CHECKS[name](bench)
    except Exception as error:  # whatever it is, the other checks run
        passed, detail = False, f"{type(error).__name__}: {error}"[:1000]
    seconds = round(time.monotonic() - began, 1)
    print(f"{'PASS' if passed else 'FAIL'} {name} ({seconds} s): {detail}", flush=True)
    return {"check": name, "passed": passed, "seconds": seconds, "detail": detail}


if __name__ == "__main__":
    sys.exit(main())
