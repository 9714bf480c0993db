"""Presets made by somebody who means harm: nothing in them is run, and each gets a clear error."""

import json
import pickle
import shutil
import zipfile

import pytest

import zoo
from zoo.digests import DIGESTS, check_digests, write_digests
from zoo.errors import CallError


class Harm:
    """An object whose pickle makes a file when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def preset(tiny_preset, tmp_path):
    return shutil.copytree(tiny_preset, tmp_path / "preset")


def replaced(preset, file, content):
    """Replace a file of a preset, with the digest that belongs to it."""
    (preset / file).write_bytes(content)
    (preset / DIGESTS).unlink()
    write_digests(preset, preset / DIGESTS)


@pytest.mark.parametrize(("file", "keras"), [("model.tflite", False), ("model.keras", True), ("source.model", True)])
def test_a_pickle_is_not_loaded(file, keras, preset, tmp_path):
    replaced(preset, file, pickle.dumps(Harm(tmp_path / "harm")))
    with pytest.raises(CallError, match=f"{file} is|{file}"):
        zoo.load(preset, keras=keras)
    assert not (tmp_path / "harm").exists()


def test_a_pickle_for_a_shortlist_is_not_loaded(preset, tmp_path):
    replaced(preset, "shortlist.npz", pickle.dumps(Harm(tmp_path / "harm")))
    with pytest.raises(CallError, match="shortlist.npz"):
        zoo.load(preset, keras=True)
    assert not (tmp_path / "harm").exists()


def test_a_model_of_another_config(preset):
    config = json.loads((preset / "config.json").read_text(encoding="utf-8"))
    replaced(preset, "config.json", json.dumps(config | {"labels": ["b", "a", "c"]}).encode())
    with pytest.raises(CallError, match=r"config.json and model.tflite describe different models"):
        zoo.load(preset)


@pytest.mark.parametrize(("file", "keras"), [("model.tflite", False), ("model.keras", True)])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("zeros", bytes(60_000_000), "bytes would become"),
        ("../harm", b"x", "a path in it leaves its folder: '../harm'"),
        ("/harm", b"x", "a path in it leaves its folder: '/harm'"),
    ],
)
def test_an_archive_that_grows_or_leaves_its_folder(file, keras, name, content, message, preset):
    with zipfile.ZipFile(preset / file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    replaced(preset, file, (preset / file).read_bytes())
    with pytest.raises(CallError, match=message):
        zoo.load(preset, keras=keras)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a/../../b"])
def test_digests_of_files_elsewhere(name, preset):
    digests = json.loads((preset / DIGESTS).read_text(encoding="utf-8"))
    (preset / DIGESTS).write_text(json.dumps(digests | {name: "0" * 64}), encoding="utf-8")
    with pytest.raises(CallError, match="leaves the folder"):
        check_digests(preset, preset / DIGESTS)
