"""The peak memory of a training step, with the gradients of `zoo.recurrence` and with automatic differentiation.

    python -m benchmarks.memory --json /tmp/memory.json
    python -m benchmarks.memory --model bahdanau_seq2seq --steps 50 100     # some of the cases
    python -m benchmarks.memory --device gpu

A step is the forward pass, the backward pass and the optimizer, by `fit` of this project: batches of 32, units
and embeddings of 256, tanh cells, vocabularies of 500 so that the logits do not hide the memory of the recurrence, no
padding, no XLA. Each number is from a fresh process. It makes two steps on a batch of 2 x 3 tokens with the same graph,
which creates the optimizer's variables; the figure is the peak of the resident memory during one step of full size,
minus the resident memory before it. On a GPU it is the peak of what TensorFlow's allocator has handed out, likewise.
All sizes are in MB of 10^6 bytes.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.device import add_device, start_tensorflow

BATCH, UNITS, VOCABULARY = 32, 256, 500
MODELS = ("bahdanau_seq2seq", "location_seq2seq", "self_attention_rnn")
LENGTHS = (50, 100, 200, 400, 800)
LIMIT = 14e9  # bytes


class Peak:
    """The peak of the memory since this object was made, in bytes; on a CPU the resident memory of this process."""

    def __init__(self, device: str):
        self.on_gpu = device == "gpu"
        if self.on_gpu:
            self.before = self._of_gpu()["current"]
            self._experimental().reset_memory_stats("GPU:0")
        else:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
            self.before = resident("VmRSS")

    def bytes(self) -> int:
        """Return the peak, less the memory that was in use before."""
        return (self._of_gpu()["peak"] if self.on_gpu else resident("VmHWM")) - self.before

    def _of_gpu(self) -> dict[str, int]:
        return self._experimental().get_memory_info("GPU:0")

    def _experimental(self):
        import tensorflow as tf

        return tf.config.experimental


def resident(name: str, process: int | str = "self") -> int:
    """Return the resident memory of a process in bytes.

    "VmRSS" is the memory now, "RssAnon" the part of it that is no mapped file, "VmHWM" the peak.
    """
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def make_step(model_name: str, vocabulary: int = VOCABULARY, units: int = UNITS):
    """Return a training step as a graph for batches of any size, and a function that makes a batch."""
    import numpy as np
    import tensorflow as tf

    import zoo
    from zoo.training.settings import Settings
    from zoo.training.step.optimizer import make_optimizer

    pairs, builder = model_name.endswith("seq2seq"), getattr(zoo, model_name)
    model = builder(vocabulary, vocabulary if pairs else 2, units=units, embedding_units=units, cell="tanh")
    model.compile(make_optimizer(Settings(), 1000), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    ids = tf.TensorSpec([None, None], tf.int32)
    inputs, targets = ({"source": ids, "target": ids}, ids) if pairs else (ids, tf.TensorSpec([None], tf.int32))
    step = tf.function(lambda *data: model.train_step(data), input_signature=[inputs, targets])

    def batch(size: int, length: int):
        dice = np.random.default_rng(1)
        first, second, third = (dice.integers(4, vocabulary, [size, length]).astype("int32") for _ in range(3))
        return ({"source": first, "target": second}, third) if pairs else (first, first[:, 0] % 2)

    return step, batch


def measure(model_name: str, length: int, automatic: bool, device: str) -> None:
    """Measure one case in this process and print it as JSON."""
    from zoo.recurrence.scan import inference_graph

    step, batch = make_step(model_name)
    with inference_graph() if automatic else contextlib.nullcontext():  # the first call traces the graph
        for _ in range(2):
            step(*batch(2, 3))
    real = batch(BATCH, length)
    if automatic and device == "cpu":
        _limit_memory()
    peak, began = Peak(device), time.monotonic()
    loss = float(step(*real)["loss"])
    seconds = time.monotonic() - began
    print(json.dumps({"bytes": peak.bytes(), "seconds": round(seconds, 2), "loss": loss}))


def _limit_memory() -> None:
    """Limit the memory of this process, so that an allocation beyond it fails."""
    import resource

    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + int(LIMIT), used + int(LIMIT)))


def run(model_name: str, length: int, automatic: bool, device: str) -> dict:
    """Measure one case in a fresh process.

    Returns:
        `bytes`, `seconds` and `loss`; or `failed`, the reason why there are none.
    """
    if automatic and BATCH * length * length * UNITS * 4 > LIMIT:
        return {"failed": f"over {LIMIT / 1e9:.0f} GB (tanh(W_q s + W_k y) of all steps alone is)"}
    command = [sys.executable, "-m", "benchmarks.memory", "--device", device]
    command += ["--case", model_name, str(length), str(int(automatic))]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode == 0:
        return json.loads(process.stdout.splitlines()[-1])
    if automatic and any(word in process.stderr for word in ("OOM", "bad_alloc", "ResourceExhausted", "allocat")):
        return {"failed": f"over {LIMIT / 1e9:.0f} GB"}
    raise SystemExit(process.stderr)


def measure_all(models, lengths, device: str) -> list[dict]:
    """Return a row for each model and length."""
    rows = []
    for name in models:
        for length in lengths:
            ours, automatic = run(name, length, False, device), run(name, length, True, device)
            weights = BATCH * length * length * 4
            positions = length * (2 if name.endswith("seq2seq") else 1)
            beyond = (ours["bytes"] - weights) / positions
            row = {"model": name, "length": length, "weights_bytes": weights, "positions": positions}
            rows.append(row | {"beyond_weights_bytes_a_position": round(beyond), "ours": ours, "automatic": automatic})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return rows


def table(rows: list[dict]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| model | S = T | attention weights, MB | peak, MB | (peak - weights) / positions, kB "
        "| automatic, MB | automatic / positions, kB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, automatic = row["ours"]["bytes"], row["automatic"].get("bytes")
        beyond = row["beyond_weights_bytes_a_position"] / 1e3
        theirs = f"{automatic / 1e6:,.0f}" if automatic else row["automatic"]["failed"]
        growth = f"{(automatic - row['weights_bytes']) / row['positions'] / 1e3:,.0f}" if automatic else ""
        numbers = f"{row['weights_bytes'] / 1e6:,.1f} | {ours / 1e6:,.0f} | {beyond:,.0f} | {theirs} | {growth}"
        lines.append(f"| {row['model']} | {row['length']} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all cases, print a table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="the file to write")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--steps", nargs="+", type=int, default=LENGTHS, help="the lengths, S = T")
    add_device(parser)
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)  # one measurement, in a child process
    options = parser.parse_args()
    if options.case:
        model_name, length, automatic = options.case
        start_tensorflow(options.device)
        return measure(model_name, int(length), automatic == "1", options.device)
    rows = measure_all(options.model, options.steps, options.device)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
