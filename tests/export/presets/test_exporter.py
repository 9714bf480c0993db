"""The folder of a preset: it answers by its .tflite as the run does, and keeps a Keras model with half the bytes."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import zoo
from tests.support.untrained import TEXTS
from zoo.digests import check_digests
from zoo.errors import CallError
from zoo.export.inspection import inspect
from zoo.export.presets.exporter import _without_folders
from zoo.export.presets.half_weights import store_in_float16
from zoo.pipeline import load_run
from zoo.run_folder import RunConfig, load_model


@pytest.fixture(scope="module")
def translator(tiny_run, tmp_path_factory):
    """The folder of a preset of the translation run."""
    out = tmp_path_factory.mktemp("presets") / "translator"
    tiny_run.export(out, format="preset")
    return out


def answers(pipeline):
    return [prediction.output for prediction in pipeline.predict(TEXTS)]


def test_a_preset_answers_as_the_run_in_both_forms(tiny_run, translator):
    lite, keras = zoo.load(translator), zoo.load(translator, keras=True)
    assert lite.model is None and keras.model is not None
    assert answers(lite) == answers(keras) == answers(tiny_run)
    assert lite.path == translator and lite.samples == tiny_run.samples
    assert lite.config == keras.config and lite.config.training == tiny_run.config.training
    check_digests(translator, translator / "sha256.json")


def test_the_keras_model_is_stored_in_float16(tiny_run, translator):
    parity = json.loads((translator / "parity.json").read_text())
    assert parity["identical"] == parity["compared"] and parity["keras"]["weights"] == "float16"
    for weight, of_run in zip(load_run(translator).model.weights, tiny_run.model.weights, strict=True):
        assert weight.dtype == of_run.dtype
        np.testing.assert_array_equal(weight.numpy(), of_run.numpy().astype("float16").astype(of_run.dtype))


def test_weights_that_float16_cannot_hold_stay_in_float32(fresh, tmp_path):
    run = fresh("tanh_dnn")
    (run.path / "samples.targets.txt").write_text("a\nb\nc\na", encoding="utf-8")
    model = run.model
    kept = model.get_weights()
    try:
        model.set_weights([1e6 * weight for weight in kept])
        report = run.export(tmp_path / "out", format="preset")
        assert report["parity"]["keras"] == {"weights": "float32"}
        assert answers(zoo.load(tmp_path / "out", keras=True)) == answers(run)
    finally:
        model.set_weights(kept)


def test_half_the_bytes(tmp_path):
    zoo.tanh_dnn(2000, 3, units=64).save(tmp_path / "model.keras")
    before, model = (tmp_path / "model.keras").stat().st_size, load_model(tmp_path / "model.keras")
    store_in_float16(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 0.55 * before
    for halved, whole in zip(load_model(tmp_path / "model.keras").weights, model.weights, strict=True):
        np.testing.assert_array_equal(halved.numpy(), whole.numpy().astype("float16").astype("float32"))


def test_int8_weights_are_scored_against_the_run(fresh, tmp_path):
    run = fresh("tanh_dnn", units=64).with_samples(list(zip(TEXTS, "abca", strict=True)))
    parity = run.export(tmp_path / "out", format="preset", quantize="int8", max_drop=100.0)["parity"]
    assert parity["quantize"] == "int8" and parity["model_bytes"] < parity["float32_model_bytes"]
    assert parity["keras"]["weights"] == "float16" and parity["scored"] == len(TEXTS)
    assert zoo.load(tmp_path / "out").predict(TEXTS)[0].output in run.labels


def test_no_folder_of_the_machine_is_published(tiny_run, translator):
    config = (translator / "config.json").read_text(encoding="utf-8")
    assert str(tiny_run.path.parent) not in config
    assert json.loads(config)["data"]["train"]["origin"] == "translation.train.tsv"


def test_no_folder_of_a_recipe_is_published():
    config = RunConfig(model="tanh_dnn", task="classification", options={}, recipe="/home/someone/secret/my.toml")
    assert _without_folders(config).recipe == "my.toml"
    assert _without_folders(replace(config, recipe=None)).recipe is None


def test_a_preset_is_described(translator):
    report = inspect(translator)
    assert report["format"] == "preset" and report["card"]["model"] == "bahdanau_seq2seq"
    assert {"greedy", "beam", "score"} <= set(report["signatures"])


@pytest.mark.parametrize("file", ["model.tflite", "config.json"])
def test_damage_is_found_before_an_answer(file, tiny_preset, tmp_path):
    copy = shutil.copytree(tiny_preset, tmp_path / "copy")
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    with pytest.raises(CallError, match=f"copy is damaged: {file} is not what `zoo export` wrote"):
        zoo.load(copy)


@pytest.mark.parametrize("file", ["model.keras", "source.model", "config.json"])
def test_damage_is_found_before_the_keras_model_is_read(file, tiny_preset, tmp_path):
    copy = shutil.copytree(tiny_preset, tmp_path / "copy")
    with (copy / file).open("ab") as end:
        end.write(b"\n")
    with pytest.raises(CallError, match=f"copy is damaged: {file} is not what `zoo export` wrote"):
        zoo.load(copy, keras=True)


def test_a_preset_without_digests_is_refused(tiny_preset, tmp_path):
    copy = shutil.copytree(tiny_preset, tmp_path / "copy")
    (copy / "sha256.json").unlink()
    for keras in (False, True):
        with pytest.raises(CallError, match="it has no sha256.json"):
            zoo.load(copy, keras=keras)


def test_what_has_no_keras_model(tiny_preset):
    with pytest.raises(CallError, match="in the format tflite, without a Keras model"):
        zoo.load(tiny_preset / "model.tflite", keras=True)
    with pytest.raises(CallError, match="a preset that was loaded with `keras=True`"):
        zoo.load(tiny_preset).save("nowhere")


def test_states_of_other_types_are_copied(tmp_path):
    """The state of a seed generator is of whole numbers."""
    zoo.tanh_dnn(60, 3, units=8, dropout=0.1).save(tmp_path / "model.keras")
    before = load_model(tmp_path / "model.keras")
    store_in_float16(tmp_path / "model.keras")
    after = load_model(tmp_path / "model.keras")
    kinds = [variable.dtype for variable in after.variables]
    assert kinds == [variable.dtype for variable in before.variables]
