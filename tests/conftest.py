"""Tiny trained runs that several test modules share; none of them has learnt anything useful."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # there are as many processes as cores, see pyproject.toml

import signal
import sys

import pytest

from zoo.training.data.numbers import generate

COLUMNS = {
    "translation": lambda example: f"{example.source}\t{example.target}",
    "classification": lambda example: f"{example.source}\t{example.kind}",
    "language_model": lambda example: example.target,
}


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Ctrl-C is heard, also where the tests run in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def leave_no_op_determinism():
    """A deterministic training changes its process: the tests of other modules find it as it was."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import config  # there is no public way back

        config.disable_op_determinism()


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """For each task, the paths of a training and a validation file, as keywords of `train`."""
    folder = tmp_path_factory.mktemp("data")
    paths = {}
    for task, column in COLUMNS.items():
        paths[task] = {}
        for split, size in (("train", 160), ("valid", 24)):
            path = folder / f"{task}.{split}.tsv"
            path.write_text("".join(f"{column(one)}\n" for one in generate(split, size)), encoding="utf-8")
            paths[task][split] = str(path)
    return paths


@pytest.fixture(scope="session")
def tiny_settings():
    """How the tiny runs are trained. With this seed most answers end soon; else each would have the most pieces."""
    from zoo.training.settings import Settings

    return Settings(epochs=2, batch_size=32, vocabulary_size=120, seed=13)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, tiny_data, tiny_settings):
    """A translation run."""
    return _train("bahdanau_seq2seq", tmp_path_factory, tiny_data["translation"], tiny_settings)


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory, tiny_data, tiny_settings):
    """A classification run."""
    return _train("self_attention_rnn", tmp_path_factory, tiny_data["classification"], tiny_settings)


@pytest.fixture(scope="session")
def tiny_lm(tmp_path_factory, tiny_data, tiny_settings):
    """A run of a language model."""
    return _train("self_attention_lm", tmp_path_factory, tiny_data["language_model"], tiny_settings)


def _train(model, tmp_path_factory, data, settings):
    from zoo.training.fit import train

    return train(model, **data, out=tmp_path_factory.mktemp("runs") / model, options={"units": 16}, settings=settings)


@pytest.fixture(scope="session")
def served(tmp_path_factory, tiny_run):
    """A folder for TF Serving that holds version 1 of the translation run."""
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from zoo.export.serving.exporter import export_serving

    out = tmp_path_factory.mktemp("served") / "out"
    export_serving(tiny_run, out)
    return out


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """The folder of a preset: an untrained classifier with the labels a, b and c."""
    from tests.support.untrained import TEXTS, untrained

    folder = tmp_path_factory.mktemp("presets")
    run = untrained("tanh_dnn", "tanh", folder).with_samples(list(zip(TEXTS, "abca", strict=True)))
    run.export(folder / "tiny", format="preset")
    return folder / "tiny"
