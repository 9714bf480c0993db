"""The speed of TensorFlow's products of few rows with a matrix, as in a time loop, in each form.

    python -m benchmarks.products

States of 64 rows, a matrix of 512 x 2048, the products of the forward and the backward pass, inside a `tf.while_loop`;
with oneDNN, without it, and compiled by XLA, each in its own process. For comparison, a product of 1024 x 1024 x 1024.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROWS, INNER, OUTER, LOOPS = 64, 512, 2048, 30
SETTINGS = {"oneDNN": ("1", False), "no oneDNN": ("0", False), "XLA": ("0", True)}


def speeds(jit: bool) -> dict[str, float]:
    """Return the speed of each form in GFLOP/s."""
    import tensorflow as tf

    def times(x, w, **options):
        def body(i, total, x):
            return i + 1, total + tf.matmul(x, w, **options)[:1, :1], x + 1e-6

        zero = tf.zeros([1, 1])
        return tf.while_loop(lambda i, *_: i < LOOPS, body, (0, zero, x), maximum_iterations=LOOPS)[1]

    def measure(x, w, **options):
        run = tf.function(lambda x, w: times(x, w, **options), autograph=False, jit_compile=jit)
        run(x, w)
        seconds = []
        for _ in range(9):
            began = time.perf_counter()
            run(x, w).numpy()
            seconds.append((time.perf_counter() - began) / LOOPS)
        return 2 * x.shape[0] * w.shape[0] * w.shape[1] / statistics.median(seconds) / 1e9

    h, d, w = tf.random.normal([ROWS, INNER]), tf.random.normal([ROWS, OUTER]), tf.random.normal([INNER, OUTER])
    large, turned = tf.random.normal([1024, 1024]), tf.transpose(w)
    return {
        "forwards, h W": measure(h, w),
        "forwards, h (W^T)^T, W^T made before the loop": measure(h, turned, transpose_b=True),
        "backwards, d W^T": measure(d, w, transpose_b=True),
        "one large product": measure(large, large),
    }


def main() -> None:
    """Measure every setting and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", choices=["graph", "jit"], help=argparse.SUPPRESS)  # in a child process
    case = parser.parse_args().case
    if case:
        return print(json.dumps(speeds(case == "jit")))
    columns = {}
    for name, (onednn, jit) in SETTINGS.items():
        environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-m", "benchmarks.products", "jit" if jit else "graph"]
        folder = Path(__file__).parents[1]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=folder)
        columns[name] = json.loads(done.stdout.splitlines()[-1])
    print(f"| GFLOP/s | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for form in columns["oneDNN"]:
        print(f"| {form} | {' | '.join(f'{column[form]:.0f}' for column in columns.values())} |")


if __name__ == "__main__":
    main()
