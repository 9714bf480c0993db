"""Loads a served model as callers would, and prints sentences a second and the latency of a call.

    python -m benchmarks.serving RUN                                  # the run folder of a translation model
    python -m benchmarks.serving RUN --seconds 5 --callers 1 4 16
    python -m benchmarks.serving RUN --joeynmt JOEY                   # and JoeyNMT beside it, a folder that it trained

Each caller sends one sentence, waits for the answer and sends the next. No TF Serving binary comes by PyPI, Debian or
npm, so the SavedModel runs in this process: what is measured is the graph and the batching, without the network. With
batching on, calls that come together are one call of the graph, by the rules of TF Serving's batching session: up to
64 rows, after 2 ms at the latest, by as many threads as there are cores. JoeyNMT runs in its own process, by the
function that its `translate` command uses, and takes one caller's sentence at a time, as that does.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.quiet import set_environment

MAX_BATCH = 64
TIMEOUT = 0.002
CALLS = {"greedy": ("serving_default", {}), "beam 4": ("beam", {"beam_width": 4, "length_penalty": 0.6})}


class Batcher:
    """Runs calls that come together as one.

    Args:
        function: from texts to one answer each.
        threads: how many batches may run at once.
    """

    def __init__(self, function: Callable[[list[str]], list], threads: int):
        self.function = function
        self.waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.forming = threading.Lock()
        self.rows: list[int] = []
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, text: str):
        """Return the answer to one text, when its batch is done."""
        answer: queue.SimpleQueue = queue.SimpleQueue()
        self.waiting.put((text, answer))
        return answer.get()

    def _work(self):
        while True:
            with self.forming:
                batch = [self.waiting.get()]
                end = time.monotonic() + TIMEOUT
                while len(batch) < MAX_BATCH and (left := end - time.monotonic()) > 0:
                    try:
                        batch.append(self.waiting.get(timeout=left))
                    except queue.Empty:
                        break
            self.rows.append(len(batch))
            for (_, answer), one in zip(batch, self.function([text for text, _ in batch]), strict=True):
                answer.put(one)


def load(function: Callable[[str], object], texts: list[str], callers: int, seconds: float) -> dict[str, float]:
    """Call from several threads for a while.

    Returns:
        `sentences_per_second`, and `p50` and `p99` of the latency in ms.
    """
    latencies: list[float] = []
    begin = time.perf_counter()

    def call(number: int) -> None:
        for i in range(number, 10**9, callers):
            start = time.perf_counter()
            if start - begin > seconds:
                return
            function(texts[i % len(texts)])
            latencies.append(time.perf_counter() - start)

    threads = [threading.Thread(target=call, args=[number]) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - begin
    p50, p99 = np.percentile(latencies, [50, 99]) * 1e3
    return {"sentences_per_second": len(latencies) / spent, "p50": p50, "p99": p99}


def graph_function(loaded, name: str, parameters: dict[str, float]) -> Callable[[list[str]], list]:
    """Return a function from texts to answers by a signature, its parameters the same for every row."""
    import tensorflow as tf

    signature = loaded.signatures[name]
    specs = signature.structured_input_signature[1]
    usual = {"max_length": 128} | parameters

    def function(texts: list[str]) -> list:
        inputs = {"text": tf.constant(texts)}
        for key, spec in specs.items():
            if key != "text":
                inputs[key] = tf.fill([len(texts)] * spec.shape.rank, tf.constant(usual[key], spec.dtype))
        answer = signature(**inputs)
        return list(answer["text" if "text" in answer else "texts"].numpy())

    return function


def measure_ours(run_path: Path, texts: list[str], callers: list[int], seconds: float) -> list[dict]:
    """Measure the SavedModel of a run, each kind of call, batching off and on."""
    from zoo.commands import export_run
    from zoo.run import load_run

    with tempfile.TemporaryDirectory() as folder:
        export_run(load_run(run_path), "saved_model", f"{folder}/out")
        import tensorflow as tf

        loaded = tf.saved_model.load(f"{folder}/out")
        rows = []
        for call, (name, parameters) in CALLS.items():
            if name not in loaded.signatures:
                print(f"skipped: {call}: this SavedModel has no signature {name}", file=sys.stderr)
                continue
            function = graph_function(loaded, name, parameters)
            function(texts[:1]), function(texts[:8])
            for batching in (False, True):
                batcher = Batcher(function, os.cpu_count() or 1) if batching else None
                for count in callers:
                    one = load(batcher or (lambda text, f=function: f([text])), texts, count, seconds)
                    mean = float(np.mean(batcher.rows)) if batcher else 1.0
                    rows.append({"what": f"SavedModel, {call}", "batching": batching, "callers": count,
                                 "rows_a_batch": mean, **one})  # fmt: skip
                    if batcher:
                        batcher.rows.clear()
        return rows


JOEYNMT = """
import json, sys, time
from pathlib import Path
import joeynmt.helpers
from joeynmt.config import load_config, parse_global_args, set_validation_args
from joeynmt.prediction import predict, prepare
folder, seconds, beams = Path(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3])
texts = json.load(sys.stdin)
args = parse_global_args(load_config(folder / "config.yaml"), rank=0, mode="translate")
model, _, _, test = prepare(args, rank=0, mode="translate")
from joeynmt.datasets import StreamDataset
rows = []
for beam in beams:
    test_args = args.test._replace(beam_size=beam, batch_size=1, batch_type="sentence")
    def ask(text):
        test.reset_cache()
        test.set_item(text)
        return predict(model=model, data=test, compute_loss=False, device=args.device, n_gpu=args.n_gpu,
                       normalization="none", num_workers=0, args=test_args, autocast=args.autocast)
    ask(texts[0])
    latencies, begin, i = [], time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        ask(texts[i % len(texts)])
        latencies.append(time.perf_counter() - start)
        i += 1
    latencies.sort()
    rows.append({"beam": beam, "sentences_per_second": i / (time.perf_counter() - begin),
                 "p50": latencies[i // 2] * 1e3, "p99": latencies[min(i - 1, i * 99 // 100)] * 1e3})
print("RESULT" + json.dumps(rows))
"""


def measure_joeynmt(folder: Path, python: str, texts: list[str], seconds: float) -> list[dict]:
    """Measure JoeyNMT's translation, one sentence at a time, in a process of the Python that has it."""
    command = [python, "-c", JOEYNMT, str(folder), str(seconds), json.dumps([1, 4])]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"skipped: JoeyNMT: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return []
    rows = json.loads(done.stdout.rsplit("RESULT", 1)[1])
    names = {1: "greedy", 4: "beam 4"}
    return [
        {"what": f"JoeyNMT, {names[row.pop('beam')]}", "batching": False, "callers": 1, "rows_a_batch": 1.0, **row}
        for row in rows
    ]


def main() -> None:
    """Measure what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default: %(default)s)")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--joeynmt", type=Path, help="the model folder of a JoeyNMT 2.3 run")
    parser.add_argument("--joeynmt-python", default=sys.executable, help="a Python that has it")
    options = parser.parse_args()
    set_environment()
    texts = (options.run / "samples.txt").read_text(encoding="utf-8").split("\n")[:200]
    rows = measure_ours(options.run, texts, options.callers, options.seconds)
    if options.joeynmt:
        rows += measure_joeynmt(options.joeynmt, options.joeynmt_python, texts, options.seconds)
    else:
        print("skipped: JoeyNMT: no --joeynmt folder was given", file=sys.stderr)
    print("| what | batching | callers | rows a batch | sentences/s | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|")
    for row in rows:
        figures = (f"{row[name]:.1f}" for name in ("rows_a_batch", "sentences_per_second", "p50", "p99"))
        print(f"| {row['what']} | {'on' if row['batching'] else 'off'} | {row['callers']} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
