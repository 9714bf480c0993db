"""The life of an export: nothing stands under its name before it was compared with Keras, or when it differs."""

import dataclasses
import errno
from pathlib import Path

import pytest
import tensorflow as tf

from zoo.errors import CallError, WorkError
from zoo.export.artefact import artefact
from zoo.export.litert import exporter as tflite
from zoo.export.litert.archive import read_tflite


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_draft_that_is_kept_takes_the_name(tiny_run, tmp_path):
    with artefact(tiny_run, tmp_path / "out", format="x", force=False) as draft:
        (draft.folder / "model").write_text("abc")
        assert not (tmp_path / "out").exists() and not draft.report
        draft.keep(draft.folder / "model", {"compared": 1})
    assert draft.report["path"] == str(tmp_path / "out" / "model") and draft.report["format"] == "x"
    assert draft.report["bytes"] == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert draft.report["parity"] == {"compared": 1, "versions": tiny_run.config.versions}
    assert not hidden(tmp_path)


def test_keras_answers_in_full_float32(tiny_run, tmp_path):
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    assert enabled()
    with pytest.raises(KeyError), artefact(tiny_run, tmp_path / "out", format="x", force=False):
        assert not enabled()
        raise KeyError
    assert enabled()


def test_a_draft_that_is_not_kept_leaves_nothing(tiny_run, tmp_path):
    with pytest.raises(RuntimeError, match="was not kept"):
        with artefact(tiny_run, tmp_path / "out", format="x", force=False) as draft:
            (draft.folder / "model").write_text("abc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", ["output", "score", "attention"])
def test_an_artefact_that_differs_is_refused(change, tiny_run, exported, tmp_path, monkeypatch):
    model, _ = read_tflite(Path(exported(tiny_run, "tflite")["path"]))

    def spoilt(path):
        predictor = right(path)
        predict = predictor.predict

        def wrong(texts, **options):
            answers = predict(texts, **options)
            new = {"output": "x", "score": 1.0, "attention": answers[0].attention + 0.01}
            return [dataclasses.replace(answers[0], **{change: new[change]}), *answers[1:]]

        predictor.predict = wrong
        return predictor

    right = tflite.LiteModel
    monkeypatch.setattr(tflite, "convert", lambda *_: {"none": model})
    monkeypatch.setattr(tflite, "LiteModel", spoilt)
    with pytest.raises(WorkError, match="does not answer as Keras does"):
        tflite.export_tflite(tiny_run, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not hidden(tmp_path)


def test_the_run_is_not_replaced_by_its_export(tiny_run):
    for out in (tiny_run.path, tiny_run.path.parent):
        with pytest.raises(CallError, match="would take the place of"):
            tflite.export_tflite(tiny_run, out, force=True)
    assert (tiny_run.path / "config.json").is_file()


@pytest.mark.parametrize(
    ("failure", "expected"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "full"), WorkError)]
)
def test_a_failure_leaves_the_old_artefact(failure, expected, tiny_run, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")

    def fail(*arguments, **options):
        raise failure

    monkeypatch.setattr(tflite, "convert", fail)
    with pytest.raises(CallError, match="already exists"):
        tflite.export_tflite(tiny_run, tmp_path / "out")
    with pytest.raises(expected):
        tflite.export_tflite(tiny_run, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "old").read_text() == "old" and not hidden(tmp_path)


def test_force_replaces(tiny_run, exported, tmp_path, monkeypatch):
    model, _ = read_tflite(Path(exported(tiny_run, "tflite")["path"]))
    monkeypatch.setattr(tflite, "convert", lambda *_: {"none": model})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    tflite.export_tflite(tiny_run, tmp_path / "out", force=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model.tflite", "parity.json"]
    assert not hidden(tmp_path)
