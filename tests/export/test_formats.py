"""The table of formats: every entry can be used, and the command line reads its options from there."""

import argparse
import ast
import inspect
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from zoo.errors import CallError
from zoo.export.formats import FORMATS, add_format_options, exporter, format_options, imported


@pytest.mark.parametrize("name", FORMATS)
def test_every_entry_names_functions_and_keywords_that_exist(name):
    format = FORMATS[name]
    assert all(callable(imported(reference)) for reference in (format.export, format.load, format.inspect))
    keywords = inspect.signature(exporter(name)).parameters
    assert {"pipeline", "out", "force"} | {option.name for option in format.options} <= set(keywords)


def test_no_tensorflow_is_imported_by_the_table():
    code = "import sys, zoo.export.formats, zoo.export.load, zoo.export.inspection; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--to")
    add_format_options(parser)
    return format_options(parser.parse_args(arguments))


def test_options_that_were_given():
    assert parsed("--to", "saved_model") == {}
    assert parsed("--to", "saved_model", "--ids-only") == {"ids_only": True}
    assert parsed("--to", "tflite", "--shape", "1,32", "--text-ops") == {"shape": (1, 32), "text_ops": True}
    options = parsed("--to", "web", "--quantize", "int8", "--max-drop", "0", "--litert-js", "x")
    assert options == {"quantize": "int8", "max_drop": 0.0, "litert_js": "x"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--to", "saved_model", "--quantize", "int8"],
            "--quantize is for --to preset or --to web or --to tflite alone. Received: --to saved_model",
        ),
        (["--to", "saved_model", "--shape", "1,8", "--text-ops"], "--shape is for --to tflite alone"),
        (["--to", "onnx", "--ids-only"], "--ids-only is for --to saved_model alone"),
        (["--to", "tflite", "--litert-js", "y"], "--litert-js is for --to web alone. Received: --to tflite."),
        (["--to", "tflite", "--max-drop", "1"], "--max-drop needs --quantize"),
        (["--to", "saved_model", "--max-drop", "0"], "--max-drop is for --to preset or --to web or --to tflite"),
        (["--to", "tflite", "--shape", "1x8"], "--shape: must be two numbers with a comma between"),
        (["--to", "tflite", "--quantize", "int4"], "must be one of none, float16, int8"),
    ],
)
def test_the_command_refuses(arguments, message, tmp_path, capsys):
    from zoo.command.main import main

    assert main(["export", str(tmp_path), "--out", str(tmp_path / "out"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_option_that_needs_another():
    with pytest.raises(CallError, match="--max-drop needs --quantize float16 or int8"):
        parsed("--to", "tflite", "--quantize", "none", "--max-drop", "1")
    assert parsed("--to", "preset", "--max-drop", "0") == {"max_drop": 0.0}  # of its float16 weights


def imports_of(path, *, top_level):
    """Return the modules that a file imports; only those at its top level, or all."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def modules():
    """Return the files of zoo.export by the names of their modules."""
    files = sorted((ROOT / "export").rglob("*.py"))
    return {".".join(["zoo", *path.relative_to(ROOT).with_suffix("").parts]): path for path in files}


def test_neither_training_nor_the_command_is_imported():
    for path in modules().values():
        names = imports_of(path, top_level=False)
        assert not [name for name in names if name.startswith(("zoo.training", "zoo.command"))], path


def test_no_module_imports_itself_by_way_of_others():
    arrows = {name: imports_of(path, top_level=True) & modules().keys() for name, path in modules().items()}
    while leaves := {name for name, targets in arrows.items() if not targets & arrows.keys()}:
        for name in leaves:
            del arrows[name]
    assert not arrows
