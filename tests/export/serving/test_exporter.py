"""The folder for TF Serving: versions whole or not at all, warm-up that runs, files that the server can read."""

import copy
import json
import re
import shutil
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import CallError, WorkError
from zoo.export.serving.versions import models, newest_version, next_version, versions

pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")

NAME = "bahdanau_seq2seq"
TEXTS = ["trois moins deux", "le 28 octobre 1934", "cinq"]


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_in_the_folder(served):
    assert sorted(path.name for path in served.iterdir()) == [
        "README.md", NAME, "batching_parameters.txt", "compose.yaml", "models.config", "monitoring.config",
    ]  # fmt: skip
    version = served / NAME / "1"
    assert {"saved_model.pb", "parity.json", "assets.extra/tf_serving_warmup_requests"} <= set(files_of(version))
    parity = json.loads((version / "parity.json").read_text())
    assert parity["identical"] == parity["compared"] > 20


def test_every_signature_is_warmed_up(served):
    import tensorflow as tf

    from zoo.export.saved_model import read_meta_graph, signatures_of
    from zoo.export.serving.warmup import read_warmup, replay

    folder = served / NAME / "1"
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    requests, signatures = list(read_warmup(file)), signatures_of(read_meta_graph(folder))
    assert {one.model_spec.name for one in requests} == {NAME}
    assert {one.model_spec.signature_name for one in requests} == set(signatures) > {"serving_default"}
    for one in requests:
        wanted = signatures[one.model_spec.signature_name].inputs
        assert {name: value.dtype for name, value in one.inputs.items()} == {n: i.dtype for n, i in wanted.items()}
    assert replay(file, tf.saved_model.load(str(folder))) == dict.fromkeys(signatures, 2)


@pytest.mark.conformance
@pytest.mark.parametrize("damage", ["cut", "other signature", "other input", "nan"])
def test_a_warm_up_that_does_not_run_is_refused(damage, served, tmp_path):
    import tensorflow as tf

    from zoo.export.serving.warmup import predict_request, replay

    path, loaded = tmp_path / "requests", tf.saved_model.load(str(served / NAME / "1"))
    if damage == "cut":
        content = (served / NAME / "1" / "assets.extra" / "tf_serving_warmup_requests").read_bytes()
        path.write_bytes(content[:-3])
    elif damage == "nan":
        loaded = tf.Module()
        loaded.signatures = {"serving_default": lambda text: {"score": tf.constant([float("nan")])}}
        write(path, predict_request(NAME, "serving_default", {"text": np.array(["a"], object)}))
    else:
        signature, name = ("other", "text") if damage == "other signature" else ("serving_default", "texts")
        write(path, predict_request(NAME, signature, {name: np.array(["a"], object)}))
    with pytest.raises(WorkError, match="warm-up"):
        replay(path, loaded)


def write(path, request):
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(log.SerializeToString())


def test_the_server_can_read_its_configuration(served):
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (served / "models.config").read_text()
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == (NAME, f"/models/{NAME}")
    batching = text_format.Parse((served / "batching_parameters.txt").read_text(), BATCHING())
    assert batching.max_batch_size.value > 1 and batching.num_batch_threads.value > 0
    assert not batching.pad_variable_length_inputs
    monitoring = text_format.Parse((served / "monitoring.config").read_text(), MONITORING())
    assert monitoring.prometheus_config.enable
    compose = (served / "compose.yaml").read_text()
    for file in ("models.config", "batching_parameters.txt", "monitoring.config"):
        assert f"/models/{file}" in compose
    assert ".:/models:ro" in compose


def message(name, fields):
    """A message class that tensorflow-serving-api lacks, after its .proto in github.com/tensorflow/serving."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2  # noqa: F401

    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name.lower(), syntax="proto3")
    file.dependency.append("google/protobuf/wrappers.proto")
    for one, members in fields.items():
        proto = file.message_type.add(name=one)
        for number, (field, kind) in members.items():
            types = {"bool": 8, "string": 9}
            added = proto.field.add(name=field, number=number, label=1, type=types.get(kind, 11))
            if kind not in types:
                added.type_name = kind
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{name.lower()}.{name}"))


def BATCHING():
    """`BatchingParameters` of session_bundle_config.proto."""
    number = ".google.protobuf.Int64Value"
    fields = {1: ("max_batch_size", number), 2: ("batch_timeout_micros", number), 3: ("max_enqueued_batches", number),
              4: ("num_batch_threads", number), 7: ("pad_variable_length_inputs", "bool")}  # fmt: skip
    return message("BatchingParameters", {"BatchingParameters": fields})()


def MONITORING():
    """`MonitoringConfig` of monitoring_config.proto."""
    prometheus = {1: ("enable", "bool"), 2: ("path", "string")}
    outer = {1: ("prometheus_config", ".monitoringconfig.PrometheusConfig")}
    return message("MonitoringConfig", {"PrometheusConfig": prometheus, "MonitoringConfig": outer})()


def test_the_calls_of_the_readme_give_the_answers_of_the_readme(served):
    """Every curl of it is sent to a server, and its own Python is run."""
    import urllib.request

    from tests.support.loopback import serve

    readme = (served / "README.md").read_text(encoding="utf-8")
    calls = re.findall(r"curl -d '(.*?)' \\\n  (http\S+)\n```\n\n```\n(.*?)\n```", readme, re.DOTALL)
    with serve(served, NAME) as (_, _, rest, grpc_address):
        for body, address, shown in calls:
            assert address == f"http://localhost:8501/v1/models/{NAME}:predict"
            url = address.replace("http://localhost:8501", rest)
            with urllib.request.urlopen(url, body.replace("'\\''", "'").encode()) as response:
                (row,) = json.load(response)["predictions"]
            lines = re.findall(r'^ +"(?!predictions)(\w+)": (.+?),?$', shown, re.MULTILINE)
            said = {name: json.loads(value) for name, value in lines if not value.endswith("…")}
            assert said and {name: row[name] for name in said} == said
        for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL):
            printed = run_code(code.replace("localhost:8500", grpc_address))
            assert row_text(readme) in printed
    signatures = tf.saved_model.load(str(next((served / NAME).iterdir()))).signatures
    assert len(calls) == len(signatures) > 3


def run_code(code):
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "README.md", "exec"), {})
    return out.getvalue().encode().decode("unicode_escape") if "\\u" in out.getvalue() else out.getvalue()


def row_text(readme):
    """Return the last answer that the README shows, as far as it shows it."""
    return re.findall(r'"text": "(.*?)(?:",?| …)$', readme, re.MULTILINE)[-1]


@pytest.mark.conformance
def test_a_watcher_never_sees_half_a_version(tiny_run, served, tmp_path, capsys):
    """While the command adds a version, a server that watches sees version 1, and then 2 with all its files."""
    from zoo.command.main import main

    out = tmp_path / "out"
    shutil.copytree(served, out)
    seen, seen_first, done = [], [], threading.Event()

    def watch():
        while not done.is_set():
            numbers = {path.name for path in (out / NAME).iterdir() if path.name.isdigit()}
            if "2" in numbers:
                seen.append(files_of(out / NAME / "2"))
            seen_first.append("1" in numbers)
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert main(["export", str(tiny_run.path), "--to", "serving", "--out", str(out), "--json"]) == 0
    finally:
        done.set()
        watcher.join()
    report = json.loads(capsys.readouterr().out)
    assert (report["format"], report["version"], report["path"]) == ("serving", 2, str(out / NAME / "2"))
    assert report["parity"]["warmup_requests"]["serving_default"] == 2
    assert report["bytes"] == sum(path.stat().st_size for path in (out / NAME / "2").rglob("*") if path.is_file())
    whole = files_of(out / NAME / "2")
    assert len(seen_first) > 100 and all(seen_first)
    assert all(files == whole for files in seen) and whole == files_of(out / NAME / "1")
    assert not [path for path in out.rglob(".*")]
    assert (out / "README.md").read_text() == (served / "README.md").read_text()


def test_a_failure_leaves_the_versions_that_were_there(tiny_run, served, tmp_path, monkeypatch):
    from zoo.export.serving import exporter as serving

    out = tmp_path / "out"
    shutil.copytree(served, out)
    before = files_of(out)

    def copied(run, folder, *, force):
        shutil.copytree(served / NAME / "1", folder, dirs_exist_ok=True)
        return {"parity": {}}

    def fail(*_):
        raise WorkError("no")

    def refused(where):
        with pytest.raises(WorkError, match="no"):
            serving.export_serving(tiny_run, where)

    with monkeypatch.context() as late:
        late.setattr(serving, "export_saved_model", copied)
        late.setattr(serving, "replay", fail)
        refused(out)
    monkeypatch.setattr(serving, "export_saved_model", lambda *_, **__: fail())
    empty = tmp_path / "empty"
    empty.mkdir()
    for where in (tmp_path / "new", empty, empty):
        refused(where)
    assert files_of(out) == before and not (tmp_path / "new").exists()
    assert not [path for path in tmp_path.rglob(".*")]


@pytest.mark.parametrize(("version", "newest"), [(None, True), (1, False)])
def test_the_settings_of_a_server_are_kept(version, newest, tiny_run, served, tmp_path, monkeypatch, caplog):
    """The README is that of the newest version."""
    from zoo.export.serving import exporter as serving

    out = shutil.copytree(served, tmp_path / "out")
    shutil.copytree(out / NAME / "1", out / NAME / "2")
    for file in ("batching_parameters.txt", "README.md"):
        (out / file).write_text("mine")
    (out / "compose.yaml").unlink()

    def copied(run, folder, *, force):
        shutil.copytree(served / NAME / "1", folder, dirs_exist_ok=True)
        return {"parity": {}}

    monkeypatch.setattr(serving, "export_saved_model", copied)
    assert serving.export_serving(tiny_run, out, version=version, force=True)["version"] == (version or 3)
    assert (out / "batching_parameters.txt").read_text() == "mine"
    assert [one.args[0].name for one in caplog.records if one.msg.startswith("kept")] == ["batching_parameters.txt"]
    assert (out / "compose.yaml").read_text() == (served / "compose.yaml").read_text()
    assert ((out / "README.md").read_text() != "mine") is newest


def test_which_number_a_version_takes(served, tmp_path):
    assert next_version(tmp_path / "new", NAME, None, False) == 1
    assert next_version(tmp_path, NAME, None, False) == 1  # an empty folder is as good as none
    assert next_version(served, NAME, None, False) == 2
    begun = tmp_path / "begun" / NAME
    (begun / ".1.abcdefgh.part").mkdir(parents=True)  # what a first export leaves that is killed
    assert next_version(begun.parent, NAME, None, False) == 1
    (begun.parent / "tanh_dnn").mkdir()  # what an export that failed leaves
    assert next_version(begun.parent, NAME, None, False) == 1
    (begun / "notes.txt").write_text("mine")
    with pytest.raises(CallError, match="holds something else"):
        next_version(begun.parent, NAME, None, False)
    assert next_version(served, NAME, 20, False) == 20
    assert next_version(served, NAME, 1, True) == 1
    for version, message in ((1, "has a version 1 already"), (0, "positive integer"), (True, "positive integer")):
        with pytest.raises(CallError, match=message):
            next_version(served, NAME, version, False)
    with pytest.raises(CallError, match=f"serves {NAME}. Choose another --out for tanh_dnn"):
        next_version(served, "tanh_dnn", None, True)
    (tmp_path / "letter").write_text("dear")
    for where in (tmp_path, tmp_path / "letter"):
        with pytest.raises(CallError, match="Choose another --out"):
            next_version(where, NAME, None, True)


def test_the_newest_version_answers(served, tiny_run, tmp_path):
    from zoo.export.load import load

    expected = [one.output for one in tiny_run.predict(TEXTS)]
    for where in (served, served / NAME, served / NAME / "1"):
        assert [one.output for one in load(where).predict(TEXTS)] == expected
    for number in ("9", "10", "x", "11"):
        (tmp_path / NAME / number).mkdir(parents=True)
    for number in ("9", "10", "x"):  # 11 has no graph
        (tmp_path / NAME / number / "saved_model.pb").touch()
    assert versions(tmp_path / NAME) == [9, 10] and models(tmp_path) == [NAME]
    assert newest_version(tmp_path) == newest_version(tmp_path / NAME) == tmp_path / NAME / "10"
    shutil.copytree(tmp_path / NAME, tmp_path / "other")
    with pytest.raises(CallError, match="several models: bahdanau_seq2seq, other"):
        newest_version(tmp_path)


def test_the_command_predicts_and_refuses(tiny_run, served, capsys):
    from zoo.command.main import main

    assert main(["predict", str(served), TEXTS[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["output"] == tiny_run.predict(TEXTS[:1])[0].output
    assert main(["export", str(tiny_run.path), "--to", "serving", "--out", str(tiny_run.path)]) == 2
    assert "holds something else" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["/tmp/elsewhere", "../elsewhere", "a b", "x:\n    privileged: true", ".hidden", ""])
def test_a_name_that_is_no_folder_is_refused(name, tiny_run, tmp_path):
    """It may be from a config that was fetched."""
    from zoo.export.serving.exporter import export_serving

    changed = copy.copy(tiny_run)
    changed.config = replace(tiny_run.config, model=name)
    with pytest.raises(CallError, match="TF Serving needs a model named by letters"):
        export_serving(changed, tmp_path / "out")
    assert not any(tmp_path.iterdir())


def test_without_the_messages_of_tf_serving(tiny_run, tmp_path, monkeypatch):
    import sys

    from zoo.export.serving.exporter import export_serving

    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(CallError, match="pip install tensorflow-serving-api"):
        export_serving(tiny_run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_operations_are_those_that_tf_serving_links(served):
    from zoo.export.saved_model import read_meta_graph
    from zoo.export.serving.operations import SERVED, served_by, text_libraries

    report = json.loads((served / NAME / "1" / "assets.extra" / "operations.json").read_text())
    assert report["tensorflow_text"].keys() == {"sentencepiece_tokenizer"}
    assert {"SentencepieceTokenizeOp", "SentencepieceDetokenizeOp"} <= set(
        report["tensorflow_text"]["sentencepiece_tokenizer"]
    )
    assert {"MatMul", "While", "Softmax"} & set(report["tensorflow"])
    assert set(text_libraries()) <= SERVED
    graph = read_meta_graph(served / NAME / "1")
    assert served_by(graph) == report
    graph.graph_def.library.function[0].node_def.add(name="x", op="OpOfAnother")
    with pytest.raises(WorkError, match="does not link the operations OpOfAnother"):
        served_by(graph)


def test_an_operation_of_a_library_that_is_not_linked(served, monkeypatch):
    from zoo.export.saved_model import read_meta_graph
    from zoo.export.serving import operations

    monkeypatch.setattr(operations, "SERVED", operations.SERVED - {"sentencepiece_tokenizer"})
    with pytest.raises(WorkError, match="SentencepieceDetokenizeOp"):
        operations.served_by(read_meta_graph(served / NAME / "1"))


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["tiny_classifier", "tiny_lm"])
def test_the_other_tasks(fixture, request, tmp_path):
    from zoo.export.serving.exporter import export_serving

    run = request.getfixturevalue(fixture)
    report = export_serving(run, tmp_path / "out", version=5)
    assert report["version"] == 5 and set(report["parity"]["warmup_requests"]) >= {
        "serving_default",
        "detail",
        "tokens",
    }


def test_parameters_are_made_from_what_a_signature_says():
    """One value a row where the signature wants rows, one number where it wants a scalar; such a one cannot batch."""
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    from zoo.export.serving.examples import Examples, batchable

    examples = object.__new__(Examples)
    examples.task, examples.sources, examples.targets = "translation", ["a", "b", "c"], ["x", "y", "z"]
    signature = meta_graph_pb2.SignatureDef()

    def add(name, dtype, *shape):
        signature.inputs[name].dtype = tf.as_dtype(dtype).as_datatype_enum
        for size in shape:
            signature.inputs[name].tensor_shape.dim.add(size=size)

    add("text", tf.string, -1)
    add("target", tf.string, -1)
    add("beam_width", tf.int32, -1)
    add("length_penalty", tf.float32, -1)
    assert batchable(signature)
    add("max_length", tf.int32)
    assert not batchable(signature)
    inputs = examples.inputs(signature, slice(0, 2))
    assert inputs["text"].tolist() == ["a", "b"] and inputs["target"].tolist() == ["x", "y"]
    assert inputs["beam_width"].tolist() == [4, 4] and inputs["beam_width"].dtype == np.int32
    assert inputs["length_penalty"].dtype == np.float32 and inputs["max_length"].shape == ()
    add("mystery", tf.int32)
    with pytest.raises(WorkError, match="No value is known for the input mystery"):
        examples.inputs(signature)


def test_numbers_are_written_as_tf_serving_writes_them():
    from zoo.export.serving.rest import columns_of, rows_of

    array = np.array([0.1, 1 / 3, 1e-20, -2.0], np.float32)
    assert json.dumps(columns_of({"x": array})) == "[0.1, 0.333333343, 1e-20, -2.0]"
    assert [np.float32(one) for one in columns_of({"x": array})] == array.tolist()
    both = {"b": np.array([[1, 2], [3, 4]], np.int32), "a": np.array([b"\xc3\xa9", b""], object)}
    assert rows_of(both) == [{"a": "é", "b": [1, 2]}, {"a": "", "b": [3, 4]}]
    assert columns_of({"x_bytes": np.array([b"\xff"], object), "y": np.array([True])}) == {
        "x_bytes": [{"b64": "/w=="}],
        "y": [True],
    }
