"""ONNX: a graph for each endpoint, weights stored once, and answers from onnxruntime without TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT
from tests.support.untrained import TEXTS
from zoo.errors import CallError, WorkError
from zoo.export.inspection import as_text, inspect
from zoo.export.onnx import SHARED_BYTES, export_onnx, load_onnx
from zoo.prediction import Beam

pytest.importorskip("tf2onnx", reason="tf2onnx is not installed: pip install 'attention-zoo[onnx]'")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'attention-zoo[onnx]'")


@pytest.fixture(scope="module")
def folder(tiny_run, exported):
    return Path(exported(tiny_run, "onnx")["path"])


def test_report_and_files(folder, tiny_run, exported):
    parity = exported(tiny_run, "onnx")["parity"]
    assert parity["compared"] == parity["identical"] > 20
    assert parity["beam_compared"] == parity["beam_identical"] > 10 and parity["scored"] > 20
    assert json.loads((folder / "parity.json").read_text()) == parity
    assert {path.name for path in folder.iterdir()} == {
        "greedy.onnx", "beam.onnx", "score.onnx", "weights.bin",
        "zoo.json", "source.model", "target.model", "sha256.json", "parity.json",
    }  # fmt: skip


def test_graphs_share_their_weights(folder, tiny_run):
    import onnx

    weights = sum(array.nbytes for array in tiny_run.model.get_weights() if array.nbytes >= SHARED_BYTES)
    assert weights <= (folder / "weights.bin").stat().st_size < 2 * weights  # some are stored transposed too
    for file in folder.glob("*.onnx"):
        tensors = onnx.load(file, load_external_data=False).graph.initializer
        assert all(len(tensor.raw_data) < SHARED_BYTES for tensor in tensors)
        assert any(tensor.external_data for tensor in tensors)


def test_it_searches_and_scores_as_keras_does(folder, tiny_run):
    model, keras = load_onnx(folder), tiny_run
    for beam in (Beam(1), Beam(2, n_best=2), Beam(5, n_best=5, length_penalty=0.0)):
        for a, b in zip(model.predict(TEXTS, beam=beam), keras.predict(TEXTS, beam=beam), strict=True):
            assert [answer.target_pieces for answer in a.alternatives] == [c.target_pieces for c in b.alternatives]
            np.testing.assert_allclose(a.score, b.score, rtol=1e-5)
            np.testing.assert_allclose(a.attention, b.attention, atol=1e-5)
    expected, actual = keras.score(TEXTS, TEXTS[::-1]), model.score(TEXTS, TEXTS[::-1])
    np.testing.assert_allclose([a.log_probability for a in actual], [b.log_probability for b in expected], rtol=1e-5)


def test_the_command_imports_no_tensorflow(folder, tiny_run):
    code = (
        "import sys\nfrom zoo.command.main import main\nstatus = main(['predict', *sys.argv[1:]])\n"
        "print([name for name in ('tensorflow', 'keras', 'tf2onnx', 'ai_edge_litert') if name in sys.modules])\n"
        "sys.exit(status)"
    )
    command = [sys.executable, "-c", code, str(folder), *TEXTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [*(answer.output for answer in tiny_run.predict(TEXTS)), "[]"]


def test_inspect(folder, tiny_run):
    report = inspect(folder)
    assert report["format"] == "onnx" and report["card"]["model"] == tiny_run.config.model
    assert list(report["signatures"]) == ["beam", "greedy", "score"]
    assert report["signatures"]["greedy"]["inputs"] == {"ids": "int32 [?, ?]"}
    assert report["signatures"]["beam"]["inputs"]["beam_width"] == "int32 [?]"
    assert report["signatures"]["greedy"]["outputs"]["output_ids"] == "int32 [?, ?]"
    assert report["operations"]["Loop"] >= 3 and report["parity"]["identical"] > 20
    assert report["weights"]["float32"] >= sum(weight.nbytes for weight in tiny_run.model.get_weights())
    assert "greedy(ids int32 [?, ?])" in as_text(report)


@pytest.mark.parametrize("name", ["greedy.onnx", "weights.bin", "zoo.json", "source.model", "sha256.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_folder_is_refused(name, damage, folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 0x55
    (tmp_path / name).write_bytes(content if damage == "flip" else content[: len(content) // 2])
    if damage == "gone":
        (tmp_path / name).unlink()
    with pytest.raises(CallError, match="is damaged"):
        load_onnx(tmp_path)


@pytest.mark.parametrize("package", ["tf2onnx", "onnxruntime"])
def test_a_missing_package_names_the_extra(package, tiny_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CallError, match=rf"{package} is not installed .*: pip install 'attention-zoo\[onnx\]'"):
        export_onnx(tiny_run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_missing_runtime_names_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CallError, match=r"onnxruntime is not installed .*: pip install 'attention-zoo\[onnx\]'"):
        load_onnx(folder)


def test_a_model_that_cannot_be_converted(tiny_run, tmp_path, monkeypatch):
    import tf2onnx

    def fail(*_, **__):
        raise ValueError("no operation Abc\nin this release")

    monkeypatch.setattr(tf2onnx.convert, "from_function", fail)
    with pytest.raises(WorkError, match="bahdanau_seq2seq could not be converted to ONNX: tokens: no operation Abc"):
        export_onnx(tiny_run, tmp_path / "out")
    assert not list(tmp_path.iterdir())
