"""How long XLA compiles a training step, and how fast the compiled step is, with each of some options of XLA.

    python -m benchmarks.xla --device gpu --batch-size 256 --limit 60

The step is that of `benchmarks.training` in bfloat16, on batches of one length; each row is a process of its own. The
options are those that decide how XLA chooses kernels, and how it runs the time loops on a GPU. On a CPU they change
nothing: `--device cpu` is a rehearsal.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.device import add_device, device_name
from benchmarks.training import SIZES, run_contender

OPTIONS = {
    "no XLA": None,
    "no autotuning": "--xla_gpu_autotune_level=0",
    "no Triton": "--xla_gpu_enable_triton_gemm=false",
    "neither": "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false",
    "neither, loops as CUDA graphs": (
        "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false "
        "--xla_gpu_enable_command_buffer=+WHILE,+CONDITIONAL"
    ),
    "neither, loops unrolled": (
        "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false "
        "--xla_gpu_enable_while_loop_unrolling=WHILE_LOOP_UNROLLING_FULL_UNROLL"
    ),
    "defaults": "",
}


def measure(options: str | None, spec: dict[str, Any], limit: float) -> dict[str, Any]:
    """Run the steps in a process with some options of XLA; None is without XLA."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} {options or ''}".strip()
    environment = {**os.environ, "XLA_FLAGS": flags or "--xla_gpu_autotune_level=4"}  # the default; empty is an error
    result = run_contender(sys.executable, "zoo", {**spec, "jit": options is not None}, limit, environment)
    if "skipped" in result:
        return result
    return {"first_step": result["warm_up"], "step": statistics.median(result["seconds"])}


def main() -> None:
    """Measure every row and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--batches", type=int, default=5, help="steps that are timed; each has the same shape")
    parser.add_argument("--limit", type=float, default=120, help="the most seconds of a row")
    parser.add_argument("--rows", nargs="+", choices=list(OPTIONS), default=list(OPTIONS), metavar="ROW")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    spec = {**SIZES, "cell": "gru", "seed": 1}
    spec |= {"batch": options.batch_size, "batches": options.batches, "device": options.device}
    spec |= {"sorted": False, "precision": "mixed_bfloat16", "length": 15}
    rows = {}
    print(f"{device_name(options.device)}\n\n| | first step, s | a step, ms |\n|---|---|---|")
    for name in options.rows:
        row = rows[name] = measure(OPTIONS[name], spec, options.limit)
        cells = [row["skipped"], ""] if "skipped" in row else [f"{row['first_step']:.1f}", f"{1e3 * row['step']:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
