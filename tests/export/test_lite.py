"""Answers without TensorFlow."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.paths import ROOT
from tests.support.untrained import TEXTS
from zoo.export.lite import LiteModel

ANSWER = """
import sys
from zoo.export.lite import LiteModel
from zoo.prediction import Beam
model = LiteModel(sys.argv[1])
for text in sys.argv[2:]:
    (greedy,), (beam,) = model.predict([text]), model.predict([text], beam=Beam(3))
    print(greedy.output, '|', beam.output)
loaded = [name for name in ('tensorflow', 'keras', 'sacrebleu', 'matplotlib', 'babel') if name in sys.modules]
print('loaded:', *loaded)
"""


@pytest.fixture(scope="module")
def lite_file(tiny_run, exported):
    """A .tflite with dynamic shapes, and the answers of Keras to the texts."""
    from zoo.prediction import Beam

    path = exported(tiny_run, "tflite")["path"]
    keras = tiny_run
    pairs = zip(keras.predict(TEXTS), keras.predict(TEXTS, beam=Beam(3)), strict=True)
    return path, [f"{greedy.output} | {beam.output}" for greedy, beam in pairs]


def test_no_tensorflow_is_imported(lite_file):
    path, expected = lite_file
    command = [sys.executable, "-c", ANSWER, path, *TEXTS]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip().split("\n")
    assert lines == [*expected, "loaded:"]


def test_threads_do_not_mix_their_answers(lite_file, tiny_run):
    model = LiteModel(lite_file[0])
    expected = [one.output for one in tiny_run.predict(TEXTS)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda text: model.predict([text])[0].output, TEXTS * 10))
    assert answers == expected * 10


@pytest.mark.slow
def test_where_tensorflow_is_not_installed(lite_file, tmp_path):
    """In a new virtual environment, as docs/mobile.md says."""
    path, expected = lite_file
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "ai-edge-litert", "sentencepiece", "numpy"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    subprocess.run([*pip, "--no-deps", ROOT], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
        return done.stdout.removesuffix("\n").split("\n")

    assert run(python, "-c", ANSWER, path, *TEXTS) == [*expected, "loaded:"]
    packages = run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    names = {line.split("==")[0].lower() for line in packages}
    assert not names & {"tensorflow", "keras", "tensorflow-text"} and "attention-zoo" in names
    answers = [one.split(" | ")[0] for one in expected]
    assert run(tmp_path / "venv" / "bin" / "zoo", "predict", path, *TEXTS) == answers
