"""`zoo predict` on standard input: answers in order while lines arrive, and a clear end whatever happens."""

import json
import signal
import subprocess
import sys

import pytest

import zoo.command.predict
from tests.support.paths import ROOT

LINES = ["trois moins deux", "", "le 28 octobre 1934", "un"] * 10


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr("zoo.predictor.WINDOW", 7)


def stdin_of(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def test_windows_answer_as_one_call(call, lite, small_windows):
    status, whole, _ = call("predict", lite, *LINES)
    assert status == 0 and call("predict", lite, stdin=stdin_of(LINES))[:2] == (0, whole)
    _, expected, _ = call("predict", lite, *LINES, "--json")
    assert call("predict", lite, "--json", stdin=stdin_of(LINES))[:2] == (0, expected)


def test_skip_goes_on_after_a_stop(call, lite, small_windows):
    status, whole, _ = call("predict", lite, stdin=stdin_of(LINES))
    for given in ({"stdin": stdin_of(LINES)}, {}):
        texts = [] if given else LINES
        status, rest, _ = call("predict", lite, *texts, "--skip", 9, **given)
        assert status == 0 and rest == "".join(whole.splitlines(keepends=True)[9:])
    _, _, err = call("predict", lite, "--skip", 2, stdin=stdin_of(["un", "un", "un", "un \u2603"]))
    assert "input 4 has characters" in err
    assert call("predict", lite, "--skip", 40, stdin=stdin_of(LINES))[:2] == (0, "")
    assert "Received: 40 lines" in call("predict", lite, "--skip", 41, stdin=stdin_of(LINES))[2]
    status, _, err = call("predict", lite, "--skip", -1)
    assert status == 2 and "--skip must be 0 or more. Received: -1" in err


def test_lines_before_an_invalid_one_are_answered(call, lite, small_windows):
    stdin = stdin_of(LINES[:9]) + b"\xff\nun\n"
    _, expected, _ = call("predict", lite, *LINES[:9])
    status, out, err = call("predict", lite, stdin=stdin)
    assert status == 2 and out == expected and "Standard input, line 10: not UTF-8" in err
    status, out, _ = call("predict", lite, "--json", stdin=stdin)
    assert status == 2 and [answer["input"] for answer in json.loads(out)] == LINES[:9]


def test_closed_standard_input(call, lite, monkeypatch, capsys):
    from zoo.command.main import main

    monkeypatch.setattr(sys, "stdin", None)
    assert main(["predict", str(lite)]) == 2
    assert "Standard input is closed" in capsys.readouterr().err


def test_progress_is_told_on_standard_error(call, lite, small_windows, monkeypatch):
    assert "answered" not in call("predict", lite, stdin=stdin_of(LINES))[2]
    monkeypatch.setattr(zoo.command.predict, "PROGRESS_SECONDS", 0.0)
    status, out, err = call("predict", lite, "--skip", 5, stdin=stdin_of(LINES))
    assert status == 0 and "answered" not in out
    assert "12 lines answered, " in err and "40 lines answered, " in err


def start(*arguments):
    command = [sys.executable, "-m", "zoo", "predict", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, text=True, bufsize=1)


def test_an_answer_does_not_wait_for_the_next_line(call, lite):
    _, expected, _ = call("predict", lite, "trois", "deux moins un")
    process = start(lite)
    for line, answer in zip(("trois", "deux moins un"), expected.splitlines(), strict=True):
        process.stdin.write(f"{line}\n")
        assert process.stdout.readline() == f"{answer}\n"
    process.send_signal(signal.SIGINT)  # while it waits for a line
    out, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT) and out == "" and err == "zoo: stopped.\n"


def test_a_closed_pipe_ends_it_in_silence(lite):
    process = start(lite)
    process.stdout.close()
    process.stdin.write("trois\n")
    assert process.stderr.read() == "" and process.wait(60) == 1
    process.stdin.close()
