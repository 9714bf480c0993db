"""The command, run in the process of the test."""

import io
import json
import sys

from zoo.command.main import main

PAIR = "trois\tthree\n"


class Call:
    """Runs the command and returns its exit status and what it printed."""

    def __init__(self, capsys, monkeypatch):
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments, stdin=b""):
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self.capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, printed.out, printed.err

    def json(self, *arguments):
        """Return the document of a command that succeeds."""
        status, out, err = self(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    def train(self, train, valid, out, *options, model="bahdanau_seq2seq"):
        """Train a small model."""
        small = ("--units", 8, "--epochs", 1, "--vocabulary-size", 60)
        return self("train", model, "--train", train, "--valid", valid, "--out", out, *small, *options)
