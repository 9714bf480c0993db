"""The list of the presets: what their folders say, and no TensorFlow to read it."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import zoo
from tests.support.paths import ROOT
from zoo.errors import CallError
from zoo.presets.listing import RESULTS, pronounces

ABOUT = {"languages": ["fr", "en"], "licence": "CC0-1.0"}
SCORES = {"bleu": {"score": 41.5, "low": 40.25, "high": 42.75}, "exact_match": {"score": 0.5, "low": 0.4, "high": 0.6}}
CONTENT = {"about": ABOUT, "parameters": 12345, "measure": "bleu", "scores": SCORES}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the only preset."""
    preset = tmp_path / "presets" / "mine"
    preset.mkdir(parents=True)
    config = {"model": "seq2seq", "task": "translation", "options": {}}
    (preset / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (preset / "model.tflite").write_bytes(b"12345")
    monkeypatch.setattr("zoo.presets.PRESETS_FOLDER", tmp_path / "presets")
    return preset


def test_a_preset_with_results(folder):
    (folder / RESULTS).write_text(json.dumps(CONTENT), encoding="utf-8")
    (preset,) = zoo.list_presets()
    assert (preset.name, preset.model, preset.task, preset.licence) == ("mine", "seq2seq", "translation", "CC0-1.0")
    assert (preset.languages, preset.parameters, preset.tflite_bytes) == (("fr", "en"), 12345, 5)
    assert (preset.measure, preset.score, preset.interval) == ("bleu", 41.5, (40.25, 42.75))
    assert preset.bytes == sum(file.stat().st_size for file in folder.iterdir())


def test_a_preset_that_nobody_scored(folder):
    (preset,) = zoo.list_presets()
    assert preset.score is None and preset.licence is None and preset.languages == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "results.json is damaged"),
        ("[]", "results.json is damaged"),
        (json.dumps({**CONTENT, "measure": "chrf"}), "it has no 'chrf'"),
        (json.dumps({**CONTENT, "about": {}}), "it has no 'languages'"),
    ],
)
def test_damaged_results(content, message, folder):
    (folder / RESULTS).write_text(content, encoding="utf-8")
    with pytest.raises(CallError, match=re.escape(message)):
        zoo.list_presets()


def test_who_pronounces(folder, tmp_path):
    assert not pronounces(folder) and not pronounces(None) and not pronounces(tmp_path / "model.tflite")
    for scores in ("pronunciation", None):
        (folder / RESULTS).write_text(json.dumps({**CONTENT, "about": {**ABOUT, "scores": scores}}), encoding="utf-8")
        assert pronounces(folder) == (scores is not None)
    (folder / RESULTS).write_text("[1]", encoding="utf-8")
    with pytest.raises(CallError, match="results.json is damaged"):
        pronounces(folder)


def test_no_tensorflow_is_imported_for_the_list():
    code = "import sys, zoo; zoo.list_presets(); print({'tensorflow', 'keras'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout == "set()\n"


def test_the_wheel_carries_the_folders(tmp_path):
    """Data alone: a file of code beside them stays out."""
    pytest.importorskip("setuptools", "77")
    for name in ("zoo", "training", "export"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    preset = tmp_path / "zoo" / "presets" / "mine"
    preset.mkdir()
    carried = {"config.json", "model.keras", "model.tflite", "source.model", "card.md", "results.json", "samples.txt"}
    for name in carried | {"code.py", "model.pkl"}:
        (preset / name).write_text("{}")
    build = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("zoo/presets/mine/")}
    assert names == {f"zoo/presets/mine/{name}" for name in carried}
