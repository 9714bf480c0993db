"""The latency of single sentences on one core in .tflite, SavedModel and Keras, and the memory of many calls.

    python -m benchmarks.lite [--repeats 50] [--calls 100000] [--run RUN]

The .tflite is measured with float32, float16 and int8 weights. Without RUN the model is `bahdanau_seq2seq` with 6,000
pieces a side, 256 units and random weights; the bias of the end token is set so that a sentence of 15 ids (14 words and
the end) has a greedy answer of 15 ids. The beam search of width 4 also stops after 15.

Both processor time and wall-clock time are printed, since other work on the machine affects only the latter.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from zoo.constants import END, START

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LENGTH = 15
SIZE, UNITS = 6000, 256

FIRST_ANSWER = """
import sys, time
began = time.perf_counter()
from zoo.export.lite import LiteModel
model = LiteModel(sys.argv[1])
model.predict([sys.argv[2]])
print(time.perf_counter() - began, 'tensorflow' in sys.modules)
"""

MANY_CALLS = """
import resource, sys
from zoo.export.lite import LiteModel
from zoo.prediction import Beam
def memory():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmRSS'))
model, texts = LiteModel(sys.argv[1]), sys.argv[3].split('|')
calls = int(sys.argv[2])
for i in range(calls):
    model.predict([texts[i % len(texts)]], beam=Beam(2 + i % 3) if i % 10 == 0 else None)
    if i in (calls // 10, calls // 2, calls - 1):
        print(f'{i + 1:,} calls: {memory():,} KiB', flush=True)
"""


def random_run(folder: Path):
    """Return a run with random weights, and a text that it answers with `LENGTH` pieces."""
    import keras

    import zoo
    from zoo.pipeline import Pipeline
    from zoo.text import Vocabulary

    keras.utils.set_random_seed(1)
    dice = random.Random(1)
    words = sorted({"".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(SIZE)})[: SIZE - 4]
    vocabulary = Vocabulary.learn(
        [" ".join(words[i : i + 10]) for i in range(0, len(words), 10)], size=SIZE, kind="word"
    )
    options = {"source_vocabulary_size": vocabulary.size, "target_vocabulary_size": vocabulary.size, "units": UNITS}
    model = zoo.build("bahdanau_seq2seq", **options)
    texts = [" ".join(dice.choices(words, k=LENGTH - 1)) for _ in range(500)]
    run = Pipeline(model, vocabulary, vocabulary, samples=texts[:20])
    row, boost = _ends_after(model, vocabulary.encode(texts))
    kernel, bias = model.logits.get_weights()
    bias[END] += boost
    model.logits.set_weights([kernel, bias])
    return run, texts[row]


def _ends_after(model, ids):
    """Return the source that ends most clearly at step `LENGTH`, and the number to add to the logit of the end token.

    The margin is as large as possible, so that quantised weights give an answer of the same length.
    """
    import numpy as np

    memory, states = model.encode(np.array([[*row, END] for row in ids], np.int32))
    tokens, lacks = np.full(len(ids), START, np.int32), []
    for _ in range(LENGTH):
        logits, states, _ = model.decode_step(tokens, states, memory)
        logits = np.array(logits)
        end = logits[:, END].copy()
        logits[:, : END + 1] = -np.inf
        tokens = logits.argmax(1).astype(np.int32)
        lacks.append(logits.max(1) - end)
    margins = np.min(lacks[:-1], axis=0) - lacks[-1]
    row = int(np.argmax(margins))
    if margins[row] <= 0:
        raise SystemExit("no sentence has an answer of that length; change the seed")
    return row, lacks[-1][row] + margins[row] / 2


def measure(name, call, repeats):
    """Print the processor and wall-clock times of a call."""
    for _ in range(5):
        call()
    clock, processor = [], []
    for _ in range(repeats):
        began, used = time.perf_counter(), time.process_time()
        call()
        clock.append(1e3 * (time.perf_counter() - began))
        processor.append(1e3 * (time.process_time() - used))
    print(f"{name:<54} processor {statistics.median(processor):7.2f} ms   "
          f"clock {statistics.median(clock):7.2f} ms, best {min(clock):7.2f} ms", flush=True)  # fmt: skip


def contenders(run, folder: Path):
    """Yield the name and the predictor of each contender."""
    from zoo.export.lite import LiteModel
    from zoo.export.litert.archive import write_tflite
    from zoo.export.litert.convert import convert, with_pieces
    from zoo.export.saved_model import export_saved_model, load_saved_model
    from zoo.export.signatures import litert_signatures

    models = convert(run.model, with_pieces(run, litert_signatures(run.model)), {"none", "float16", "int8"})
    for kind, model in models.items():
        path = write_tflite(run, folder / f"{kind}.tflite", model)
        yield f".tflite {'float32' if kind == 'none' else kind} ({path.stat().st_size:,} bytes)", LiteModel(path)
    yield "SavedModel", load_saved_model(export_saved_model(run, folder / "saved_model", ids_only=True)["path"])
    yield "Keras", run


def main() -> None:
    """Measure every contender and print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--calls", type=int, default=0, help="call the .tflite this many times and print the memory")
    parser.add_argument("--run", help="a run folder, instead of a model with random weights")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import numpy as np

    from zoo.pipeline import load_run
    from zoo.text import source_ids

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.run:
            run = load_run(options.run)
            text = (run.path / "samples.txt").read_text(encoding="utf-8").split("\n")[0]
        else:
            run, text = random_run(folder)
        ids, _ = source_ids(run.vocabularies["source"], [text], run.task)
        ids = np.array(ids, np.int32)
        beam = {"beam_width": np.int32([4]), "length_penalty": np.float32([0.6]), "max_length": np.int32([LENGTH])}
        first = run.predict([text])[0]
        print(f"{ids.shape[1]} source ids, {len(first.target_pieces)} in the greedy answer, one core", flush=True)
        for title, predictor in contenders(run, folder):
            greedy = partial(predictor.predict, [text])
            measure(f"{title}, greedy ({len(greedy()[0].target_pieces)} pieces)", greedy, options.repeats)
            search = predictor.functions["beam_tokens"]
            measure(f"{title}, beam 4", partial(search, ids, **beam), options.repeats)
        _start_up(folder / "none.tflite", text)
        if options.calls:
            _many(folder / "none.tflite", options.calls, text)


def _start_up(path: Path, text: str) -> None:
    times, clock = [], []
    for _ in range(7):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", FIRST_ANSWER, path, text], capture_output=True, text=True, check=True
        ).stdout.split()
        clock.append(time.perf_counter() - began)
        times.append(float(done[0]))
    print(f"first answer: {min(times):.2f} s after the imports begin, {min(clock):.2f} s for the whole process "
          f"(median {statistics.median(clock):.2f} s); TensorFlow imported: {done[1]}")  # fmt: skip


def _many(path: Path, calls: int, text: str) -> None:
    words = text.split()
    texts = [" ".join(words[: 1 + i % len(words)]) for i in range(40)]
    subprocess.run([sys.executable, "-c", MANY_CALLS, path, str(calls), "|".join(texts)], check=True)


if __name__ == "__main__":
    main()
