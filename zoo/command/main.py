"""The command `zoo`: a parser, and what it does when something goes wrong.

With `zoo/command/commands.py` and `zoo/command/demo.py` it is the one part of the package that uses `training` and
`export`. TensorFlow is imported by the commands that need it, when they need it.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from zoo import __version__
from zoo.command import commands
from zoo.command.beam_options import add_beam
from zoo.command.console import set_environment
from zoo.command.train_options import add_options
from zoo.errors import CallError, WorkError, ZooError, nearest
from zoo.export.formats import FORMATS, add_format_options

DATA = "a .tsv, two parallel files joined by a comma, a text file for language models, or numbers-fr-en"
WHERE = "a run folder, a preset, a SavedModel folder, a folder for TF Serving or a .tflite file"


class _Parser(argparse.ArgumentParser):
    """A parser that names the nearest option or choice."""

    def error(self, message: str) -> NoReturn:
        raise CallError(f"{message}. See `{self.prog} --help`.")

    def parse_args(self, args=None, namespace=None):  # type: ignore[override]
        known, unknown = self.parse_known_args(args, namespace)
        if hasattr(known, "texts") and not any(one.startswith("-") for one in unknown):
            known.texts, unknown = [*known.texts, *unknown], []  # argparse gives texts behind an option to nobody
        if unknown and not unknown[0].startswith("-"):
            raise CallError(f'Expected no further argument. Received: "{unknown[0]}".')
        if unknown:
            options = [option for parser in self.parsers() for option in parser._option_string_actions]
            raise CallError(f"There is no option {unknown[0]} here.{nearest(unknown[0].split('=')[0], options)}")
        return known

    def parsers(self) -> list[argparse.ArgumentParser]:
        """Return this parser and those of its commands."""
        found: list[argparse.ArgumentParser] = [self]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found.extend(action.choices.values())
        return found

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            choices = ", ".join(map(str, action.choices))
            name = "/".join(action.option_strings) or action.dest
            raise CallError(
                f'{name} must be one of {choices}. Received: "{value}".{nearest(str(value), action.choices)}'
            )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    top = _Parser(prog="zoo", description="Recurrent attention models: train, predict, evaluate, export.")
    top.add_argument("--version", action="version", version=f"attention-zoo {__version__}")
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _list(sub)
    _data(sub)
    _train(sub)
    _predict(sub)
    _evaluate(sub)
    _export(sub)
    _inspect(sub)
    _demo(sub)
    return top


def _command(sub, name, function, text, *, json=True):
    command = sub.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(function=function)
    if json:
        command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    return command


def _list(sub):
    _command(sub, "list", commands.list_models, "list the models, presets and recipes")


def _data(sub):
    command = _command(sub, "data", commands.data, "download a public corpus, or write the built-in one")
    command.add_argument("name", metavar="NAME", help="tatoeba-fr-en, multi30k or numbers-fr-en")
    command.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    command.add_argument("--force", action="store_true", help="replace what stands under --out")


def _train(sub):
    command = _command(sub, "train", commands.train, "train a model, or go on with a run that was stopped", json=True)
    command.add_argument("model", nargs="?", metavar="MODEL", help="a name from `zoo list`")
    command.add_argument("--train", metavar="DATA", help=DATA)
    command.add_argument("--valid", metavar="DATA", help="the validation set, likewise")
    command.add_argument("--out", metavar="RUN", help="the run folder to make")
    command.add_argument("--force", action="store_true", help="replace what stands under --out")
    command.add_argument(
        "--recipe", metavar="NAME", help="from `zoo list`, or a .toml; what is given besides goes first"
    )
    command.add_argument("--resume", metavar="RUN", help="go on with this run; takes no other option")
    add_options(command)


def _predict(sub):
    command = _command(sub, "predict", commands.predict, "answer texts, or each line of standard input")
    command.add_argument("where", metavar="WHERE", help=WHERE)
    command.add_argument(
        "texts", nargs="*", default=[], metavar="TEXT", help="without any, each line of standard input is one"
    )
    add_beam(command, n_best=True)
    command.add_argument("--attention", metavar="FILE.png", help="draw what the first text's answer attends to")


def _evaluate(sub):
    command = _command(sub, "evaluate", commands.evaluate, "score a model on a corpus")
    command.add_argument("where", metavar="WHERE", help=WHERE)
    command.add_argument("data", metavar="DATA", help=DATA)
    add_beam(command)


def _export(sub):
    command = _command(sub, "export", commands.export, "write a run in a form that is served, compared with Keras")
    command.add_argument("run", metavar="RUN", help="a run folder or a preset")
    command.add_argument("--to", required=True, choices=list(FORMATS), help="the format")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to make; with --to serving it may get one more version"
    )
    add_format_options(command)
    command.add_argument("--force", action="store_true", help="replace what stands under --out")


def _inspect(sub):
    command = _command(sub, "inspect", commands.inspect, "tell what a run or an export is, without running it")
    command.add_argument("where", metavar="WHERE", help=f"{WHERE}, or a site for the browser")


def _demo(sub):
    command = _command(sub, "demo", commands.demo, "the whole road: train, evaluate, export, translate, draw")
    command.add_argument("--out", default="zoo-demo", metavar="DIR", help="the folder to make (default: %(default)s)")
    command.add_argument("--force", action="store_true", help="replace what stands under --out")


def _prepare_streams() -> None:
    """Write UTF-8 to standard output, as it is read from standard input, whatever the locale says.

    What UTF-8 cannot hold, the name of a file perhaps, is written as JSON escapes it.
    """
    if sys.stderr is None:  # it was closed, and the next file to be opened would get its number
        sys.stderr = open(os.devnull, "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0: done; 1: the work failed; 2: the call was wrong; 130: Ctrl-C; 143: SIGTERM.
    """
    set_environment()
    _prepare_streams()
    options: Any = None
    try:
        options = parser().parse_args(arguments)
        options.function(options)
        print(end="", flush=True)  # standard output may be closed
        return 0
    except ZooError as error:
        # Keras takes the cause away from what passes through `fit`, and leaves the context.
        failed_write = isinstance(error, WorkError) and isinstance(error.__context__, OSError)
        hint = commands.how_to_go_on(options) if failed_write else ""
        print(f"zoo: {error}{hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt as stop:
        print(f"zoo: stopped.{commands.how_to_go_on(options)}", file=sys.stderr)
        return getattr(stop, "exit_status", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        print(f"zoo: {error or 'out of memory'}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
