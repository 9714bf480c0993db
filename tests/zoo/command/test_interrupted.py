"""Ctrl-C and a full disk as they really come: a signal, and writes that fail in whichever library makes them."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from zoo.training.run.keep_run import read_history

if sys.platform == "win32":
    pytest.skip("signals and limits are those of POSIX", allow_module_level=True)

pytestmark = pytest.mark.conformance  # they wait for processes that train and export

# `python -m` ends by the signal itself when this interrupted code from a string, as when a dataclass is made in an
# import, though the interrupt was caught: a shell calls both 130.
STOPPED = (130, -signal.SIGINT)
VOCABULARY_BYTES = 400_000  # more than any vocabulary here


def start(*arguments, most_bytes=None):
    """Start the command in a process of its own, in which no file can grow beyond so many bytes."""
    import resource

    def limit():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if most_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [sys.executable, "-m", "zoo", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit)


def end(process):
    """Return the exit status and what was printed."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def wait_for(process, happened):
    began = time.monotonic()
    while not happened():
        assert process.poll() is None and time.monotonic() - began < 300
        time.sleep(0.05)


def train(data, out, epochs, units):
    options = ("--units", units, "--epochs", epochs, "--patience", epochs, "--vocabulary-size", 120)
    return "train", "tanh_dnn", "--train", data["train"], "--valid", data["valid"], "--out", out, *options


def half_written(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name or ".old" in path.name]


def test_ctrl_c_in_training(tiny_data, tmp_path):
    run = tmp_path / "run"
    process = start(*train(tiny_data["classification"], run, 12, 8))
    wait_for(process, lambda: len(read_history(run)) >= 2)
    process.send_signal(signal.SIGINT)
    status, out, err = end(process)
    assert status in STOPPED and out == ""
    assert err.splitlines()[-1] == f"zoo: stopped. Go on with: zoo train --resume {run}"
    done = len(read_history(run))
    assert 2 <= done < 12 and not half_written(tmp_path)
    status, out, err = end(start("train", "--resume", run, "--json"))
    assert status == 0 and json.loads(out)["epochs"] == 12 and f"epoch {done}/12" not in err
    assert [row["epoch"] for row in read_history(run)] == list(range(1, 13))


@pytest.mark.parametrize("format", ["saved_model", pytest.param("tflite", marks=pytest.mark.conformance)])
def test_ctrl_c_in_an_export(format, tiny_run, tmp_path):
    process = start("export", tiny_run.path, "--to", format, "--out", tmp_path / "out")
    wait_for(process, lambda: any(tmp_path.iterdir()))  # the draft is there: it is being written
    process.send_signal(signal.SIGINT)
    status, out, err = end(process)
    assert status in STOPPED and (out, err) == ("", "zoo: stopped.\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.conformance
def test_a_full_disk_in_training(tiny_data, tmp_path):
    run = tmp_path / "run"
    command = train(tiny_data["classification"], run, 2, 300)
    status, out, err = end(start(*command, most_bytes=VOCABULARY_BYTES))
    assert (status, out) == (1, "")
    assert os.strerror(errno.EFBIG) in err and f"Go on with: zoo train --resume {run}" in err
    assert not half_written(tmp_path) and not (run / "model.keras").exists() and not (run / "metrics.json").exists()
    status, out, _ = end(start("train", "--resume", run, "--json"))
    assert status == 0 and json.loads(out)["epochs"] == 2


@pytest.mark.parametrize("format", ["tflite", pytest.param("saved_model", marks=pytest.mark.conformance)])
def test_a_full_disk_in_an_export(format, tiny_run, tmp_path):
    process = start("export", tiny_run.path, "--to", format, "--out", tmp_path / "out", most_bytes=20_000)
    status, out, err = end(process)
    assert (status, out) == (1, "") and err.startswith("zoo: Could not write ")
    assert not list(tmp_path.iterdir())
