"""`zoo inspect`, for a run and for every format."""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.command.main import main
from zoo.errors import CallError
from zoo.export.inspection import as_text, inspect
from zoo.export.lite import LiteModel


@pytest.fixture(scope="module")
def phone(tiny_classifier, exported):
    return Path(exported(tiny_classifier, "tflite", quantize="float16", max_drop=100)["path"])


def test_a_tflite(tiny_classifier, phone):
    about = inspect(phone)
    assert about["format"] == "tflite" and about["bytes"] == phone.stat().st_size
    assert about["card"]["model"] == tiny_classifier.config.model
    assert about["card"]["labels"] == tiny_classifier.config.labels
    assert list(about["signatures"]) == ["classify"]
    assert about["signatures"]["classify"]["inputs"] == {"ids": "int32 [?, ?]"}
    classes = len(tiny_classifier.config.labels)
    answer = LiteModel(phone).functions["tokens"](np.array([[5, 2]], "int32"))
    assert set(about["signatures"]["classify"]["outputs"]) == set(answer)
    assert about["signatures"]["classify"]["outputs"]["probabilities"] == f"float32 [?, {classes}]"
    halves = 2 * sum(weight.size for weight in tiny_classifier.model.get_weights() if weight.size > 1000)
    assert about["weights"]["float16"] >= halves  # every large matrix
    assert "FULLY_CONNECTED" in about["operations"] and about["parity"]["quantize"] == "float16"
    assert "classify(ids int32 [?, ?])" in as_text(about)
    assert inspect(phone.parent) == about  # the folder that it is in


def test_a_run(tiny_run):
    about = inspect(tiny_run.path)
    assert about["format"] == "run" and about["training"]["epochs"] >= 1
    assert about["card"]["options"] == tiny_run.config.options
    assert tiny_run.config.model in as_text(about)


@pytest.mark.conformance
def test_a_folder_for_tf_serving_and_its_saved_model(served, tiny_run):
    about = inspect(served)
    assert (about["format"], about["version"]) == ("serving", "1")
    assert about["signatures"]["beam"]["inputs"]["beam_width"] == "int32 [?]"
    assert about["signatures"]["serving_default"]["inputs"] == {"text": "string [?]"}
    assert about["operations"]["SentencepieceTokenizeOp"] > 0
    assert about["parity"]["compared"] == about["parity"]["identical"] > 0
    version = inspect(served / tiny_run.config.model / "1")
    assert version["format"] == "saved_model" and version["signatures"] == about["signatures"]
    weights = sum(weight.nbytes for weight in tiny_run.model.get_weights())
    assert weights <= version["weights"]["float32"] < 1.1 * weights + 10_000


@pytest.mark.slow
def test_a_site(tiny_run, exported):
    about = inspect(exported(tiny_run, "web")["path"])
    assert about["format"] == "web" and about["signatures"]["greedy_16"]["inputs"] == {"ids": "int32 [1, 16]"}


@pytest.mark.parametrize("content", ["{}", "[]", '{"task": "translation", "model": "seq2seq"}'])
def test_a_folder_with_a_site_json_of_another_kind(content, tmp_path):
    (tmp_path / "site.json").write_text(content)
    with pytest.raises(CallError, match="is damaged or not made by `zoo export --to web`"):
        inspect(tmp_path)


def test_what_is_nothing_of_ours(tmp_path):
    with pytest.raises(CallError, match="There is no "):
        inspect(tmp_path / "nowhere")
    with pytest.raises(CallError, match="is neither a run folder"):
        inspect(tmp_path)
    (tmp_path / "x.tflite").write_bytes(b"none")
    with pytest.raises(CallError, match="does not begin as a .tflite does"):
        inspect(tmp_path / "x.tflite")


def test_the_command(phone, capsys):
    assert main(["inspect", str(phone), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["card"]["task"] == "classification"
    assert main(["inspect", str(phone.parent / "none")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "There is no " in err
