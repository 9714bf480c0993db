"""Answers to a long file: sentences a second beside JoeyNMT's `translate`, and the memory of `zoo predict`.

    python -m benchmarks.bulk --texts train.fr.gz --peers PYTHON      # multi30k; JoeyNMT 2.3 is installed for PYTHON
    python -m benchmarks.bulk --texts train.fr.gz --cases zoo joeynmt --count 2000 --beam 4
    python -m benchmarks.bulk --texts train.fr.gz --memory 10000 1000000

All contenders have the same size: embeddings of 256, a bidirectional gru encoder of 256, a gru decoder of 512 with
attention, 6,000 pieces a side from one vocabulary. They answer the same texts, from a list of texts to a list of texts;
the time to load a model is left out.

The weights are random, since the time of a step does not depend on them. An answer of random weights would go on to the
limit, so both models are given the number of tokens of each answer: 2 and 0.60 to 1.02 times the pieces of its source,
by a hash of its ids. Mean and spread are about those of multi30k, French to English. So each text has as many output
tokens on both sides, which the column "tokens" shows, and the answers of a batch end at different steps.

JoeyNMT runs the function behind its `translate` command, `joeynmt.prediction.predict`, with its batches of 64
sentences in the order of the file. Each contender runs in a fresh process with as many threads as there are cores, but
"tflite, 2 processes": two processes with a thread each, which share the texts.

`--memory` pipes so many lines into `zoo predict` and prints the peak of its resident memory, in MB of 10^6 bytes, with
a small .tflite that is paced in the same way.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.serving import LENGTH_PENALTY, MAX_LENGTH, cores, read_texts

PIECES = 6000
SIZE = {"units": 512, "encoder_units": 256, "embedding_units": 256, "cell": "gru", "bidirectional": True}
SMALL = {"units": 16, "cell": "gru"}
BATCH = 64
# The form of the model, the number of processes and the threads of each; None for one a core.
CASES = {
    "zoo": ("keras", 1, None),
    "SavedModel": ("saved_model", 1, None),
    "tflite": ("model.tflite", 1, None),
    "tflite, 2 processes": ("model.tflite", 2, 1),
    "joeynmt": ("joeynmt", 1, None),
}
Answer = Callable[[list[str]], int]  # from texts to the number of pieces of their answers


def answer_length(pieces: Any, total: Any) -> Any:
    """Return the tokens of an answer, the end included, from the number and the sum of the ids of its source."""
    return 2 + pieces * (60 + 7 * (total % 7)) // 100


def paced_model(size: int, options: dict[str, Any]) -> Any:
    """Return a model with random weights whose answers have the length that `answer_length` says."""
    import keras
    import tensorflow as tf

    from zoo.constants import UNKNOWN
    from zoo.models.seq2seq import Seq2Seq

    class Paced(Seq2Seq):
        def encode(self, source_ids, *, room=0, training=False):
            memory, states = super().encode(source_ids, room=room, training=training)
            if not room:  # under teacher forcing
                return memory, states
            ids = tf.where(source_ids > UNKNOWN, source_ids, 0)
            pieces = tf.reduce_sum(tf.cast(ids > 0, tf.int32), axis=1)
            memory["tokens"] = answer_length(pieces, tf.reduce_sum(ids, axis=1))
            return memory, {"decoder": states, "step": tf.zeros_like(pieces)}

        def decode_step(self, tokens, states, memory):
            inner = {name: value for name, value in memory.items() if name != "tokens"}
            logits, decoder, weights = super().decode_step(tokens, states["decoder"], inner)
            step = states["step"] + 1
            pace = tf.where(step >= memory["tokens"], 1e4, -1e4)
            logits += tf.expand_dims(pace, 1) * tf.one_hot(self.end_id, tf.shape(logits)[-1])
            return logits, {"decoder": decoder, "step": step}, weights

    keras.utils.set_random_seed(1)
    return Paced(size, size, **options)


def prepare(folder: Path, texts: list[str], options: dict[str, Any], forms: set[str]) -> None:
    """Write the texts, the vocabulary, and the model as a SavedModel and a .tflite."""
    from zoo.export.litert.archive import write_tflite
    from zoo.export.litert.convert import convert, with_pieces
    from zoo.export.saved_model import write_saved_model
    from zoo.export.signatures import litert_signatures
    from zoo.pipeline import Pipeline
    from zoo.text import Vocabulary

    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    vocabulary = Vocabulary.learn(texts, size=PIECES)
    vocabulary.save(folder / "pieces.model")
    pieces = vocabulary.pieces(range(4, vocabulary.size))
    (folder / "pieces.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    if not forms & {"saved_model", "model.tflite"}:
        return
    pipeline = Pipeline(paced_model(vocabulary.size, options), vocabulary, vocabulary, samples=texts[:8])
    if "saved_model" in forms:
        (folder / "saved_model").mkdir()
        write_saved_model(pipeline, folder / "saved_model")
    if "model.tflite" in forms:
        signatures = with_pieces(pipeline, litert_signatures(pipeline.model), None)
        write_tflite(pipeline, folder / "model.tflite", convert(pipeline.model, signatures, {"none"})["none"])


def load_zoo(form: str, folder: Path, beam: int, threads: int | None) -> Answer:
    """Return the function of a form of the model of this project."""
    from zoo.export.lite import LiteModel
    from zoo.pipeline import Pipeline, load
    from zoo.prediction import Beam
    from zoo.text import Vocabulary

    if form == "keras":
        vocabulary = Vocabulary.load(folder / "pieces.model")
        pipeline = Pipeline(paced_model(vocabulary.size, SIZE), vocabulary, vocabulary)
    else:
        is_lite = form.endswith(".tflite")
        pipeline = LiteModel(folder / form, threads=threads or cores()) if is_lite else load(folder / form)
    search = Beam(beam, length_penalty=LENGTH_PENALTY) if beam > 1 else None

    def answer(texts):
        predictions = pipeline.predict_stream(texts, beam=search, batch_size=BATCH)
        return sum(len(prediction.target_pieces) for prediction in predictions)  # the end is a piece

    return answer


def load_joeynmt(form: str, folder: Path, beam: int, threads: int | None) -> Answer:
    """Return the function of JoeyNMT's `translate`."""
    import logging

    import torch
    import yaml
    from joeynmt.config import parse_global_args
    from joeynmt.data import load_data
    from joeynmt.model import build_model
    from joeynmt.prediction import predict

    logging.disable(logging.WARNING)
    torch.set_num_threads(threads or cores())
    config = yaml.safe_load((Path(__file__).parent / "joeynmt.yaml").read_text(encoding="utf-8"))
    config["model_dir"] = str(folder)
    for side in ("src", "trg"):
        config["data"][side] |= {"voc_file": str(folder / "pieces.txt")}
        config["data"][side]["tokenizer_cfg"] = {"model_file": str(folder / "pieces.model")}
    args = parse_global_args(config, rank=0, mode="translate")
    source, target, _, _, stream = load_data(args.data, datasets=["stream"])
    model = build_model(args.model, src_vocab=source, trg_vocab=target)
    _pace_joeynmt(model)
    search = {"max_output_length": MAX_LENGTH, "beam_alpha": LENGTH_PENALTY, "n_best": 1, "return_prob": "none"}
    test = args.test._replace(beam_size=beam, batch_size=BATCH, batch_type="sentence", **search)
    more = {"normalization": "none", "num_workers": 0, "autocast": args.autocast}

    def answer(texts):
        stream.reset_cache()
        for text in texts:
            stream.set_item(text)
        _, _, _, tokens, *_ = predict(model, stream, args.device, args.n_gpu, args=test, **more)
        return sum(map(len, tokens))

    return answer


def _pace_joeynmt(model: Any) -> None:
    """Give the answers of a model of JoeyNMT the length that `answer_length` says, by hooks.

    The length of a row takes the place of a feature of the encoder's output, because beam search selects rows of it.
    """
    import torch

    now = {"step": 0, "tokens": torch.zeros(0)}

    def read(module, arguments, output):
        ids = torch.where(arguments[0] > 3, arguments[0], 0)
        now["tokens"] = answer_length((ids > 0).sum(1), ids.sum(1)).float()

    def begin(module, arguments, output):
        now["step"] = 0
        output[0][:, 0, 0] = now["tokens"]

    def pace(module, arguments, named, output):
        now["step"] += 1
        due = now["step"] >= named["encoder_output"][:, 0, 0]
        output[0][:, 0, model.eos_index] += torch.where(due, 1e4, -1e4)

    model.src_embed.register_forward_hook(read)
    model.encoder.register_forward_hook(begin)
    model.decoder.register_forward_hook(pace, with_kwargs=True)


def run_case(case: dict[str, Any]) -> None:
    """Load a contender, wait for a line on standard input, answer the texts, and print the figures as JSON."""
    folder = Path(case["folder"])
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))[case["part"] :: case["processes"]]
    load = load_joeynmt if case["form"] == "joeynmt" else load_zoo
    answer = load(case["form"], folder, case["beam"], case["threads"])
    answer(texts[:BATCH]), answer(texts[:8])
    print("ready", flush=True)
    input()
    began = time.perf_counter()
    tokens = answer(texts)
    print(json.dumps({"seconds": time.perf_counter() - began, "tokens": tokens}))


def measure(name: str, folder: Path, beam: int, peers: str) -> dict[str, float]:
    """Return the `seconds` and the `tokens` of the answers of a contender, by one process or several at a time."""
    form, processes, threads = CASES[name]
    started = []
    for part in range(processes):
        case = {"form": form, "folder": str(folder), "beam": beam, "threads": threads}
        case |= {"part": part, "processes": processes}
        python = peers if form == "joeynmt" else sys.executable
        command = [python, "-m", "benchmarks.bulk", "--case", json.dumps(case)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for process in started:
        while process.stdout.readline() != "ready\n":
            if process.poll() is not None:
                sys.exit(f"{name}: no answer, exit status {process.returncode}")
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    results = [json.loads(process.communicate()[0]) for process in started]
    return {"seconds": max(one["seconds"] for one in results), "tokens": sum(one["tokens"] for one in results)}


def speed(texts: list[str], names: list[str], beams: list[int], peers: str) -> Iterator[str]:
    """Yield the lines of a table of sentences a second."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, texts, SIZE, {CASES[name][0] for name in names})
        yield f"{len(texts):,} sentences, {cores()} cores\n"
        yield "| | search | sentences/s | tokens | times JoeyNMT |\n|---|---|---|---|---|"
        for beam in beams:
            rows = {name: measure(name, folder, beam, peers) for name in names}
            base = rows.get("joeynmt", {}).get("seconds")
            for name, row in rows.items():
                times = f"{base / row['seconds']:.2f}" if base else ""
                search = f"beam {beam}" if beam > 1 else "greedy"
                rate = len(texts) / row["seconds"]
                yield f"| {name} | {search} | {rate:.1f} | {row['tokens']:,} | {times} |"


def memory(texts: list[str], counts: list[int]) -> Iterator[str]:
    """Yield the lines of a table of the peak memory of `zoo predict` for so many lines."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, texts, SMALL, {"model.tflite"})
        yield "| lines | peak, MB | seconds |\n|---|---|---|"
        for count in counts:
            peak, seconds = peak_memory(folder / "model.tflite", itertools.islice(itertools.cycle(texts), count))
            yield f"| {count:,} | {peak / 1e6:.1f} | {seconds:.0f} |"


def peak_memory(where: Path, lines: Iterator[str]) -> tuple[int, float]:
    """Return the peak of the resident memory of `zoo predict` in bytes, and its seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "zoo", "predict", str(where)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    process.stdin.writelines(f"{line}\n" for line in lines)
    process.stdin.close()
    peak = 0
    while process.poll() is None:  # the last windows are being answered
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        peak = max([peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))])
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"zoo predict failed with the status {process.returncode}")
    return peak, time.perf_counter() - began


def main() -> None:
    """Print the table of the speed or of the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="a sentence a line, plain or gzip")
    parser.add_argument("--count", type=int, default=20_000, help="the number of sentences (default: %(default)s)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--beam", type=int, nargs="+", default=[1, 4], help="1 for greedy (default: 1 4)")
    parser.add_argument("--peers", default=sys.executable, help="the Python in which JoeyNMT is installed")
    parser.add_argument("--memory", type=int, nargs="+", metavar="LINES", help="measure the memory of `zoo predict`")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)  # one measurement, in a child process
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not options.case or options.case["form"] != "joeynmt":  # as `zoo predict` does; JoeyNMT keeps its defaults
        from zoo.command.console import set_environment

        set_environment()
    if options.case:
        return run_case(options.case)
    texts = read_texts(options.texts, options.count)
    table = (
        memory(texts, options.memory) if options.memory else speed(texts, options.cases, options.beam, options.peers)
    )
    for line in table:
        print(line, flush=True)


if __name__ == "__main__":
    main()
