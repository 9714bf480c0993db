"""The time loops, forward and backward pass, compared with a lower bound of their time.

    python -m benchmarks.loops --json loops.json
    python -m benchmarks.loops --loops AttentionDecoder LocationDecoder
    python -m benchmarks.loops --jit
    python -m benchmarks.loops --device gpu --jit --precision mixed_bfloat16

Batches of 64, inputs of 256, states and encoder outputs of 512; gradients of the inputs and of every weight. The floor
is the time of the matrix products alone, at the speed of one large product: three times the multiplications and
additions of the forward pass. The second floor adds the tanh of the additive score, computed once for batch x steps x
values x units numbers at the speed of one large tanh. Loop and floors are measured in turns; each figure is a median.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from benchmarks.device import PRECISIONS, add_device, device_name, product_speed, start_tensorflow
from benchmarks.training import BLOCKS

BATCH, INPUTS, UNITS = 64, 256, 512
LOOPS = {  # steps, values
    "TanhRNN": (50, 0),
    "AttentionDecoder": (30, 30),
    "LocationDecoder": (30, 30),
    "SelfAttentionRNN": (50, 50),
}
FILTER_WIDTH = 7


def operations(name: str, cell: str) -> float:
    """Return the multiplications and additions of the products in the forward and backward pass."""
    steps, values = LOOPS[name]
    row = BLOCKS[cell] * UNITS * (INPUTS + UNITS)
    if values:
        seen = (values - 1) / 2 if name == "SelfAttentionRNN" else values  # on average, the earlier outputs of a step
        row += BLOCKS[cell] * UNITS * UNITS + UNITS * UNITS + seen * 2 * UNITS  # context; query; score and context
        row += UNITS * UNITS * values / steps  # the keys
        row += values * FILTER_WIDTH * UNITS * (name == "LocationDecoder")  # what is added to them
    return 3 * 2 * BATCH * steps * row


def tanhs(name: str) -> float:
    """Return the number of tanh evaluations of the additive score."""
    steps, values = LOOPS[name]
    return BATCH * steps * UNITS * (max(values - 1, 0) / 2 if name == "SelfAttentionRNN" else values)


def tanh_speed(device: str, rounds: int = 9) -> float:
    """Return the tanh evaluations a second of TensorFlow for a large tensor."""
    import tensorflow as tf

    numbers, seconds = tf.random.normal([1024 if device == "cpu" else 65_536, 4096]), []
    for _ in range(rounds):
        began = time.perf_counter()
        tf.tanh(numbers)
        tf.test.experimental.sync_devices()
        seconds.append(time.perf_counter() - began)
    return int(tf.size(numbers)) / min(seconds)


def make_step(name: str, cell: str, jit: bool):
    """Return a function that runs one loop, forward and backward, and returns when it is done."""
    import tensorflow as tf

    import zoo

    steps, values = LOOPS[name]
    inputs = [tf.random.normal([BATCH, steps, INPUTS])]
    if name == "TanhRNN":
        layer = zoo.Recurrent(UNITS, cell=cell, return_sequences=True)
    elif name == "SelfAttentionRNN":
        layer = zoo.SelfAttentionRNN(UNITS, cell=cell, return_sequences=True)
    else:
        options = {"filter_width": FILTER_WIDTH} if name == "LocationDecoder" else {}
        layer = getattr(zoo, name)(UNITS, cell=cell, **options)
        inputs.append(tf.random.normal([BATCH, values, UNITS]))
    layer(*inputs)
    weights = [variable.value for variable in layer.trainable_variables]

    @tf.function(autograph=False, jit_compile=jit)
    def step(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(*inputs)
        return tape.gradient(outputs, [*inputs, *weights], output_gradients=tf.ones_like(outputs))

    def run():
        step(*inputs)
        tf.test.experimental.sync_devices()

    return run


def measure(name: str, cell: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the medians of the milliseconds of a loop and its floor, and of its ratios to both floors."""
    step = make_step(name, cell, options.jit)
    step()
    rows = []
    for _ in range(options.rounds):
        floor = operations(name, cell) / product_speed(0.3, device=options.device, precision=options.precision)
        with_tanh = floor + tanhs(name) / tanh_speed(options.device)
        began = time.perf_counter()
        step()
        took = time.perf_counter() - began
        rows.append((1e3 * took, 1e3 * floor, took / floor, took / with_tanh))
    columns = ("milliseconds", "floor", "ratio", "ratio_with_tanh")
    return {name: statistics.median(column) for name, column in zip(columns, zip(*rows, strict=True), strict=True)}


def main() -> None:
    """Measure every loop and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--loops", nargs="*", choices=list(LOOPS), default=list(LOOPS))
    parser.add_argument("--cells", nargs="*", choices=list(BLOCKS), default=["tanh", "gru"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_tensorflow(options.device)
    import keras

    keras.config.set_dtype_policy(options.precision)
    rows = []
    print(f"{device_name(options.device)}; {options.precision}{', XLA' if options.jit else ''}\n")
    print("| loop | cell | ms | floor, ms | times the floor | with tanh |\n|---|---|---|---|---|---|")
    for name in options.loops:
        for cell in options.cells:
            row = measure(name, cell, options)
            rows.append({"loop": name, "cell": cell, "jit": options.jit, "precision": options.precision, **row})
            cells = [f"{row['milliseconds']:.0f}", f"{row['floor']:.0f}"]
            cells += [f"{row['ratio']:.2f}", f"{row['ratio_with_tanh']:.2f}"]
            print(f"| {name} | {cell} | {' | '.join(cells)} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
