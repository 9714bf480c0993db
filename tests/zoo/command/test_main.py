"""The command as a process: its streams, its exit status, and how soon it answers."""

import json
import logging
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.command.console import set_environment
from zoo.command.parser import COMMANDS
from zoo.log import logger

ZOO = [sys.executable, "-m", "zoo"]
HEAVY = {"tensorflow", "keras", "tensorflow_text", "matplotlib", "sacrebleu"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list"], ["list", "--json"], *([name, "--help"] for name in COMMANDS if name != "train")]
)
def test_help_and_list_import_nothing_heavy(arguments):
    code = (
        "import sys\nfrom zoo.command.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as e:\n    assert not e.code\n"
        f"assert not {HEAVY!r} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert ("usage" if "--help" in arguments else "seq2seq") in done.stdout


def test_help_of_train_prints_nothing_else():
    """It imports TensorFlow, which is loud."""
    done = subprocess.run([*ZOO, "train", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "" and "--learning-rate X" in done.stdout


def processor_seconds(*arguments):
    """Return the time on the processor; the clock on the wall depends on what else the machine does."""
    before = os.times()
    subprocess.run([*ZOO, *map(str, arguments)], capture_output=True, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.parametrize("arguments", [["--help"], ["list"]])
def test_help_and_list_answer_in_half_a_second(arguments):
    assert min(processor_seconds(*arguments) for _ in range(3)) < 0.5


def test_a_tflite_answers_in_half_a_second(lite):
    assert min(processor_seconds("predict", lite, "trois") for _ in range(3)) < 0.5


def test_a_phone_needs_no_tensorflow(lite, tiny_run):
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'tensorflow_text'):\n    sys.modules[name] = None\n"
        f"from zoo.command.main import main\nsys.exit(main(['predict', {str(lite)!r}, 'trois', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)
    (expected,) = tiny_run.predict(["trois"])
    assert answer["output"] == expected.output and abs(answer["score"] - expected.score) < 1e-4


@pytest.mark.skipif(os.name == "nt", reason="a shell closes standard error")
def test_standard_output_may_not_be_closed():
    command = f"{shlex.join(ZOO)} list >&-"
    done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "zoo: standard output is closed\n")


def test_standard_error_may_be_closed(lite):
    shell = ["sh", "-c", '"$0" -m zoo predict "$1" trois 2>&-', sys.executable, str(lite)]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip()


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_the_reader_of_standard_output_may_be_gone():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*ZOO, "list"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "stopped."),
        (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device"),
        (MemoryError(), 1, "out of memory"),
    ],
)
def test_an_error_is_reported_in_a_line(error, status, message, call, monkeypatch):
    import zoo.command.list

    def fail(options):
        raise error

    monkeypatch.setattr(zoo.command.list, "run", fail)
    assert call("list") == (status, "", f"zoo: {message}\n")


def test_ctrl_c_is_told_though_a_library_caught_it(call, monkeypatch):
    import zoo.command.list

    def fail(options):
        try:
            raise KeyboardInterrupt
        except:  # noqa: E722, as TensorFlow does
            raise TypeError("no type")  # noqa: B904

    monkeypatch.setattr(zoo.command.list, "run", fail)
    assert call("list") == (130, "", "zoo: stopped.\n")


def test_an_error_of_the_code_keeps_its_traceback(call, monkeypatch):
    import zoo.command.list

    def fail(options):
        raise TypeError("no type")

    monkeypatch.setattr(zoo.command.list, "run", fail)
    with pytest.raises(TypeError, match="no type"):
        call("list")


def test_what_the_user_has_set_stays_in_the_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", {"TF_CPP_MIN_LOG_LEVEL": "0"})
    set_environment()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0" and os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_a_line_is_printed_once(call, monkeypatch):
    """Also where a library has given the root logger a handler."""
    import zoo.command.list

    monkeypatch.setattr(zoo.command.list, "run", lambda options: logger.info("a line"))
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        assert call("list") == (0, "", "a line\n")
    finally:
        logging.getLogger().removeHandler(handler)
    assert logger.propagate


@pytest.mark.parametrize(
    ("package", "place", "flags", "status", "message"),
    [
        ("keras", "run", [], 1, "keras is not installed, and this command needs it"),
        ("tensorflow", "run", [], 1, "tensorflow is not installed, and this command needs it"),
        ("matplotlib", "tflite", ["--attention", "picture.png"], 2, "needs matplotlib, which is not installed"),
    ],
)
def test_a_package_that_is_missing_is_named(package, place, flags, status, message, places, tmp_path):
    code = (
        f"import sys\nsys.modules[{package!r}] = None\nfrom zoo.command.main import main\nsys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "predict", str(places[place]), "cinq", *flags]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == status and done.stdout == ""
    assert message in done.stderr and "Traceback" not in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_standard_output_is_a_failure_of_the_work():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "zoo", "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.startswith("zoo: [Errno 28]") and "Exception" not in done.stderr
