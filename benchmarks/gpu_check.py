"""Checks on one GPU: each prints PASS or FAIL, and none stops the others.

    python -m benchmarks.gpu_check --out DIR
    python -m benchmarks.gpu_check --out DIR --device cpu --only gradients resume     # a rehearsal without a GPU

What is compared with the CPU is computed on the GPU in full float32, without TensorFloat-32 (`NVIDIA_TF32_OVERRIDE=0`),
and in another process on the CPU alone. Each process has its log in DIR, and `checks.json` holds all results. The exit
status is 1 if a check fails.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device import add_device, device_name, set_device

VOCABULARY, UNITS, CLASSES = 200, 64, 3
SMALL = ["--train-size", "3000", "--epochs", "3", "--units", "96", "--cell", "gru", "--watch-size", "50"]


class Bench:
    """The folder of the checks, and the processes that run in it.

    Attributes:
        out: the folder.
        device: "gpu" or "cpu", where the checked processes compute.
        limit: the most seconds of one process.
    """

    def __init__(self, out: Path, device: str, limit: float):
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.device, self.limit = out, device, limit

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
        if not (run / "metrics.json").exists():
            data = ["--train", "numbers-fr-en", "--valid", "numbers-fr-en", "--out", run, "--force"]
            as_on_gpu = ["--jit", "--precision", "mixed_bfloat16"] if self.device == "cpu" else []
            self.run("train", "zoo", "train", "bahdanau_seq2seq", *data, *SMALL, *as_on_gpu)
        return run

    def test_set(self, count: int = 200) -> Path:
        """Return a file with the first pairs of the test set of the built-in corpus."""
        from zoo.training.data.corpora import read_corpus

        corpus = read_corpus("numbers-fr-en", task="translation", split="test", size=count)
        file = self.out / "test.tsv"
        lines = [f"{source}\t{target}\n" for source, target in zip(corpus.sources, corpus.targets, strict=True)]
        file.write_text("".join(lines), encoding="utf-8")
        return file

    def answers(self, log: str, where: Path, *, device: str, beam: int | None = None) -> list[str]:
        """Return the answers of a run or an artefact to the sources of the test set, on a device."""
        texts = [line.split("\t")[0] for line in self.test_set().read_text(encoding="utf-8").splitlines()]
        more = ["--beam", beam] if beam else []
        printed = self.run(log, "zoo", "predict", where, *texts, "--json", *more, device=device)
        return [prediction["output"] for prediction in json.loads(printed)]


def gradients(bench: Bench) -> str:
    """Loss and gradients of every model, with XLA and without, equal those of the CPU."""
    files = {}
    for device, jit in (("cpu", False), (bench.device, False), (bench.device, True)):
        name = f"gradients-{device}{'-xla' if jit else ''}"
        files[name] = bench.out / f"{name}.npz"
        flags = ["--device", device, *(["--jit"] if jit else [])]
        bench.run(name, "benchmarks.gpu_check", "--gradients", files[name], *flags, device=device)
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
        return max(
            (float(np.abs(found[name] - one).max() / max(np.abs(one).max(), 1e-6)), name)
            for name, one in expected.items()
        )


def defaults(bench: Bench) -> str:
    """`zoo train` by its defaults trains in mixed precision with XLA, and the loss falls."""
    config = json.loads((bench.trained() / "config.json").read_text(encoding="utf-8"))["training"]
    assert config["jit"] and config["precision"].startswith("mixed"), f"trained with {config}"
    metrics = json.loads((bench.trained() / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["epochs"] == 3 and metrics["val_loss"] < 4, f"the loss is still {metrics['val_loss']}"
    return f"{config['precision']}, validation loss {metrics['val_loss']:.3f}, {metrics['seconds']} s"


def resume(bench: Bench) -> str:
    """`--deterministic` gives the same bits twice, and after SIGKILL and `--resume`."""
    from benchmarks import faults

    small = faults.Bench(bench.out / "resume", jit=bench.device == "gpu")
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
            command = ["zoo", "evaluate", bench.trained(), bench.test_set(), "--json", *flags]
            scores = json.loads(bench.run(log, *command, device=device))
            bleu[device] = scores["bleu"]
            parts.append(f"{name}, {device}: BLEU {scores['bleu']:.2f} in {scores['seconds']} s")
        if max(bleu.values()) - min(bleu.values()) > 0.5:
            raise AssertionError("; ".join(parts))
    return "; ".join(parts)


def export(bench: Bench) -> str:
    """What is exported on the device answers on the CPU as Keras does there, and as Keras does on the device."""
    run, parts = bench.trained(), []
    for beam in (None, 4):
        kind = f"beam {beam}" if beam else "greedy"
        log = f"answers-{kind.replace(' ', '-')}"
        expected = bench.answers(f"{log}-keras-cpu", run, device="cpu", beam=beam)
        parts.append(_same(f"Keras on the {bench.device}, {kind}", run, bench, log, expected, bench.device, beam))
        for format in ("saved_model", "litert"):
            artefact = bench.out / format
            if not artefact.exists():
                bench.run(f"export-{format}", "zoo", "export", run, "--to", format, "--out", artefact)
            where = next(artefact.glob("*.tflite")) if format == "litert" else artefact
            parts.append(_same(f"{format} on the CPU, {kind}", where, bench, log, expected, "cpu", beam))
    return "; ".join(parts)


def _same(
    what: str, where: Path, bench: Bench, log: str, expected: Sequence[str], device: str, beam: int | None
) -> str:
    """Return how many answers are those expected; at least 98 of 100 must be: a near tie may fall otherwise."""
    found = bench.answers(f"{log}-{where.name}-{device}", where, device=device, beam=beam)
    same = sum(one == other for one, other in zip(found, expected, strict=True))
    text = f"{what}: {same} of {len(expected)} the same"
    assert same >= 0.98 * len(expected), text
    return text


def ahead(bench: Bench) -> str:
    """`fit` with batches that are copied to the device ahead gives the weights of plain `fit`."""
    return bench.run("ahead", "benchmarks.gpu_check", "--ahead", "--device", bench.device).strip().splitlines()[-1]


def memory(bench: Bench) -> str:
    """The environment that the command sets lets the memory of the card grow: a small process takes a small part."""
    printed = bench.run("memory", "benchmarks.gpu_check", "--memory", "--device", bench.device)
    return printed.strip().splitlines()[-1]


CHECKS: dict[str, Callable[[Bench], str]] = {
    check.__name__: check for check in (memory, gradients, defaults, evaluate, export, resume, ahead)
}


def write_gradients(file: Path, jit: bool) -> None:
    """Write the loss and the gradients of every model, with weights and a batch from NumPy's random numbers."""
    import tensorflow as tf

    import zoo
    from tests.support.checks import randomise
    from tests.support.small_models import MODELS
    from zoo.fitting.losses import summed_loss

    arrays: dict[str, np.ndarray] = {}
    for name in zoo.names():
        model, inputs, targets = _model_and_batch(name, MODELS.get(name, ({}, None))[0])
        randomise(model, seed=1, scale=0.1)

        @tf.function(jit_compile=jit, autograph=False)
        def step(inputs, targets, model=model):
            with tf.GradientTape() as tape:
                total, count = summed_loss(model.task, targets, model(inputs, training=True))
                loss = total / count
            return loss, [tf.convert_to_tensor(one) for one in tape.gradient(loss, model.trainable_variables)]

        loss, found = step(inputs, targets)
        arrays[f"{name}, loss"] = loss.numpy()
        for variable, gradient in zip(model.trainable_variables, found, strict=True):
            arrays[f"{name}, {variable.path}"] = gradient.numpy()
    np.savez(file, **arrays)


def _model_and_batch(name: str, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return a model of the zoo, and a batch (inputs, targets) of 16 rows, of which the last is padding alone."""
    import tensorflow as tf

    import zoo
    from zoo.catalog import find
    from zoo.tasks import TASKS

    task = TASKS[find(name).task]
    sizes = dict.fromkeys(task.size_options.values(), VOCABULARY) | ({"classes": CLASSES} if task.labelled else {})
    model = zoo.build(name, **sizes, units=UNITS, **options)
    dice = np.random.default_rng(2)

    def ids(width: int) -> tf.Tensor:
        lengths = np.append(dice.integers(3, width + 1, 15), 0)
        rows = dice.integers(4, VOCABULARY, [16, width]) * (np.arange(width) < lengths[:, None])
        return tf.constant(rows, tf.int32)

    source, target = ids(24), ids(20)
    if task.labelled:
        return model, source, tf.constant(dice.integers(CLASSES, size=16), tf.int32)
    return model, ({"source": source, "target": target} if len(task.sides) > 1 else target), target


def compare_ahead() -> None:
    """Fit two models, one on batches that are copied to the device ahead, and compare their weights."""
    import keras
    import tensorflow as tf

    import zoo
    from zoo.training.data.corpora import read_corpus

    tf.config.experimental.enable_op_determinism()
    corpus = read_corpus("numbers-fr-en", task="translation", split="train", size=400)
    words = [zoo.Vocabulary.learn(side, size=300) for side in (corpus.sources, corpus.targets)]
    device = tf.config.list_logical_devices()[-1].name
    weights = []
    for copied in (False, True):
        keras.utils.set_random_seed(1)
        data = zoo.pairs(corpus.sources, corpus.targets, *words, batch_size=32)
        if copied:
            data = data.apply(tf.data.experimental.prefetch_to_device(device))
        model = zoo.bahdanau_seq2seq(words[0].size, words[1].size, units=32)
        model.compile("adam")
        model.fit(data, epochs=2, verbose=0)
        weights.append(model.get_weights())
    assert all((one == other).all() for one, other in zip(*weights, strict=True)), "other weights"
    print(f"two epochs with batches copied ahead to {device}: the same bits")


def measure_memory(device: str) -> None:
    """Multiply two small matrices, and read from the driver how much of the card is taken."""
    import tensorflow as tf

    tf.matmul(tf.ones([256, 256]), tf.ones([256, 256])).numpy()
    if device == "cpu":
        print("nothing to measure on a CPU")
        return
    command = ["nvidia-smi", "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    used, total = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(",")[:2])
    assert used < total / 2, f"{used} of {total} MiB are taken"
    print(f"{used:,} of {total:,} MiB are taken")


def main() -> int:
    """Run the checks, print a line for each and write `checks.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.set_defaults(device="gpu")
    parser.add_argument("--out", type=Path, help="the folder to make")
    parser.add_argument("--only", nargs="+", choices=list(CHECKS), default=list(CHECKS))
    parser.add_argument("--limit", type=float, default=240, help="the most seconds of one process")
    parser.add_argument("--gradients", type=Path, help=argparse.SUPPRESS)  # these four are for child processes
    parser.add_argument("--jit", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ahead", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.gradients or options.ahead or options.memory:
        return _child(options)
    if not options.out:
        parser.error("--out DIR is needed.")
    print(device_name(options.device))
    bench = Bench(options.out.resolve(), options.device, options.limit)
    rows = [_checked(name, bench) for name in options.only]
    (bench.out / "checks.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return int(not all(row["passed"] for row in rows))


def _child(options: argparse.Namespace) -> int:
    from zoo.command.console import set_environment

    set_environment()
    set_device(options.device)
    if options.gradients:
        write_gradients(options.gradients, options.jit)
    elif options.ahead:
        compare_ahead()
    else:
        measure_memory(options.device)
    return 0


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
