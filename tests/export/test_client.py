"""The clients of TF Serving, against a server on the loopback interface that answers from the real SavedModel."""

import time

import numpy as np
import pytest

from zoo.errors import CallError, WorkError
from zoo.export.client import GrpcClient, RestClient

pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")

TEXTS = ["trois moins deux", "le 28 octobre 1934", "cinq", "", 'É 😀 "\\\n']
NAME = "bahdanau_seq2seq"


@pytest.fixture(scope="module")
def server(served):
    from tests.support.loopback import serve

    with serve(served, NAME) as parts:
        yield parts


@pytest.fixture(params=["rest", "grpc"])
def client(request, server):
    """A client, and the list of faults that its server answers first."""
    rest, services, rest_address, grpc_address = server
    del rest.faults[:], services.faults[:], rest.asked[:], services.asked[:]
    kind, where, source = (
        (RestClient, rest_address, rest) if request.param == "rest" else (GrpcClient, grpc_address, services)
    )
    with kind(where, NAME, deadline=20) as one:
        one.faults, one.asked, one.again = source.faults, source.asked, lambda **options: kind(where, NAME, **options)
        one.named = lambda name, **options: kind(where, name, **options)
        yield one


def test_answers_are_those_of_keras(client, tiny_run):
    expected = tiny_run.predict(TEXTS)
    answer = client.predict({"text": TEXTS})
    assert list(answer["text"]) == [one.output for one in expected]
    np.testing.assert_allclose(answer["score"], [one.score for one in expected], rtol=1e-5, atol=1e-5)
    as_bytes = client.predict({"text": [TEXTS[0].encode(), b"\xff"]})
    assert as_bytes["text"][0] == expected[0].output
    detail = client.predict({"text": TEXTS[:1]}, signature="detail")
    assert [one for one in detail["source_pieces"][0] if one] == expected[0].source_pieces
    np.testing.assert_allclose(detail["attention"][0], expected[0].attention, atol=1e-5)
    assert detail["attention"].dtype == np.float32


def test_every_signature_answers_as_the_saved_model(client, served, tiny_run):
    """A parameter is given as one number, and repeated for every row."""
    import tensorflow as tf

    from zoo.export.saved_model import read_meta_graph, signatures_of
    from zoo.export.serving.examples import Examples

    folder = served / NAME / "1"
    loaded, examples = tf.saved_model.load(str(folder)), Examples(tiny_run, TEXTS[:3])
    signatures = signatures_of(read_meta_graph(folder))
    assert set(client.signatures()) == set(signatures) >= {"serving_default", "detail", "tokens"}
    for name, signature in signatures.items():
        inputs = examples.inputs(signature)
        expected = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        short = {key: value[0] if value.ndim == 1 and value.dtype != object else value for key, value in inputs.items()}
        answer = client.predict(short, signature=name)
        assert set(answer) == set(expected)
        for key, value in expected.items():
            if value.dtype == tf.string:
                assert answer[key].tolist() == np.vectorize(bytes.decode, otypes=[object])(value.numpy()).tolist()
            else:
                np.testing.assert_allclose(answer[key], value, rtol=1e-6)
                assert answer[key].dtype == value.numpy().dtype


def test_status_and_version(client):
    assert client.status() == {1: "AVAILABLE"}
    client.wait(5)
    with client.again(version=1) as first:
        assert first.predict({"text": ["cinq"]})["text"].shape == (1,)
    with client.again(version=7) as missing, pytest.raises(CallError, match=r"NOT_FOUND: Servable not found.*Specific"):
        missing.predict({"text": ["cinq"]})
    with client.named("tanh_dnn") as other:
        with pytest.raises(CallError, match=r"NOT_FOUND: Servable not found for request: Latest\(tanh_dnn\)"):
            other.predict({"text": ["cinq"]})
        with pytest.raises(WorkError, match="does not serve tanh_dnn after 0.5 s: Could not find any versions"):
            other.wait(0.5)


@pytest.mark.parametrize(
    ("inputs", "signature", "message"),
    [
        ({"text": ["a"]}, "detial", 'no signature "detial". It has: .*Did you mean "detail"'),
        ({"texts": ["a"]}, "serving_default", "serving_default takes text. Received: texts"),
        ({}, "serving_default", "Received: none"),
        ({"text": [["a"]]}, "serving_default", "text of serving_default must have 1 axes. Received: shape"),
        ({"ids": [["a"]]}, "tokens", "ids of tokens must be of int32"),
        ({"ids": [[2**40]]}, "tokens", "ids of tokens must be of int32"),
        ({"ids": [[1], [1, 2]]}, "tokens", "ids of tokens must be of int32"),
        ({"ids": [[2.9]]}, "tokens", "ids of tokens must be of int32"),
        ({"text": [1, 2]}, "serving_default", "text of serving_default must be of str"),
        ({"text": None}, "serving_default", "text of serving_default must be of str"),
        ({"text": ["a\ud800"]}, "serving_default", "text of serving_default must be of str: .*surrogates"),
    ],
)
def test_a_wrong_call_is_told_without_asking(client, inputs, signature, message):
    client.signatures()
    with pytest.raises(CallError, match=message):
        client.predict(inputs, signature=signature)


def test_what_the_graph_refuses_is_the_caller_s(client):
    """By a model that the server runs: the server's own message comes through."""
    with pytest.raises(CallError, match=f"{NAME}: INVALID_ARGUMENT: "):
        client.predict({"ids": [[5, 2], [5, 2]], "target_ids": [[5, 2]] * 3}, signature="score_tokens")


@pytest.mark.parametrize("status", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_what_passes_is_asked_again(client, status):
    client.signatures()
    client.predict({"text": ["cinq"]})
    before = len(client.asked)
    client.faults += [status, status]
    assert client.predict({"text": ["cinq"]})["text"].shape == (1,)
    assert len(client.asked) == before + 3
    client.faults += [status] * 9
    with pytest.raises(WorkError, match=f"{status} after 4 tries: injected"):
        client.predict({"text": ["cinq"]})
    assert len(client.asked) == before + 7


@pytest.mark.parametrize(("status", "error"), [("INTERNAL", WorkError), ("FAILED_PRECONDITION", CallError)])
def test_what_does_not_pass_is_not(client, status, error):
    client.signatures()
    client.predict({"text": ["cinq"]})
    before = len(client.asked)
    client.faults.append(status)
    with pytest.raises(error, match="injected"):
        client.predict({"text": ["cinq"]})
    assert len(client.asked) == before + 1


def test_a_connection_that_is_reset_is_made_again(server):
    rest, _, address, _ = server
    client = RestClient(address, NAME)
    client.signatures()
    rest.faults += ["reset", "reset"]
    assert client.predict({"text": ["cinq"]})["text"].shape == (1,)


@pytest.mark.parametrize(
    ("kind", "fault"), [("rest", "drip"), ("rest", "drip headers"), ("rest", "drip and close"), ("grpc", "slow")]
)
def test_the_deadline_holds(kind, fault, server):
    """However the server is slow: one byte at a time, or not at all."""
    rest, services, rest_address, grpc_address = server
    client = (RestClient if kind == "rest" else GrpcClient)(rest_address if kind == "rest" else grpc_address, NAME)
    client.predict({"text": ["cinq"]})
    client.deadline = 0.5
    (rest if kind == "rest" else services).faults.append(fault)
    begin = time.monotonic()
    with pytest.raises(WorkError, match="DEADLINE_EXCEEDED"):
        client.predict({"text": ["cinq"]})
    assert time.monotonic() - begin < 1.5
    client.close()


@pytest.mark.parametrize("kind", [RestClient, GrpcClient])
def test_nobody_there(kind):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = f"http://127.0.0.1:{port}" if kind is RestClient else f"127.0.0.1:{port}"
    with kind(where, NAME, retries=1, deadline=5) as client:
        with pytest.raises(WorkError, match=f"{port}, {NAME}: UNAVAILABLE after 2 tries"):
            client.predict({"text": ["cinq"]})
        with pytest.raises(WorkError, match="does not serve"):
            client.wait(0.3)


@pytest.mark.parametrize(
    ("where", "options", "message"),
    [
        ("localhost:8501", {}, "The address must be as"),
        ("http://localhost:port", {}, "The port must be a number"),
        ("http://localhost:8501", {"deadline": 0}, "`deadline` must be a positive number"),
        ("http://localhost:8501", {"deadline": float("inf")}, "`deadline` must be a positive number"),
        ("http://localhost:8501", {"retries": -1}, "`retries` must be zero or more"),
    ],
)
def test_wrong_arguments(where, options, message):
    with pytest.raises(CallError, match=message):
        RestClient(where, NAME, **options)


def test_an_answer_that_is_none(server, monkeypatch):
    """Something else than TF Serving listens there."""
    rest, _, address, _ = server
    client = RestClient(address, NAME)
    for text in ("null", "5", '"a"', "<html>"):
        rest.faults.append(("text", text))
        with pytest.raises(WorkError, match=f"INTERNAL: {text}"):
            client.signatures()
    monkeypatch.setattr(client, "_ask", lambda *_: {"hello": 1})
    with pytest.raises(WorkError, match="INTERNAL: an answer as TF Serving does not give it"):
        client.predict({"text": ["cinq"]})


def test_rest_needs_no_tensorflow():
    import subprocess
    import sys

    code = "import zoo.export.client, sys; sys.exit('tensorflow' in sys.modules or 'grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_rest_interface_in_rows(server):
    """As curl asks it: rows in, rows out, errors as JSON."""
    import json
    import urllib.error
    import urllib.request

    _, _, address, _ = server

    def ask(body):
        request = urllib.request.Request(f"{address}/v1/models/{NAME}:predict", body)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    status, answer = ask(json.dumps({"instances": TEXTS[:2]}).encode())
    assert status == 200 and [sorted(row) for row in answer["predictions"]] == [["score", "text"]] * 2
    assert ask(b'{"instances": [{"text": "a"}]}')[0] == 200
    assert ask(b"{") == (400, {"error": "JSON Parse error: Invalid value. at offset: 1"})
    assert ask(b"{}") == (400, {"error": "Missing 'inputs' or 'instances' key"})
    assert "not of expected type: string" in ask(b'{"instances": [1]}')[1]["error"]
