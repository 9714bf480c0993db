"""One package, whatever lies in the current folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zoo.training
from tests.support.paths import ROOT


def python(folder, *arguments):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def hostile_folder(tmp_path):
    """A folder with a user's own `export.py`, `training.py` and `tests.py`, none of which is to be imported."""
    for name in ("export", "training", "tests"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the {name}.py of the user was imported')")
    return tmp_path


def test_files_of_the_user_hide_nothing(hostile_folder):
    code = "import zoo.training.fit, zoo.export.load, zoo; print(zoo.tanh_rnn(9, 2, units=3).name)"
    done = python(hostile_folder, "-c", code)
    assert (done.returncode, done.stdout) == (0, "tanh_rnn\n"), done.stderr


def test_the_command_works_beside_files_of_the_user(hostile_folder, tiny_run):
    done = python(hostile_folder, "-m", "zoo", "predict", str(tiny_run.path), "trois")
    assert done.returncode == 0 and done.stdout.count("\n") == 1, done.stderr


@pytest.fixture
def checkout(tmp_path):
    """A checkout that is not the installed one."""
    for name in ("zoo", "training", "export"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.keras"))
    return tmp_path


def test_a_checkout_is_whole_without_an_installation_of_it(checkout):
    """As in a clone after `pip install .`, whose copy in site-packages is hidden by the folder `zoo`."""
    code = (
        "import sys; sys.meta_path = [one for one in sys.meta_path if 'editable' not in repr(one)]\n"
        "import zoo, zoo.training.settings, zoo.export.formats as formats\n"
        "print(zoo.__file__, zoo.training.__file__, formats.__file__, sep='\\n')"
    )
    done = python(checkout, "-c", code)
    assert done.returncode == 0, done.stderr
    assert {Path(line).resolve().parents[1] for line in done.stdout.splitlines()} == {checkout.resolve()}


def test_a_checkout_is_not_mixed_with_the_installed_package(checkout):
    tmp_path = checkout
    done = python(tmp_path, "-c", "import zoo")
    (message,) = [line for line in done.stderr.splitlines() if line.startswith("ImportError")]
    assert done.returncode == 1
    installed = Path(zoo.training.__file__).resolve().parent
    assert f"zoo comes from the checkout {tmp_path}, but zoo.training comes from {installed}." in message


def test_all_packages_are_installed():
    """`pyproject.toml` lists every folder with code; setuptools finds none by itself where folders are mapped."""
    if sys.version_info < (3, 11):
        import tomli as tomllib
    else:
        import tomllib
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {
        file.parent.relative_to(ROOT) for room in ("zoo", "training", "export") for file in (ROOT / room).rglob("*.py")
    }
    names = {".".join(folder.parts) for folder in folders}
    assert sorted(listed) == sorted(name if name.split(".")[0] == "zoo" else f"zoo.{name}" for name in names)
