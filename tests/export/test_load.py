"""One way in: runs, presets and artefacts of every format are recognised, and what is neither is refused."""

from pathlib import Path

import pytest

from tests.support.untrained import TEXTS
from zoo.errors import CallError
from zoo.export.formats import FORMATS
from zoo.export.load import find, load


@pytest.mark.parametrize("format", ["saved_model", "tflite", "onnx"])
def test_a_folder_and_the_model_in_it_are_the_same(format, fresh, exported):
    if format == "onnx":
        pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'attention-zoo[onnx]'")
    path = Path(exported(fresh("tanh_dnn"), format)["path"])
    folder = path if path.is_dir() else path.parent
    model = next(folder.glob(FORMATS[format].mark))
    assert find(path) == find(folder) == find(model) == (format, path)


def test_where_is_of_another_kind(tmp_path):
    import tensorflow as tf

    with pytest.raises(CallError, match="neither a file or folder nor a preset"):
        load(tmp_path / "nothing")
    with pytest.raises(CallError, match="neither a run folder"):
        load(tmp_path)
    (tmp_path / "text.tflite").write_text("hello")
    with pytest.raises(CallError, match="damaged or not made by"):
        load(tmp_path / "text.tflite")
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(CallError, match="damaged or not made by"):
        load(tmp_path / "other")
    (tmp_path / "other" / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(CallError, match="damaged"):
        load(tmp_path / "other")


def test_a_preset_is_a_run_with_a_name(tiny_run, tmp_path, monkeypatch):
    import shutil

    from zoo import presets, run_folder
    from zoo.pipeline import load_run

    shutil.copytree(tiny_run.path, tmp_path / "presets" / "tiny")
    monkeypatch.setattr(run_folder, "PRESETS_FOLDER", tmp_path / "presets")
    monkeypatch.setattr(presets, "PRESETS_FOLDER", tmp_path / "presets")
    assert load("tiny").predict(TEXTS)[0].output == tiny_run.predict(TEXTS)[0].output
    for loader in (load, load_run):
        with pytest.raises(CallError, match='The presets are: tiny. Did you mean "tiny"'):
            loader("tinny")
