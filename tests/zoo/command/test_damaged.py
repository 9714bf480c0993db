"""Models that are damaged, and files of another kind where a command expects a model."""

import shutil
import subprocess
import sys

import pytest


@pytest.mark.parametrize("keep", [0, 3, 1000, -1000, -30])
def test_a_damaged_tflite(keep, call, lite, tmp_path):
    damaged = tmp_path / "model.tflite"
    content = open(lite, "rb").read()
    damaged.write_bytes(content[:keep])
    status, _, err = call("predict", damaged, "x")
    assert status == 2 and "damaged" in err


def test_a_flipped_byte_in_a_tflite(lite, tmp_path):
    """In a process of its own: what the runtime makes of a damaged model might end it."""
    content = bytearray(open(lite, "rb").read())
    damaged = tmp_path / "model.tflite"
    for place in range(60, len(content) // 2, len(content) // 8):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        command = [sys.executable, "-m", "zoo", "predict", str(damaged), "x"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and "damaged" in done.stderr and "Traceback" not in done.stderr


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 0x55]) + content[half + 1 :]


SAVED_FILES = [
    *["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"],
    *["assets.extra/zoo.json", "assets.extra/source.model", "assets.extra/target.model", "assets.extra/sha256.json"],
]


@pytest.mark.parametrize("file", SAVED_FILES)
def test_a_damaged_saved_model(file, call, places, tmp_path):
    for number, damage in enumerate((cut, flip, None)):
        folder = shutil.copytree(places["saved_model"], tmp_path / str(number))
        if damage is not None:
            (folder / file).write_bytes(damage((folder / file).read_bytes()))
        elif file != "saved_model.pb":  # without it the folder is no SavedModel
            (folder / file).unlink()
        else:
            continue
        status, _, err = call("predict", folder, "x")
        assert status == 2 and "damaged" in err, damage
        assert file.split("/")[-1] in err or damage is flip  # a wrong digest names the file that it is of


@pytest.mark.parametrize("file", ["config.json", "source.model", "model.keras"])
def test_a_damaged_run(file, call, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    content = (tmp_path / "run" / file).read_bytes()
    (tmp_path / "run" / file).write_bytes(content[: len(content) // 2])
    status, _, err = call("predict", tmp_path / "run", "x")
    assert status == 2 and "damaged" in err and file in err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["export", "@saved_model", "--to", "tflite", "--out", "new"], "is no run folder"),
        (["export", "@tflite", "--to", "saved_model", "--out", "new"], "is no run folder"),
        (["train", "--resume", "@saved_model"], "is no run folder"),
        (["train", "--resume", "@tflite"], "is no run folder"),
        (["predict", "@keras", "x"], "does not begin as a .tflite does"),
        (["predict", "@foreign", "x"], "config.json is damaged or was not written by `zoo train`: it has no 'model'"),
        (["evaluate", "@run", "@words"], "words.tsv, line 1: expected source TAB target"),
    ],
)
def test_a_file_of_another_kind(command, message, call, places, tmp_path, monkeypatch):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "config.json").write_text('{"architectures": ["BertModel"]}')
    (tmp_path / "words.tsv").write_text("trois\n")
    known = {
        **{f"@{kind}": place for kind, place in places.items()},
        "@keras": places["run"] / "model.keras",
        "@foreign": tmp_path / "foreign",
        "@words": tmp_path / "words.tsv",
    }
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    status, out, err = call(*[known.get(word, word) for word in command])
    assert status == 2 and out == "" and message in err
    assert not list((tmp_path / "here").iterdir())
