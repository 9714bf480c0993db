"""Distillation: a run that also learns from other runs."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.run_folder import MODEL, read_config
from zoo.training.fit import resume, train
from zoo.training.run import keep_run

SMALL = {"units": 8}


@pytest.fixture(scope="module")
def settings(tiny_settings):
    return replace(tiny_settings, epochs=2, patience=9, watch_size=0, seed=3, vocabulary_size=50, text="char")


@pytest.fixture
def call(tmp_path, tiny_data, settings):
    """Train a student of the translation task."""
    data = tiny_data["translation"]
    return lambda model="seq2seq", **more: train(
        model, **{**data, "out": tmp_path / "run", "settings": settings, "options": SMALL, **more}
    )


def test_a_student_takes_over_the_vocabularies(call, tiny_run):
    run = call(teachers=[tiny_run.path])
    assert run.config.teachers == [{"origin": str(tiny_run.path), "digest": sha256_of(tiny_run.path / MODEL)}]
    assert run.config.vocabularies == tiny_run.config.vocabularies
    assert run.config.training["vocabulary_size"] == 120 and run.config.training["text"] == "unigram"
    assert run.config.options["units"] == 8 and run.config.initial is None
    alone = call(teachers=[tiny_run.path], settings=replace(_settings(run), distillation=0.0), force=True)
    assert any(
        not np.array_equal(one, other)
        for one, other in zip(run.model.get_weights(), alone.model.get_weights(), strict=True)
    )


def test_it_is_resumed_exactly(call, tiny_run, tmp_path, monkeypatch):
    whole = call(teachers=[tiny_run.path], out=tmp_path / "whole")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(keep_run, "restore_state", interrupt)
        call(teachers=[tiny_run.path])
    run = resume(tmp_path / "run")
    for one, other in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_teacher_that_has_changed_or_is_gone(call, tiny_run, tmp_path):
    teacher = shutil.copytree(tiny_run.path, tmp_path / "teacher")
    call(teachers=[teacher])
    (teacher / MODEL).write_bytes(b"other")
    for _ in range(2):
        with pytest.raises(CallError, match=f"{teacher / MODEL} teaches the run and has changed"):
            resume(tmp_path / "run", epochs=3)
        (teacher / MODEL).unlink(missing_ok=True)


def test_the_runs_that_cannot_teach(call, tiny_run, tiny_classifier, tmp_path):
    other = call(out=tmp_path / "other").path
    for message, arguments in (
        ("is for classification: seq2seq, for translation, has no use of it", {"teachers": [tiny_classifier.path]}),
        ("has other vocabularies or labels than", {"teachers": [tiny_run.path, other]}),
        ("has other vocabularies or labels than", {"teachers": [tiny_run.path], "initial": other, "options": None}),
        ("files of vocabularies", {"teachers": [tiny_run.path], "vocabularies": {"source": other / "source.model"}}),
        ("There is no run folder nowhere", {"teachers": ["nowhere"]}),
    ):
        with pytest.raises(CallError, match=message):
            call(**arguments)
        assert not (tmp_path / "run").exists()


def test_a_classifier_has_the_labels_of_its_teacher(tiny_classifier, tiny_data, tmp_path, tiny_settings):
    data, options = tiny_data["classification"], {"units": 4}
    where = {"out": tmp_path / "run", "options": options, "teachers": [tiny_classifier.path]}
    run = train("tanh_dnn", **data, **where, settings=replace(tiny_settings, epochs=1))
    assert run.config.labels == tiny_classifier.config.labels
    assert read_config(run.path).teachers == run.config.teachers != []


def _settings(run):
    from zoo.training.settings import Settings

    return Settings.from_config(run.config)
