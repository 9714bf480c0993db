"""The time from the start of a process to its first answer, for each preset.

    python -m benchmarks.first_answer [--rounds 9]

Measures `zoo predict NAME TEXT` as a new process, the presets in turns, and prints the median seconds and the imports
of TensorFlow, which there should be none of. The first round, which reads the files from the disk, is not counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from zoo.presets import PRESETS_FOLDER, preset_folders
from zoo.presets.listing import pronounces
from zoo.processor import processor_name
from zoo.run_folder import read_samples

# The command, which then tells on standard error whether TensorFlow was imported.
CODE = """
import sys
from zoo.command.main import main
status = main(sys.argv[1:])
print("tensorflow" in sys.modules, file=sys.stderr)
raise SystemExit(status)
"""


def main() -> None:
    """Print a line for each preset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    command = [sys.executable, "-c", CODE, "predict"]
    texts = {folder.name: read_samples(folder).sources[0] for folder in preset_folders()}
    seconds: dict[str, list[float]] = {name: [] for name in texts}
    imported: dict[str, bool] = {}
    for _ in range(rounds + 1):
        for name, text in texts.items():
            arguments = [name, text, *(["--no-lexicon"] if pronounces(PRESETS_FOLDER / name) else [])]
            began = time.perf_counter()
            done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
            seconds[name].append(time.perf_counter() - began)
            imported[name] = done.stderr.split()[-1] == "True"
    print(processor_name())
    for name, times in seconds.items():
        record = {"preset": name, "seconds": round(statistics.median(times[1:]), 3), "tensorflow": imported[name]}
        print(json.dumps(record))


if __name__ == "__main__":
    main()
