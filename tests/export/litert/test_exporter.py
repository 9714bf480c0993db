"""The .tflite of every model, in both runtimes of LiteRT, of any shape and of a fixed one."""

import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT
from tests.support.untrained import TEXTS, untrained
from zoo.catalog import CATALOG
from zoo.constants import MAX_TARGET_PIECES
from zoo.errors import CallError

LENGTH = 24
SHAPE = (2, LENGTH)
PROGRAM = ROOT / "docs" / "mobile" / "translate.cc"


@pytest.fixture(scope="module")
def fixed_file(fresh, exported):
    """A run of every task, exported to a fixed shape: the run, the path and the report."""
    files = {}
    for name in ("bahdanau_seq2seq", "self_attention_rnn", "self_attention_lm"):
        run = fresh(name, "gru")
        report = exported(run, "tflite", shape=SHAPE)
        files[run.task] = run, report["path"], report
    return files


def ids_of(run, texts=TEXTS, length=LENGTH):
    """Return padded ids (B, length)."""
    from zoo.text import source_ids

    rows, _ = source_ids(run.vocabularies["source"], texts, run.task)
    return np.array([row + [0] * (length - len(row)) for row in rows], np.int32)


def inputs_of(task, name, ids):
    """Return the inputs of a signature, in Keras and in a .tflite with dynamic shapes."""
    if name == "beam_tokens":
        return {
            "ids": ids,
            "beam_width": np.array([4], "int32"),
            "length_penalty": np.array([0.6], "float32"),
            "max_length": np.array([MAX_TARGET_PIECES], "int32"),
        }
    return {"ids": ids} | ({"target_ids": ids[:, ::-1] % 9} if (task, name) == ("translation", "score_tokens") else {})


@pytest.mark.parametrize(
    "task", [pytest.param("translation", marks=pytest.mark.conformance), "classification", "language_model"]
)
def test_a_fixed_shape_answers_as_keras_in_both_runtimes(task, fixed_file):
    from zoo.export.lite import LiteModel
    from zoo.export.litert.compiled import compiled_functions
    from zoo.tasks import TASKS

    run, path, report = fixed_file[task]
    lite, compiled, ids = LiteModel(path).functions, compiled_functions(path), ids_of(run)[:2]
    names = TASKS[task].endpoints
    assert set(compiled) == set(names.values()) and set(lite) == set(names)
    assert report["parity"]["compiled_model"]["compared"] >= 2 * len(names)
    for name, inner in names.items():
        inputs = inputs_of(task, name, ids)
        expected = run.functions[name](**inputs)
        bare = {key: value[0] if value.ndim == 1 else value for key, value in inputs.items() if key != "beam_width"}
        for answer in (lite[name](**inputs), compiled[inner](**bare)):
            assert set(answer) == set(expected)
            for key, value in expected.items():
                widths = [(0, one - other) for one, other in zip(answer[key].shape, value.shape, strict=True)]
                np.testing.assert_allclose(answer[key], np.pad(value, widths), rtol=1e-5, atol=1e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_every_model_of_a_fixed_shape(name, tmp_path):
    """The export itself compares both runtimes with Keras."""
    from zoo.export.litert.exporter import export_tflite

    report = export_tflite(untrained(name, "tanh", tmp_path), tmp_path / "out", shape=(1, LENGTH))["parity"]
    assert report["identical"] == report["compared"] > 3 and report["compiled_model"]["compared"] > 3


def test_a_fixed_shape_answers_any_number_of_texts(fixed_file):
    from zoo.export.lite import LiteModel
    from zoo.prediction import Beam

    run, path, _ = fixed_file["translation"]
    lite, texts = LiteModel(path), [*TEXTS, "cinq"]
    expected = run.predict(texts)
    assert [one.target_pieces for one in lite.predict(texts)] == [one.target_pieces for one in expected]
    assert lite.predict([]) == []
    (long,) = lite.predict(["cinq " * 40])
    assert long.truncated and len(long.source_pieces) == LENGTH
    with pytest.raises(CallError, match="`ids` must be of 24 columns at most. Received: 25."):
        lite.functions["tokens"](np.ones([1, 25], np.int32))
    with pytest.raises(CallError, match="searches with a beam of 4 alone. Received: 3."):
        lite.predict(["cinq"], beam=Beam(3))


def test_it_is_builtin_and_keeps_its_files(fresh, exported):
    from ai_edge_litert.interpreter import Interpreter

    path = exported(fresh("bahdanau_seq2seq"), "tflite")["path"]
    names = [operation["op_name"] for operation in Interpreter(model_path=path)._get_ops_details()]
    assert names and not [name for name in names if name.startswith("Flex") or name == "CUSTOM"]
    files = {"model.sha256", "zoo.json", "source.model", "target.model"}
    assert set(zipfile.ZipFile(path).namelist()) == files


def test_any_shape_has_pieces_and_is_not_for_compiled_model(fresh, exported):
    from ai_edge_litert.interpreter import Interpreter

    from zoo.export.litert.compiled import compiled_functions

    run = fresh("bahdanau_seq2seq")
    path = exported(run, "tflite")["path"]
    interpreter = Interpreter(model_path=path)
    assert set(interpreter.get_signature_list()) == {"greedy", "beam", "score"}
    for name in ("tokens", "beam_tokens"):
        inner = {"tokens": "greedy", "beam_tokens": "beam"}[name]
        answer = interpreter.get_signature_runner(inner)(**inputs_of("translation", name, ids_of(run)))
        ids = answer["ids"].ravel()
        named = zip(ids, run.vocabularies["target"].pieces(ids), strict=True)
        expected = [piece if i else "" for i, piece in named]
        assert [piece.decode() for piece in answer["pieces"].ravel()] == expected
    with pytest.raises(CallError, match="export with --shape"):
        compiled_functions(path)


def test_compiled_model_loses_what_a_loop_makes_longer(tmp_path):
    """The reason for fixed shapes: the smallest graph for which CompiledModel allocates too small an output.

    It asks for the size of an output before the run. When this test fails, LiteRT asks after the run.
    """
    import tensorflow as tf
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.interpreter import Interpreter

    def count(ids):
        length, rows = tf.while_loop(
            lambda t, rows: t < tf.reduce_max(ids),
            lambda t, rows: (t + 1, tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.reshape(t + 1, [1]))),
            (tf.constant(0), tf.zeros([8], tf.int32)),
        )
        return {"rows": tf.gather(rows, tf.range(length))}

    graph = tf.function(count, [tf.TensorSpec([2], tf.int32, name="ids")], autograph=False)
    module = tf.Module()
    tf.saved_model.save(module, str(tmp_path), signatures={"count": graph.get_concrete_function()})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path), signature_keys=["count"])
    (tmp_path / "count.tflite").write_bytes(converter.convert())
    ids = np.array([2, 3], np.int32)
    runner = Interpreter(model_path=str(tmp_path / "count.tflite")).get_signature_runner("count")
    assert runner(ids=ids)["rows"].tolist() == [1, 2, 3]
    compiled = CompiledModel.from_file(str(tmp_path / "count.tflite"))
    assert compiled.get_output_tensor_details("count")["rows"]["shape"] != [3]


@pytest.mark.parametrize("shape", [(0, 8), (1, 1), (1, 513), (1,), (1, 8, 8), 32, (1, "8"), (1, 8.5)])
def test_a_shape_that_is_none(shape, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    with pytest.raises(CallError, match="`shape` must be a batch size of 1 or more and a length of 2 to 512"):
        export_tflite(untrained("tanh_dnn", "tanh", tmp_path), tmp_path / "out", shape=shape)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("most", [-1, "0.5", True, float("nan")])
def test_a_drop_that_is_none(most, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    with pytest.raises(CallError, match="`max_drop` must be a number of 0 or more"):
        export_tflite(untrained("tanh_dnn", "tanh", tmp_path), tmp_path / "out", quantize="int8", max_drop=most)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("bahdanau_seq2seq", "text", marks=pytest.mark.conformance),
        pytest.param("self_attention_rnn", "label", marks=pytest.mark.conformance),
        pytest.param("self_attention_lm", "text", marks=pytest.mark.slow),
    ],
)
def test_text_in_and_text_out(name, key, fresh, exported):
    pytest.importorskip("tensorflow_text")
    from zoo.export.inspection import inspect
    from zoo.export.lite import LiteModel
    from zoo.export.litert.text_ops import text_interpreter

    run = fresh(name)
    report = exported(run, "tflite", text_ops=True)
    compared = report["parity"]["text_ops"]
    assert compared["compared"] == compared["identical"] > len(TEXTS) and compared["cut_otherwise"] == 0
    path = Path(report["path"]).with_name("model.text.tflite")
    assert "zoo.json" in zipfile.ZipFile(path).namelist()
    texts = [*TEXTS, "", " ", "\U0001f600 cinq"]
    runner = text_interpreter(path).get_signature_runner("serving_default")
    answer = runner(text=np.array([text.encode() for text in texts], dtype=object))
    assert [text.decode() for text in answer[key]] == [answer.output for answer in run.predict(texts)]
    with pytest.raises(CallError, match="takes text, by operations of TF Text that are not here"):
        LiteModel(path)
    assert inspect(path)["parity"] == compared


def test_the_program_in_the_docs_answers_as_python(fixed_file, tmp_path):
    """It is compiled against the library of the wheel ai-edge-litert."""
    import shutil

    import ai_edge_litert

    library = Path(ai_edge_litert.__path__[0]) / "libLiteRt.so"
    if not (shutil.which("g++") and library.is_file()):
        pytest.skip("needs g++ and a wheel of ai-edge-litert that has libLiteRt.so")
    from zoo.export.lite import LiteModel
    from zoo.export.litert.exporter import export_tflite

    program = tmp_path / "translate"
    command = ["g++", "-std=c++17", "-Wall", "-Werror", PROGRAM, "-o", program, library, f"-Wl,-rpath,{library.parent}"]
    subprocess.run(command, check=True)
    run = untrained("bahdanau_seq2seq", "gru", tmp_path)
    path = export_tflite(run, tmp_path / "out", shape=(1, LENGTH))["path"]
    for text in TEXTS:
        ids = [str(i) for i in ids_of(run, [text])[0] if i]
        done = subprocess.run([program, path, *ids], capture_output=True, text=True, check=True).stdout.split("\n")
        expected = LiteModel(path).functions["tokens"](ids_of(run, [text]))
        assert [int(i) for i in done[0].split()] == [i for i in expected["ids"][0].tolist() if i]
        assert float(done[1]) == pytest.approx(float(expected["score"][0]), abs=1e-5)
    assert subprocess.run([program, path, *["5"] * 25], capture_output=True).returncode == 1
    assert subprocess.run([program, tmp_path / "none.tflite", "5"], capture_output=True).returncode == 1


def test_parity_says_what_was_compared(fixed_file):
    _, path, report = fixed_file["translation"]
    assert json.loads((Path(path).parent / "parity.json").read_text()) == report["parity"]
