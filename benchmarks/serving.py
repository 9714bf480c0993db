"""A translation model under load: sentences a second, and the latency of a call.

    python -m benchmarks.serving RUN                                  # the run folder of a translation model
    python -m benchmarks.serving RUN --texts test.fr.gz --seconds 5 --callers 1 4 16
    python -m benchmarks.serving RUN --joeynmt JOEY                   # also JoeyNMT: see joeynmt.yaml

Each caller sends one sentence, waits for the answer and sends the next. PyPI, Debian and npm have no TF Serving binary,
so the SavedModel runs in this process: the graph and the batching are measured, the network is not. With batching,
concurrent calls share one call of the graph, by the rules of TF Serving's batching session: up to 64 rows, a timeout of
2 ms, as many threads as there are cores.

JoeyNMT has no server. The function behind its `translate` command, from text to text, is called in another process by
the same callers, with and without the same batching, but one call at a time, since its attention layer stores the text
that it reads. Both sides translate the same texts, with at most 128 pieces an answer.

The answers of two models differ, so the table has the mean length of the answers in pieces, the end included, the mean
number of decoder steps, and the time divided by the number of steps. A greedy answer takes a step for each piece; a
beam search continues until all four hypotheses have ended, and its answer is the best of them.
"""

import argparse
import gzip
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

MAX_BATCH = 64
TIMEOUT = 0.002
MAX_LENGTH, BEAM_WIDTH, LENGTH_PENALTY = 128, 4, 0.6
OPTIONS = {"max_length": MAX_LENGTH, "beam_width": BEAM_WIDTH, "length_penalty": LENGTH_PENALTY}
# The signature over text, the signature over ids, and the output with the texts.
CALLS = {"greedy": ("serving_default", "tokens", "text"), "beam 4": ("beam", "beam_tokens", "texts")}
COLUMNS = {
    "rows_a_batch": "rows a batch",
    "sentences_per_second": "sentences/s",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "pieces": "pieces",
    "steps": "steps",
    "ms_a_step": "ms a step",
}

Function = Callable[[list[str]], list]  # from texts to an answer for each
Row = dict[str, Any]


class Batcher:
    """A function that runs concurrent calls as one batch.

    Args:
        function: from texts to an answer for each.
        threads: the number of batches that may run at once.
    """

    def __init__(self, function: Function, threads: int):
        self.function = function
        self.waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.forming = threading.Lock()
        self.rows: list[int] = []
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, text: str):
        """Return the answer to a text when its batch is done."""
        answer: Future = Future()
        self.waiting.put((time.monotonic() + TIMEOUT, text, answer))
        return answer.result()

    def _work(self):
        while True:
            with self.forming:
                batch = self._form()
            self.rows.append(len(batch))
            try:
                answers = self.function([text for _, text, _ in batch])
                for (_, _, answer), one in zip(batch, answers, strict=True):
                    answer.set_result(one)
            except Exception as error:
                for _, _, answer in batch:
                    answer.set_exception(error)

    def _form(self):
        batch = [self.waiting.get()]
        end, *_ = batch[0]  # the timeout of the batch is that of its first call
        while len(batch) < MAX_BATCH:
            try:
                batch.append(self.waiting.get(timeout=max(0, end - time.monotonic())))
            except queue.Empty:
                break
        return batch


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load(
    function: Callable[[str], object], texts: list[str], lengths: list[tuple[int, int]], callers: int, seconds: float
) -> dict[str, float]:
    """Call a function from several threads.

    Args:
        function: from a text to its answer.
        texts: the texts, which are sent in turns.
        lengths: for each text, the pieces of its answer and the decoder steps that it takes.
        callers: the number of threads.
        seconds: the time after which no call starts.

    Returns:
        `sentences_per_second`, `p50` and `p99` of the latency in ms, the mean `pieces` and `steps` of an answer, and
        `ms_a_step`: the time divided by the number of steps of all answers.
    """
    calls: list[tuple[float, int, int]] = []  # seconds, pieces, steps
    begin = time.perf_counter()

    def call(number: int) -> None:
        for i in range(number, 10**9, callers):
            start = time.perf_counter()
            if start - begin > seconds:
                return
            function(texts[i % len(texts)])
            calls.append((time.perf_counter() - start, *lengths[i % len(texts)]))

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(call, range(callers)))
    spent = time.perf_counter() - begin
    _, pieces, steps = np.mean(calls, axis=0)
    p50, p99 = np.percentile([latency for latency, *_ in calls], [50, 99]) * 1e3
    return {"sentences_per_second": len(calls) / spent, "p50": p50, "p99": p99,
            "pieces": pieces, "steps": steps, "ms_a_step": spent * 1e3 / (steps * len(calls))}  # fmt: skip


def measure(
    what: str, function: Function, lengths: list[tuple[int, int]], options: dict[str, Any], threads: int
) -> list[Row]:
    """Measure a function without batching, and with batching in `threads` threads."""
    texts, rows = options["texts"], []
    function(texts[:1]), function(texts[:8])
    for batching in (False, True):
        batcher = Batcher(function, threads) if batching else None
        for count in options["callers"]:
            one = load(batcher or (lambda text: function([text])), texts, lengths, count, options["seconds"])
            mean = float(np.mean(batcher.rows)) if batcher else 1.0
            rows.append({"what": what, "batching": batching, "callers": count, "rows_a_batch": mean, **one})
            if batcher:
                batcher.rows.clear()
    return rows


def measure_ours(run_path: Path, options: dict[str, Any]) -> tuple[list[Row], str]:
    """Measure each kind of call to the SavedModel of a run; return the rows and a note on version and threads."""
    import tensorflow as tf

    from zoo.command.export import export_run
    from zoo.pipeline import load_run
    from zoo.text import source_ids

    if options["threads"]:
        tf.config.threading.set_intra_op_parallelism_threads(options["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(options["threads"])
    run = load_run(run_path)
    if run.task != "translation":
        sys.exit(f"Expected the run of a translation model. Received: {run_path}, of the task {run.task}.")
    ids = tf.ragged.constant(source_ids(run.vocabularies["source"], options["texts"], run.task)[0], tf.int32)

    def ask(signature, **inputs):
        count, specs = len(next(iter(inputs.values()))), signature.structured_input_signature[1]
        wanted = {name: value for name, value in OPTIONS.items() if name in specs}
        options = {name: tf.fill([count], tf.constant(value, specs[name].dtype)) for name, value in wanted.items()}
        return signature(**inputs, **options)

    with tempfile.TemporaryDirectory() as folder:
        export_run(run, "saved_model", f"{folder}/out")
        loaded = tf.saved_model.load(f"{folder}/out")
    rows = []
    for call, (by_text, by_ids, output) in CALLS.items():
        answers = ask(loaded.signatures[by_ids], ids=ids.to_tensor())["ids"].numpy()
        pieces = np.count_nonzero(answers, axis=-1).reshape([len(answers), -1])  # of each hypothesis, the best first
        lengths = list(zip(pieces[:, 0].tolist(), pieces.max(1).tolist(), strict=True))

        def function(texts, signature=loaded.signatures[by_text], output=output):
            return list(ask(signature, text=tf.constant(texts))[output].numpy())

        rows += measure(f"SavedModel, {call}", function, lengths, options, threads=cores())
    threads = tf.config.threading.get_intra_op_parallelism_threads() or cores()
    return rows, f"TensorFlow {tf.__version__}, threads: {threads}"


def measure_joeynmt(folder: Path, python: str, options: dict[str, Any]) -> tuple[list[Row], str]:
    """Measure JoeyNMT in a process of the given Python; returns as `measure_ours`."""
    command = [python, "-c", "from benchmarks.serving import joeynmt_side; joeynmt_side()"]
    given = json.dumps({**options, "folder": str(folder.resolve())})
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode:
        return [], f"skipped: JoeyNMT: {(done.stderr.strip().splitlines() or [f'exit status {done.returncode}'])[-1]}"
    return tuple(json.loads(done.stdout.strip().splitlines()[-1]))


def joeynmt_side() -> None:
    """Read options from standard input, measure JoeyNMT, and print the rows and the note as JSON."""
    import torch
    from joeynmt.config import load_config, parse_global_args
    from joeynmt.prediction import predict, prepare

    options = json.load(sys.stdin)
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    logging.disable(logging.INFO)
    args = parse_global_args(_joeynmt_config(load_config, Path(options["folder"])), rank=0, mode="translate")
    model, _, _, stream = prepare(args, rank=0, mode="translate")
    search = {"max_output_length": MAX_LENGTH, "beam_alpha": LENGTH_PENALTY, "n_best": 1, "return_prob": "none"}
    more = {"normalization": "none", "num_workers": 0, "autocast": args.autocast}
    one_at_a_time, rows = threading.Lock(), []
    for call, width in ("greedy", 1), ("beam 4", BEAM_WIDTH):
        test = args.test._replace(beam_size=width, batch_size=MAX_BATCH, batch_type="sentence", **search)

        def function(texts, test=test):
            with one_at_a_time:
                stream.reset_cache()
                for text in texts:
                    stream.set_item(text)
                _, _, answers, tokens, *_ = predict(model, stream, args.device, args.n_gpu, args=test, **more)
            return list(zip(answers, tokens, strict=True))

        lengths = _joeynmt_lengths(model, function, options["texts"])
        rows += measure(f"JoeyNMT, {call}", function, lengths, options, threads=1)
    print(json.dumps([rows, f"PyTorch {torch.__version__}, threads: {torch.get_num_threads()}"]))


def _joeynmt_config(load_config, folder):
    """Return the configuration in a folder of JoeyNMT, with the paths of the copies in that folder."""
    config = load_config(folder / "config.yaml") | {"model_dir": str(folder)}
    for side in ("src", "trg"):
        one = config["data"][side]
        one["voc_file"] = str(folder / f"{side}_vocab.txt")
        one["tokenizer_cfg"]["model_file"] = str(folder / Path(one["tokenizer_cfg"]["model_file"]).name)
    return config


def _joeynmt_lengths(model, function, texts):
    """Return the pieces of the answer to each text, and the decoder steps, which a hook counts."""
    steps, lengths = [], []
    hook = model.decoder.register_forward_hook(lambda *_: steps.append(1))
    for text in texts:
        steps.clear()
        [(_, tokens)] = function([text])
        lengths.append((len(tokens), len(steps)))
    hook.remove()
    return lengths


def read_texts(path: Path, count: int) -> list[str]:
    """Return the first lines of a text file, plain or gzip, without empty lines."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip()][:count]


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | batching | callers | " + " | ".join(COLUMNS.values()) + " |", "|---" * (3 + len(COLUMNS)) + "|"]
    for row in rows:
        start = f"| {row['what']} | {'on' if row['batching'] else 'off'} | {row['callers']} | "
        lines.append(start + " | ".join(f"{row[name]:.{2 if name == 'ms_a_step' else 1}f}" for name in COLUMNS) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure the SavedModel, and JoeyNMT if it is given, and print a table."""
    from zoo.command.console import set_environment

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--texts", type=Path, help="a sentence a line (default: validation sentences of the run)")
    parser.add_argument("--count", type=int, default=200, help="the number of sentences (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds a measurement (default: %(default)s)")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--threads", type=int, help="the threads of a call (default: that of TensorFlow and PyTorch)")
    parser.add_argument("--joeynmt", type=Path, help="the model folder of a JoeyNMT 2.3 run")
    parser.add_argument("--joeynmt-python", default=sys.executable, help="the Python in which JoeyNMT is installed")
    given = parser.parse_args()
    set_environment()
    texts = read_texts(given.texts or given.run / "samples.txt", given.count)
    options = {"texts": texts, "seconds": given.seconds, "callers": given.callers, "threads": given.threads}
    rows, note = measure_ours(given.run, options)
    notes = [note, "skipped: JoeyNMT: no --joeynmt folder was given"]
    if given.joeynmt:
        more, notes[1] = measure_joeynmt(given.joeynmt, given.joeynmt_python, options)
        rows += more
    print(table(rows))
    print(f"\n{len(texts)} texts, at most {MAX_LENGTH} pieces an answer; cores: {cores()}. {'; '.join(notes)}.")


if __name__ == "__main__":
    main()
