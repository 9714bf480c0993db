"""The device of a benchmark: its choice, its name and the speed of its large products.

python -m benchmarks.device gpu mixed_bfloat16     # the name, and the operations a second, as JSON
"""

import argparse
import json
import os
import shutil
import subprocess
import time

import numpy as np

DEVICES = ("cpu", "gpu")
PRECISIONS = ("float32", "mixed_bfloat16")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--device`."""
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where the steps run (default: cpu)")


def set_device(device: str) -> None:
    """Hide all GPUs for "cpu"; call it before TensorFlow or PyTorch is imported."""
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def start_tensorflow(device: str) -> None:
    """Import TensorFlow for a device, in the environment of the command `zoo`; errors as `check_gpu`."""
    from zoo.command.console import set_environment

    set_environment()
    set_device(device)
    check_gpu(device)


def check_gpu(device: str) -> None:
    """Refuse to measure the CPU in place of a GPU.

    Raises:
        SystemExit: the device is "gpu" and TensorFlow finds none.
    """
    import tensorflow as tf

    if device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise SystemExit("--device gpu: TensorFlow finds no GPU.")


def device_name(device: str) -> str:
    """Return the name of the processor, or of the first GPU as its driver knows it."""
    if device == "cpu":
        from zoo.processor import processor_name  # here: the Python of the other libraries has no `zoo`

        return processor_name()
    if not shutil.which("nvidia-smi"):
        raise SystemExit("--device gpu: nvidia-smi is not there, so this machine has no NVIDIA GPU, or no driver.")
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def product_speed(seconds: float = 2.0, *, device: str = "cpu", precision: str = "float32") -> float:
    """Return the operations a second of a large matrix product.

    It is NumPy's in float32 on a CPU, else TensorFlow's.
    """
    size = 1024 if device == "cpu" else 8192
    if (device, precision) == ("cpu", "float32"):
        a = np.random.default_rng(0).standard_normal([size, size], np.float32)
        return _best_speed(lambda: a @ a, size, seconds)
    import tensorflow as tf

    b = tf.cast(tf.random.normal([size, size]), "bfloat16" if precision == "mixed_bfloat16" else "float32")
    return _best_speed(lambda: float(tf.matmul(b, b)[0, 0]), size, seconds)


def _best_speed(product, size: int, seconds: float) -> float:
    product()
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        product()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def main() -> None:
    """Print the name and the speed of a device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", choices=DEVICES)
    parser.add_argument("precision", choices=PRECISIONS)
    options = parser.parse_args()
    start_tensorflow(options.device)
    speed = product_speed(device=options.device, precision=options.precision)
    print(json.dumps({"name": device_name(options.device), "operations_per_second": speed}))


if __name__ == "__main__":
    main()
