"""Distillation: a run that also learns from other runs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.run_folder import MODEL, read_config
from zoo.training.fit import resume, train
from zoo.training.run import keep_run

OTHER = "numbers-fr-en"  # a preset, with vocabularies of its own


@pytest.fixture(scope="module")
def teach(tiny_data, tiny_settings):
    """Train a student of the translation task."""
    settings = replace(tiny_settings, watch_size=0, seed=3, vocabulary_size=50, text="char")
    how = {"model": "seq2seq", **tiny_data["translation"], "settings": settings, "options": {"units": 8}}
    return lambda teachers, out, **more: train(**{**how, "teachers": teachers, "out": out, **more})


@pytest.fixture(scope="module")
def teacher(tiny_run, tmp_path_factory):
    """The folder of a copy of the tiny run."""
    return shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("teacher") / "run")


@pytest.fixture(scope="module")
def student(teach, teacher, tmp_path_factory):
    return teach([teacher], tmp_path_factory.mktemp("student") / "run")


def test_a_student_takes_over_the_vocabularies(student, teacher):
    config, of_teacher = student.config, read_config(teacher)
    assert config.teachers == [{"origin": str(teacher), "digest": sha256_of(teacher / MODEL)}]
    assert config.vocabularies == of_teacher.vocabularies
    assert config.training["vocabulary_size"] == 120 and config.training["text"] == "unigram"
    assert config.options["units"] == 8 and config.initial is None


def test_it_is_resumed_without_a_checkpoint(student, teach, teacher, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(keep_run, "restore_state", interrupt)
        teach([teacher], tmp_path / "run")
    run = resume(tmp_path / "run")
    for one, other in zip(run.model.get_weights(), student.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_other_teachers_are_refused(student, teacher, tmp_path):
    run = shutil.copytree(student.path, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    for teachers, message in (([], "teachers.0 was .* and is now None"), ([{"origin": "x"}], "is damaged")):
        (run / "config.json").write_text(json.dumps({**config, "teachers": teachers}))
        with pytest.raises(CallError, match=message):
            resume(run, epochs=3)


def test_a_teacher_that_has_changed_or_is_gone(student, teacher, tmp_path):
    run, file = shutil.copytree(student.path, tmp_path / "run"), teacher / MODEL
    file.rename(tmp_path / MODEL)
    for change in (lambda: None, lambda: file.write_bytes(b"other")):
        change()
        with pytest.raises(CallError, match=f"{file} teaches the run and has changed since it was begun, or is gone"):
            resume(run, epochs=3)
    Path(tmp_path / MODEL).replace(file)


def test_the_runs_that_cannot_teach(teach, tiny_run, tiny_classifier, tmp_path):
    vocabularies = {"source": tiny_run.path / "source.model"}
    for message, teachers, more in (
        ("is for classification: seq2seq, for translation, has no use", [tiny_classifier.path], {}),
        (f"{OTHER} has other vocabularies or labels than", [tiny_run.path, OTHER], {}),
        (f"than .*{OTHER}: they do not go", [tiny_run.path], {"model": None, "initial": OTHER, "options": None}),
        ("files of vocabularies", [tiny_run.path], {"vocabularies": vocabularies}),
        ("There is no run folder nowhere", ["nowhere"], {}),
    ):
        with pytest.raises(CallError, match=message):
            teach(teachers, tmp_path / "run", **more)
        assert not (tmp_path / "run").exists()


def test_a_classifier_has_the_labels_of_its_teacher(tiny_classifier, tiny_data, tmp_path, tiny_settings):
    how = {"options": {"units": 4}, "settings": replace(tiny_settings, epochs=1)}
    run = train("tanh_dnn", **tiny_data["classification"], out=tmp_path / "run", teachers=[tiny_classifier.path], **how)
    assert run.config.labels == tiny_classifier.config.labels and run.config.teachers
