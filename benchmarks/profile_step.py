"""A profile of the training step: the time of each kind of operation, by TensorFlow's profiler over three steps.

    python -m benchmarks.profile_step [zoo|keras] [--jit] [--top 25]

The model and the batches are those of `benchmarks.training`. Operations run in parallel and are nested, so the sum of
their milliseconds is larger than the time of the step.
"""

import argparse
import collections
import tempfile
from pathlib import Path

from benchmarks.device import PRECISIONS
from zoo.command.console import set_environment


def main() -> None:
    """Profile three steps and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", nargs="?", choices=["zoo", "keras"], default="zoo")
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--top", type=int, default=25)
    options = parser.parse_args()
    set_environment()
    import tensorflow as tf

    from benchmarks.contenders import MAKERS, make_batches

    spec = {"vocabulary": 6000, "units": 512, "encoder_units": 256, "embedding_units": 256, "cell": "gru"}
    spec |= {"batch": 64, "batches": 9, "seed": 1, "sorted": True, "jit": options.jit, "precision": options.precision}
    batch = sorted(make_batches(spec), key=lambda one: one[1].size)[4]
    step = MAKERS[options.contender](spec)
    for _ in range(2):
        step(*batch)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(3):
                step(*batch)
        totals = _totals(Path(folder))
    print(f"a batch of {batch[0].shape} and {batch[1].shape}\n\n| operation | calls | ms |\n|---|---|---|")
    for name, (calls, milliseconds) in sorted(totals.items(), key=lambda one: -one[1][1])[: options.top]:
        print(f"| {name} | {calls / 3:.0f} | {milliseconds / 3:.1f} |")


def _totals(folder: Path) -> dict[str, tuple[int, float]]:
    """Return the number of calls and the milliseconds of each kind of operation."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (file,) = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(file.read_bytes())
    calls, times = collections.Counter(), collections.Counter()
    for plane in space.planes:
        if plane.name != "/host:CPU":
            continue
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name.split(":")[-1]
            calls[name] += 1
            times[name] += event.duration_ps / 1e9
    return {name: (calls[name], times[name]) for name in calls}


if __name__ == "__main__":
    main()
