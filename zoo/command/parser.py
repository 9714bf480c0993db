"""The parser of the command line, with errors that name the nearest option or choice."""

import argparse
import importlib
import re
from types import ModuleType
from typing import NoReturn

from zoo import __version__
from zoo.errors import CallError, nearest

# A command NAME is the module `zoo.command.NAME`.
COMMANDS = {
    "list": "list the models, presets and recipes",
    "data": "download a public corpus, or write a built-in one",
    "train": "train a model, or continue a run that was stopped",
    "predict": "answer texts, or each line of standard input",
    "shortlist": "learn which target pieces a translation may hold, for large vocabularies",
    "evaluate": "score a model on a corpus",
    "export": "export a run to a format for serving, and compare it with Keras",
    "card": "score a preset, and write its card",
    "push": "publish a preset on the Hugging Face Hub",
    "inspect": "describe a run or an export, without running it",
    "demo": "train, evaluate, export and translate with a built-in corpus",
}
OPTION = re.compile(r"--?[a-zA-Z][^ ]*")  # "-5" and "-5 °C" are texts


class Parser(argparse.ArgumentParser):
    """A parser that raises `CallError`s, and that accepts texts after an option."""

    def error(self, message: str) -> NoReturn:
        """Raise an error that argparse would print."""
        raise CallError(f"{message}. See `{self.prog} --help`.")

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[override]
        """Parse all arguments.

        Raises:
            CallError: one is not known; the message gives the nearest option.
        """
        options, rest = super().parse_known_args(args, namespace)
        end = rest.index("--") if "--" in rest else len(rest)
        unknown = [word for word in rest[:end] if OPTION.fullmatch(word)]
        if unknown:
            hint = nearest(unknown[0].split("=")[0], self._option_string_actions)
            raise CallError(f"`{self.prog}` has no option {unknown[0]}.{hint}")
        texts = rest[:end] + rest[end + 1 :]
        if texts and not hasattr(options, "texts"):
            raise CallError(f'Expected no further argument. Received: "{texts[0]}".')
        if texts:  # argparse does not assign texts that follow an option
            options.texts = [*options.texts, *texts]
        return options, []

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            choices = ", ".join(map(str, action.choices))
            name = "/".join(action.option_strings) or action.dest
            raise CallError(
                f'{name} must be one of {choices}. Received: "{value}".{nearest(str(value), action.choices)}'
            )


class CommandParser(Parser):
    """The parser of one command; the command's module is imported when there are arguments to parse.

    Args:
        command: the name of the command.
        **options: as `argparse.ArgumentParser`.
    """

    def __init__(self, command: str, **options):
        super().__init__(allow_abbrev=False, **options)
        self.command = command
        self.module: ModuleType | None = None

    def load(self) -> None:
        """Import the module of the command and add its flags, the first time."""
        if self.module is None:
            self.module = importlib.import_module(f"zoo.command.{self.command}")
            self.set_defaults(module=self.module)
            self.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
            self.module.add_arguments(self)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[override]
        """Parse all arguments, with the flags of the command."""
        self.load()
        return super().parse_known_args(args, namespace)


def make_parser() -> Parser:
    """Return the parser of the whole command line."""
    top = Parser(prog="zoo", description="Recurrent attention models: train, predict, evaluate, export.")
    top.add_argument("--version", action="version", version=f"attention-zoo {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=CommandParser)
    for name, text in COMMANDS.items():
        commands.add_parser(name, command=name, help=text, description=text)
    return top
