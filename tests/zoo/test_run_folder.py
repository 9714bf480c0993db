import json
import re
import shutil

import numpy as np
import pytest

import zoo
import zoo.run_folder
from zoo.errors import CallError
from zoo.json_files import parse_json, write_json
from zoo.pipeline import load_run
from zoo.predictor import Predictor
from zoo.run_folder import (
    CONFIG,
    MODEL,
    is_run,
    preset_or_path,
    read_config,
    vocabulary_file,
)
from zoo.text import Vocabulary

TEXTS = ["le 28 octobre 1934", "vingt et un", ""]


@pytest.fixture
def copy(tiny_run, tmp_path):
    """A copy of the run that a test may damage."""
    return shutil.copytree(tiny_run.path, tmp_path / "run")


def refusal(path):
    with pytest.raises(CallError) as caught:
        load_run(path)
    return str(caught.value)


def answers(run):
    return [(one.output, one.score) for one in run.predict(TEXTS)]


def same_weights(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def test_a_run_is_read_whole(tiny_run):
    assert tiny_run.task == "translation" and is_run(tiny_run.path)
    assert set(tiny_run.vocabularies) == {"source", "target"}
    assert tiny_run.config.model == tiny_run.model.name == "bahdanau_seq2seq"
    assert isinstance(tiny_run, Predictor)


def test_a_run_of_one_vocabulary(tiny_classifier):
    run = load_run(tiny_classifier.path)
    assert set(run.vocabularies) == {"source"}
    predictor = run
    assert predictor.labels == run.config.labels
    (one,) = predictor.predict(["vingt et un"])
    assert one.output in predictor.labels and one.attention.shape == (len(one.source_pieces),) * 2


def test_a_copied_and_moved_run_answers_alike(tiny_run, copy, tmp_path, monkeypatch):
    moved = tmp_path / "elsewhere" / "my run é"
    moved.parent.mkdir()
    copy.rename(moved)
    run = load_run(str(moved))
    assert run.path == moved and same_weights(run.model, tiny_run.model)
    assert answers(run) == answers(tiny_run)
    monkeypatch.chdir(moved)
    assert same_weights(load_run(".").model, tiny_run.model)


def test_a_run_needs_only_config_vocabularies_and_model(tiny_run, tmp_path):
    for name in (CONFIG, MODEL, vocabulary_file("source"), vocabulary_file("target")):
        shutil.copy(tiny_run.path / name, tmp_path / name)
    assert same_weights(load_run(tmp_path).model, tiny_run.model)


def test_a_text_in_place_of_a_path():
    """The name of a model was forgotten: no path can be so long."""
    with pytest.raises(CallError, match="There is no le 28 octobre"):
        zoo.load("le 28 octobre 1934 " * 20)


def test_what_is_no_run_folder(tmp_path):
    assert f"There is no run folder {tmp_path / 'none'}, and no preset of that name." in refusal(tmp_path / "none")
    assert "is no run folder: cannot read" in refusal(tmp_path)
    (tmp_path / "file").write_text("")
    assert "file is no run folder: cannot read" in refusal(tmp_path / "file")
    assert not is_run(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"task": "translation", "model": "seq2seq"}',
        b'{"task": "translation", "model": "seq2seq", "options": []}',
        b'{"task": "translation", "model": 5, "options": {}}',
        b'{"task": "classification", "model": "tanh_dnn", "options": {}, "labels": [0, 1]}',
    ],
)
def test_a_damaged_config(copy, content):
    (copy / CONFIG).write_bytes(content)
    assert "config.json is damaged" in refusal(copy)


def test_a_config_of_another_task(copy):
    config = read_config(copy).as_json()
    options = {"vocabulary_size": config["options"]["source_vocabulary_size"]}
    write_json(copy / CONFIG, {**config, "task": "classification", "options": options})
    assert "model.keras is damaged: it holds no model for classification" in refusal(copy)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_damaged_or_missing_vocabulary(copy, side):
    file = copy / vocabulary_file(side)
    content = file.read_bytes()
    for damage in (b"", b"damaged", content[:5_000]):
        file.write_bytes(damage)
        assert f"{side}.model is damaged" in refusal(copy)
    file.unlink()
    assert f"Cannot read the vocabulary {file}: No such file" in refusal(copy)


def test_a_vocabulary_cut_where_the_rest_still_is_one(copy):
    """The bytes of a vocabulary begin with its pieces, so that many a beginning of it is a vocabulary too."""
    file = copy / vocabulary_file("source")
    content, messages = file.read_bytes(), set()
    for length in range(60, 300):
        file.write_bytes(content[:length])
        messages.add(refusal(copy).split(str(file))[1].split(":")[0])
    assert messages >= {
        " is damaged or of another run",
        " is damaged. Expected a SentencePiece model. Received 61 bytes that are none.",
    }


def test_a_vocabulary_of_another_run(copy):
    Vocabulary.learn(["vingt et un"], size=20, kind="char").save(copy / vocabulary_file("source"))
    own = read_config(copy).options["source_vocabulary_size"]
    assert f"of another run: config.json says {own} pieces. Received: 12." in refusal(copy)


def test_a_vocabulary_of_another_run_with_as_many_pieces(copy):
    file = copy / vocabulary_file("source")
    content = file.read_bytes()
    other = content.replace(b"vingt", b"vongt")
    file.write_bytes(other)
    assert other != content and Vocabulary.load(file).size == read_config(copy).options["source_vocabulary_size"]
    assert "source.model is damaged or of another run: config.json has another digest of it." in refusal(copy)


def test_a_damaged_model(copy):
    content = (copy / MODEL).read_bytes()
    for damage in (b"", b"damaged", content[: len(content) // 2], content[:-100]):
        (copy / MODEL).write_bytes(damage)
        assert "model.keras is damaged: " in refusal(copy)


def test_a_missing_model(copy):
    (copy / MODEL).unlink()
    assert f"There is no file {copy / MODEL}. A run that was stopped in its first epoch has no" in refusal(copy)


def test_a_model_that_is_none_of_the_zoo(copy):
    import keras

    inputs = keras.Input([2])
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(copy / MODEL)
    assert "model.keras is damaged: it holds no model for translation" in refusal(copy)


def test_a_model_with_code_in_it_is_not_run(copy):
    import keras

    model = keras.Sequential([keras.Input([2]), keras.layers.Lambda(lambda x: x)])
    model.save(copy / MODEL)
    assert "model.keras is damaged: " in refusal(copy)


def test_an_archive_with_an_impossible_size(copy):
    """The member is said to be larger than the archive: `zipfile` ends with an error without a message."""
    content = (copy / MODEL).read_bytes()
    for entry in re.finditer(rb"PK\x01\x02", content):
        place = entry.start() + 20  # of both sizes
        content = content[:place] + 2 * len(content).to_bytes(4, "little") + content[place + 8 :]
    (copy / MODEL).write_bytes(content)
    assert "model.keras is damaged: " in refusal(copy)


def test_json_too_deep_is_refused(copy):
    with pytest.raises(ValueError, match="too deep"):
        parse_json("[" * 200_000)
    (copy / CONFIG).write_text("[" * 200_000)
    assert "config.json is damaged: its lists lie too deep in one another" in refusal(copy)


def test_write_json_keeps_accents_and_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"é": 1})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"é": 1}
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"é": 1}


@pytest.fixture
def presets(tmp_path, monkeypatch):
    folder = tmp_path / "presets"
    for name in ("numbers", "empty"):
        (folder / name).mkdir(parents=True)
    write_json(folder / "numbers" / CONFIG, {})
    monkeypatch.setattr(zoo.run_folder, "PRESETS_FOLDER", folder)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


@pytest.mark.parametrize("where", ["empty", "unknown", "a/numbers", "./numbers", "", ".", ".."])
def test_what_names_no_preset_is_a_path(presets, where):
    assert preset_or_path(where) == zoo.run_folder.Path(where)


def test_a_preset_is_found_by_its_name(presets):
    assert preset_or_path("numbers") == presets / "numbers"


def test_a_file_of_the_name_comes_before_the_preset(presets):
    zoo.run_folder.Path("numbers").mkdir()
    assert preset_or_path("numbers") == zoo.run_folder.Path("numbers")


def test_a_preset_is_loaded_by_its_name(tiny_run, presets):
    shutil.rmtree(presets / "numbers")
    shutil.copytree(tiny_run.path, presets / "numbers")
    assert same_weights(load_run("numbers").model, tiny_run.model)
