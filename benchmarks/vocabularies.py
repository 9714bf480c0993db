"""What the logits of large vocabularies cost, in decoding and in training, and what a shortlist saves.

    python -m benchmarks.vocabularies [--sizes 4000 8000 32000 64000] [--rows 1 16] [--json FILE]
    python -m benchmarks.vocabularies --training [--sizes 8000 32000 64000]

The model is `bahdanau_seq2seq` with random weights: embeddings of 256, a bidirectional gru encoder of 256, a decoder of
512. It translates random sentences of 15 ids, greedily and with a beam of 4, and never ends before step 15. The
shortlist has 250 pieces that are always candidates and 50 for each source piece, drawn from 2,000: about 900 candidates
for one sentence and 2,250 for 16.

With `--training` it prints the time of a training step of 64 sentences of 15 ids, and that of its logits alone: the
product, the loss and their gradients, without the update of the weights.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

STEPS, LENGTH = 15, 15
ALWAYS, PER_PIECE, POOL = 250, 50, 2000
SEARCHES: dict[str, dict[str, Any]] = {"greedy": {}, "beam 4": {"beam_width": 4}}
TRAINING_ROWS = 64

Call = Callable[[Any], Any]  # from ids (B, LENGTH)


def make_model(size: int):
    """Return the model with random weights, whose answers have no end."""
    import keras

    import zoo
    from zoo.constants import END

    keras.utils.set_random_seed(1)
    sizes = {"units": 512, "encoder_units": 256, "embedding_units": 256}
    model = zoo.bahdanau_seq2seq(size, size, **sizes, cell="gru", bidirectional=True)
    kernel, bias = model.logits.get_weights()
    bias[END] = -1e3
    model.logits.set_weights([kernel, bias])
    return model


def make_shortlist(size: int):
    """Return a random shortlist; see the module."""
    import numpy as np

    import zoo

    table = np.random.default_rng(1).integers(ALWAYS, ALWAYS + POOL, [size, PER_PIECE])
    return zoo.Shortlist(table=table.astype(np.int32), always=np.arange(ALWAYS, dtype=np.int32), target_size=size)


def contenders(model, folder: Path) -> Iterator[tuple[str, str, Call]]:
    """Yield the name of each format, the search, and the search as a function of ids."""
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from zoo.decoding import beam_search, greedy
    from zoo.decoding.endpoints import INPUTS
    from zoo.decoding.shortlist import over_candidates
    from zoo.export.litert.convert import convert
    from zoo.export.saved_model import write_graph
    from zoo.export.signatures import Signature
    from zoo.recurrence.scan import inference_graph

    functions = {"greedy": greedy, "beam 4": beam_search}
    signatures = {
        search.split()[0]: Signature(
            partial(over_candidates, functions[search], model, max_length=STEPS, **options), {"ids": INPUTS["ids"]}
        )
        for search, options in SEARCHES.items()
    }
    write_graph(model, folder, signatures)
    loaded = tf.saved_model.load(str(folder))
    models = convert(model, signatures, {"none", "int8"})
    runners = {kind: Interpreter(model_content=content) for kind, content in models.items()}
    for search in SEARCHES:
        name = search.split()[0]
        with inference_graph():
            graph = signatures[name].graph().get_concrete_function()
        yield "Keras", search, lambda ids, graph=graph: graph(tf.constant(ids))["ids"].numpy()
        signature = loaded.signatures[name]
        yield "SavedModel", search, lambda ids, signature=signature: signature(ids=tf.constant(ids))["ids"].numpy()
        for kind, title in ("none", "float32"), ("int8", "int8"):
            runner = runners[kind].get_signature_runner(name)
            yield f".tflite {title}", search, lambda ids, runner=runner: runner(ids=ids)


def milliseconds(call: Callable[[], Any], repeats: int) -> float:
    """Return the median time of a call."""
    for _ in range(2):
        call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def measure_decoding(size: int, rows: list[int], repeats: int) -> list[dict[str, Any]]:
    """Return the times of every format and search for a vocabulary, with all logits and with a shortlist."""
    import numpy as np

    model, measured = make_model(size), {}
    ids = {count: np.random.default_rng(2).integers(4, size, [count, LENGTH]).astype(np.int32) for count in rows}
    for column, shortlist in ("all", None), ("shortlist", make_shortlist(size)):
        model.shortlist = shortlist
        with tempfile.TemporaryDirectory() as folder:
            for format, search, call in contenders(model, Path(folder)):
                for count in rows:
                    key = {"vocabulary": size, "format": format, "search": search, "rows": count}
                    row = measured.setdefault(tuple(key.values()), key)
                    row[column] = milliseconds(partial(call, ids[count]), repeats)
    return list(measured.values())


def measure_training(size: int, repeats: int) -> dict[str, Any]:
    """Return the time of a training step and that of its logits."""
    import numpy as np
    import tensorflow as tf

    from benchmarks.contenders import make_zoo
    from zoo.fitting.losses import summed_loss

    spec = {"vocabulary": size, "units": 512, "encoder_units": 256, "embedding_units": 256, "cell": "gru", "jit": False}
    ids = np.random.default_rng(1).integers(4, size, [TRAINING_ROWS, LENGTH]).astype(np.int32)
    step = milliseconds(partial(make_zoo(spec), ids, ids), repeats)
    targets = tf.constant(ids.reshape(-1))
    features, kernel, bias = tf.random.normal([len(targets), 512]), tf.random.normal([512, size]), tf.zeros([size])

    @tf.function(autograph=False)
    def logits():
        weights = [features, kernel, bias]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, _ = summed_loss("translation", targets, tf.nn.bias_add(tf.matmul(features, kernel), bias))
        return [tf.reduce_sum(gradient) for gradient in tape.gradient(loss, weights)]

    return {"vocabulary": size, "step": step, "logits": milliseconds(lambda: logits()[0].numpy(), repeats)}


def decoding_table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table with a column for each vocabulary: ms with all logits / with the shortlist."""
    sizes = sorted({row["vocabulary"] for row in rows})
    cells: dict[tuple, list[str]] = {}
    for row in sorted(rows, key=lambda row: row["vocabulary"]):
        times = " / ".join(f"{row[name]:.{1 if row[name] < 20 else 0}f}" for name in ("all", "shortlist"))
        cells.setdefault((row["format"], row["search"], row["rows"]), []).append(times)
    lines = [f"| format | search | sentences | {' | '.join(f'{size:,}' for size in sizes)} |"]
    lines.append("|---" * (3 + len(sizes)) + "|")
    return "\n".join([*lines, *(f"| {' | '.join(map(str, [*key, *times]))} |" for key, times in cells.items())])


def training_table(rows: list[dict[str, Any]]) -> str:
    """Return the times of training as a Markdown table."""
    lines = ["| vocabulary | step, ms | its logits, ms | share |", "|---" * 4 + "|"]
    for row in rows:
        share = f"{row['logits'] / row['step']:.0%}"
        lines.append(f"| {row['vocabulary']:,} | {row['step']:.0f} | {row['logits']:.0f} | {share} |")
    return "\n".join(lines)


def main() -> None:
    """Measure every size and print a table."""
    from zoo.command.console import set_environment
    from zoo.processor import processor_name

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[4000, 8000, 32000, 64000], help="vocabularies")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 16], help="sentences a call (default: 1 16)")
    parser.add_argument("--repeats", type=int, default=9, help="calls a measurement (default: %(default)s)")
    parser.add_argument("--training", action="store_true", help="measure training steps in place of decoding")
    parser.add_argument("--json", type=Path, help="also write the times to a file")
    options = parser.parse_args()
    set_environment()
    if options.training:
        rows = [measure_training(size, options.repeats) for size in options.sizes]
        print(training_table(rows))
    else:
        rows = [row for size in options.sizes for row in measure_decoding(size, options.rows, options.repeats)]
        print(decoding_table(rows))
    print(f"\n{processor_name()}, {len(os.sched_getaffinity(0))} cores")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
