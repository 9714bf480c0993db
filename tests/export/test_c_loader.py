"""Other programs load a SavedModel, and answer as Keras does.

A C program by TensorFlow's C library, with the loader of TF Serving; `saved_model_cli`; and OpenVINO, another engine.
"""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import SUPPORT
from tests.support.untrained import untrained
from zoo.constants import PAD, UNKNOWN

THREADS = 4
SENTENCES = 200
ROWS = 20  # in a request
FIXTURES = ["tiny_run", "tiny_classifier", "tiny_lm"]


def texts_for(run):
    from zoo.training.data.numbers import generate

    lines = [one.target if run.task == "language_model" else one.source for one in generate("test", SENTENCES)]
    return [" ".join(line.split()[:3]) for line in lines] if run.task == "language_model" else lines


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The C program, compiled against the library in TensorFlow's wheel."""
    import tensorflow as tf

    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    folder = Path(tf.__file__).parent
    libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]
    if compiler is None:
        pytest.skip("there is no C compiler")
    if not all((folder / name).is_file() for name in libraries):
        pytest.skip(f"this wheel of TensorFlow has no {' and '.join(libraries)}")
    out = tmp_path_factory.mktemp("c") / "loader"
    source = SUPPORT / "loader.c"
    link = [f"-L{folder}", *(f"-l:{name}" for name in libraries), f"-Wl,-rpath,{folder}", "-pthread"]
    command = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-isystem", folder / "include", source, "-o", out, *link]
    subprocess.run(command, check=True)
    return out


def tensor_bytes(array):
    import tensorflow as tf

    dtype = tf.as_dtype("string" if array.dtype == object else array.dtype).as_datatype_enum
    head = struct.pack(f"<2i{array.ndim}q", dtype, array.ndim, *array.shape)
    if array.dtype != object:
        return head + array.tobytes()
    return head + b"".join(struct.pack("<i", len(one)) + one for one in (text.encode() for text in array.ravel()))


def read_tensor(file):
    import tensorflow as tf

    dtype, rank = struct.unpack("<2i", file.read(8))
    shape = struct.unpack(f"<{rank}q", file.read(8 * rank))
    kind, count = tf.as_dtype(dtype), int(np.prod(shape))
    if kind != tf.string:
        size = kind.size * count
        return np.frombuffer(file.read(size), kind.as_numpy_dtype).reshape(shape)
    texts = [file.read(struct.unpack("<i", file.read(4))[0]) for _ in range(count)]
    return np.array(texts, object).reshape(shape)


def named(tensor):
    name, index = tensor.name.rsplit(":", 1)
    return struct.pack("<i", len(name)) + name.encode() + struct.pack("<i", int(index))


def run_in_c(program, folder, calls, work, libraries=()):
    """Run calls, each a SignatureDef and its inputs, from several threads; return the outputs of each by name."""
    parts = [struct.pack("<i", len(calls))]
    for signature, inputs in calls:
        parts.append(struct.pack("<i", len(inputs)))
        parts += [named(signature.inputs[name]) + tensor_bytes(value) for name, value in inputs.items()]
        parts.append(struct.pack("<i", len(signature.outputs)))
        parts += [named(signature.outputs[name]) for name in sorted(signature.outputs)]
    (work / "requests").write_bytes(b"".join(parts))
    command = [program, folder, work / "requests", work / "answers", str(THREADS), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{len(calls)} requests, {THREADS} threads" in done.stdout
    with (work / "answers").open("rb") as file:
        answers = [{name: read_tensor(file) for name in sorted(signature.outputs)} for signature, _ in calls]
        assert not file.read()
    return answers


def check_keras(run, texts, answers):
    """`serving_default`, which takes text, gives the answers of the Keras model in this process."""
    rows = {name: np.concatenate([one[name] for one in answers]) for name in answers[0]}
    expected = run.predict(texts)
    said = rows["label" if run.task == "classification" else "text"]
    assert [one.decode() for one in said] == [one.output for one in expected]
    if run.task == "classification":
        np.testing.assert_allclose(rows["probability"], [one.probability for one in expected], atol=1e-5)
    else:
        np.testing.assert_allclose(rows["score"], [one.score for one in expected], rtol=1e-4, atol=1e-4)


def check_same(actual, expected):
    for name, value in expected.items():
        if value.dtype == object or np.issubdtype(value.dtype, np.integer):
            np.testing.assert_array_equal(actual[name], value, name)
        else:
            np.testing.assert_allclose(actual[name], value, rtol=1e-4, atol=1e-4, err_msg=name)


def batches(examples, signature):
    return [examples.inputs(signature, slice(i, i + ROWS)) for i in range(0, SENTENCES, ROWS)]


@pytest.mark.slow
@pytest.mark.parametrize("fixture", FIXTURES)
def test_every_signature_in_c(fixture, request, program, tmp_path):
    import tensorflow as tf

    from zoo.export.saved_model import export_saved_model, read_meta_graph, signatures_of
    from zoo.export.serving.examples import Examples
    from zoo.export.serving.operations import text_libraries

    run = request.getfixturevalue(fixture)
    texts = texts_for(run)
    export_saved_model(run, tmp_path / "out")
    graph, examples = read_meta_graph(tmp_path / "out"), Examples(run, texts)
    signatures = signatures_of(graph)
    calls = [(one, inputs) for one in signatures.values() for inputs in batches(examples, one)]
    order = [name for name in signatures for _ in range(SENTENCES // ROWS)]
    answers = run_in_c(program, tmp_path / "out", calls, tmp_path, text_libraries().values())
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    for name, (_, inputs), answer in zip(order, calls, answers, strict=True):
        expected = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        check_same(answer, {key: value.numpy() for key, value in expected.items()})
    check_keras(run, texts, [answer for name, answer in zip(order, answers, strict=True) if name == "serving_default"])


@pytest.fixture(scope="module")
def ids_only(tiny_run, tmp_path_factory):
    """A SavedModel of the token-id signatures alone, which needs no operation of TensorFlow Text."""
    from zoo.export.saved_model import write_graph
    from zoo.export.signatures import id_signatures

    folder = tmp_path_factory.mktemp("ids") / "out"
    write_graph(tiny_run.model, folder, id_signatures(tiny_run.model))
    return folder


@pytest.mark.slow
def test_token_ids_need_no_library(tiny_run, ids_only, program, tmp_path):
    from zoo.export.saved_model import read_meta_graph, signatures_of
    from zoo.export.serving.examples import Examples
    from zoo.export.serving.operations import served_by

    graph, examples = read_meta_graph(ids_only), Examples(tiny_run, texts_for(tiny_run))
    assert not served_by(graph)["tensorflow_text"]
    signature = signatures_of(graph)["tokens"]
    calls = [(signature, inputs) for inputs in batches(examples, signature)]
    for (_, inputs), answer in zip(calls, run_in_c(program, ids_only, calls, tmp_path), strict=True):
        check_same(answer, tiny_run.functions["tokens"](inputs["ids"]))


@pytest.mark.slow
def test_the_program_tells_what_is_wrong(ids_only, program, tmp_path):
    (tmp_path / "requests").write_bytes(struct.pack("<i", 1))
    for folder, message in ((tmp_path, "Could not find SavedModel"), (ids_only, "the file ends early")):
        command = [program, folder, tmp_path / "requests", tmp_path / "answers", "1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        assert done.returncode == 1 and message in done.stderr


@pytest.mark.slow
def test_saved_model_cli(tiny_run, served, ids_only, tmp_path):
    """It shows every signature, and runs one; with text it needs TensorFlow Text to be imported first."""
    from zoo.export.saved_model import read_meta_graph, signatures_of
    from zoo.export.serving.examples import Examples

    version = served / "bahdanau_seq2seq" / "1"
    shown = cli("show", "--dir", version, "--all")
    signatures = signatures_of(read_meta_graph(version))
    assert all(f"signature_def['{name}']" in shown for name in signatures)
    ids = Examples(tiny_run, texts_for(tiny_run)[:3])._ids(False, slice(None))
    np.save(tmp_path / "ids.npy", ids)
    options = ["--tag_set", "serve", "--outdir", tmp_path, "--overwrite"]
    cli("run", "--dir", ids_only, "--signature_def", "tokens", "--inputs", f"ids={tmp_path / 'ids.npy'}", *options)
    answer = {name: np.load(tmp_path / f"{name}.npy") for name in ("ids", "score", "attention")}
    check_same(answer, tiny_run.functions["tokens"](ids))
    texts = texts_for(tiny_run)[:3]
    cli("run", "--dir", version, "--signature_def", "serving_default", "--input_exprs", f"text={texts!r}", *options)
    said = np.load(tmp_path / "text.npy", allow_pickle=True)
    assert [one.decode() for one in said] == [one.output for one in tiny_run.predict(texts)]


def cli(*arguments):
    code = "import tensorflow_text; from tensorflow.python.tools.saved_model_cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("form", ["saved_model", "tflite"])
def test_openvino(form, tmp_path):
    """Another engine, by another company, gives the same ids; in float32, which it does not choose by itself.

    It knows no signatures: those of a SavedModel are one graph to it, of which `tokens` is cut out here; of a .tflite
    it reads the first alone.
    """
    openvino = pytest.importorskip(
        "openvino", reason="openvino is not installed: pip install 'attention-zoo[openvino]'"
    )
    from zoo.export.litert.convert import convert
    from zoo.export.saved_model import export_saved_model
    from zoo.export.signatures import litert_signatures

    core = openvino.Core()
    run = untrained("bahdanau_seq2seq", "tanh", tmp_path)  # no two of its logits are nearly equal
    if form == "saved_model":
        model = core.read_model(export_saved_model(run, tmp_path / "ids", ids_only=True)["path"])
        (tokens,) = [one for one in model.inputs if one.get_any_name() == "ids_2"]  # after those of beam and score
        results = [one.get_node() for one in model.outputs[-3:]]
        model = openvino.Model(results, [tokens.get_node()], "tokens")
    else:
        greedy = {"greedy": litert_signatures(run.model)["greedy"]}
        (tmp_path / "greedy.tflite").write_bytes(convert(run.model, greedy, {"none"})["none"])
        model = core.read_model(str(tmp_path / "greedy.tflite"))
    model = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    dice = np.random.default_rng(1)
    for length in range(1, SENTENCES // ROWS + 1):
        ids = dice.integers(UNKNOWN, run.vocabularies["source"].size, [ROWS, length]).astype(np.int32)
        ids[np.arange(length) >= dice.integers(1, length + 1, [ROWS, 1])] = PAD
        expected = run.functions["tokens"](ids)
        answers = {answer.dtype: {} for answer in expected.values()}
        for answer in model(ids).values():  # they have names of OpenVINO's own
            answers[answer.dtype][answer.ndim] = answer
        for name, tolerance in (("ids", 0), ("score", 1e-3), ("attention", 1e-3)):
            answer = answers[expected[name].dtype][expected[name].ndim]
            np.testing.assert_allclose(answer, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)
