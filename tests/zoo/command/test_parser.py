import importlib
import inspect
import pkgutil

import pytest

import zoo.command
from zoo.command.parser import COMMANDS, CommandParser, make_parser

NOT_COMMANDS = {"console", "flags", "input_lines", "main", "option_flags", "parser"}


def command_parser(name):
    parser = CommandParser(command=name)
    parser.load()
    return parser


def test_every_command_is_the_module_of_its_name():
    modules = {module.name for module in pkgutil.iter_modules(zoo.command.__path__)}
    assert set(COMMANDS) == modules - NOT_COMMANDS
    for name in COMMANDS:
        module = importlib.import_module(f"zoo.command.{name}")
        assert list(inspect.signature(module.add_arguments).parameters) == ["parser"]
        assert list(inspect.signature(module.run).parameters) == ["options"]
        assert module.__doc__.startswith(f"`zoo {name}`: ")


def test_every_flag_has_help():
    parsers = {name: command_parser(name) for name in COMMANDS}
    actions = [(name, action) for name, parser in parsers.items() for action in parser._actions]
    assert len(actions) > 60
    assert [f"{name} {action.dest}" for name, action in actions if not action.help] == []
    assert all(parser.format_help() for parser in parsers.values())  # no % that is no placeholder


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json(name):
    assert command_parser(name).get_default("json") is False


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["--beam", "3", "a", "b"], ["a", "b"]),
        (["a", "--beam", "3", "b", "c"], ["a", "b", "c"]),
        (["-5", "--beam", "3", "-6", "-7 °C", "-"], ["-5", "-6", "-7 °C", "-"]),
        (["--", "-a"], ["-a"]),
        (["--beam", "3", "--", "-a", "--b"], ["-a", "--b"]),
        (["a", "--json", "b", "--", "-c"], ["a", "b", "-c"]),
    ],
)
def test_texts_stand_before_and_after_flags(arguments, texts):
    assert make_parser().parse_args(["predict", "run", *arguments]).texts == texts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND. See `zoo --help`"),
        (["trian"], 'Did you mean "train"'),
        (["--versoin", "list"], '`zoo` has no option --versoin. Did you mean "--version"'),
        (["list", "extra"], 'Expected no further argument. Received: "extra"'),
        (["list", "--jsn"], '`zoo list` has no option --jsn. Did you mean "--json"'),
        (["list", "--js"], '`zoo list` has no option --js. Did you mean "--json"'),
        (["predict", "nowhere", "a text", "--jsn"], 'Did you mean "--json"'),
        (["predict", "nowhere", "--bem=3", "a text"], '`zoo predict` has no option --bem=3. Did you mean "--beam"'),
        (["predict"], "the following arguments are required: WHERE. See `zoo predict --help`"),
    ],
)
def test_a_wrong_command_line(arguments, message, refusal):
    assert message in refusal(*arguments)
