"""A .tflite that is written again is the same model, and holds every weight and every scale once."""

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import zoo
from tests.support.untrained import untrained
from zoo.export.litert.compact import ALIGNMENT, compact
from zoo.export.litert.convert import convert
from zoo.export.signatures import litert_signatures


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return untrained("bahdanau_seq2seq", "gru", tmp_path_factory.mktemp("run"), units=64)


@pytest.fixture(scope="module")
def written(run):
    """A model for translation with int8 weights, as it was converted and as it is written."""
    converted = []

    def keep(content):
        converted.append(content)
        return compact(content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoo.export.litert.convert.compact", keep)
        models = convert(run.model, litert_signatures(run.model), {"int8"})
    return converted[0], models["int8"]


def model_of(content):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def parts(content):
    """Return what is in a model, without what refers to its place in the file."""
    model = model_of(content)
    buffers = [None if buffer.data is None else bytes(buffer.data) for buffer in model.buffers]
    tensors = [
        (tensor.name, list(np.atleast_1d(tensor.shape)), tensor.type, tensor.buffer, scales_of(tensor))
        for graph in model.subgraphs
        for tensor in graph.tensors
    ]
    nodes = [
        (node.opcodeIndex, list(np.atleast_1d(node.inputs)), list(np.atleast_1d(node.outputs)))
        for graph in model.subgraphs
        for node in graph.operators
    ]
    return buffers, tensors, nodes


def scales_of(tensor):
    scale = None if tensor.quantization is None else tensor.quantization.scale
    return None if scale is None else np.asarray(scale).tobytes()


def test_the_content_is_the_same_in_fewer_bytes(written):
    converted, written_again = written
    assert written_again[4:8] == b"TFL3" and len(written_again) < 0.95 * len(converted)
    for actual, expected in zip(parts(written_again), parts(converted), strict=True):
        assert actual == expected


def test_the_answers_are_the_same(written):
    ids = np.array([[4, 5, 6, 7, 0]], np.int32)
    converted, written_again = (
        Interpreter(model_content=content).get_signature_runner("greedy") for content in written
    )
    expected = converted(ids=ids)
    for name, answer in written_again(ids=ids).items():
        np.testing.assert_array_equal(answer, expected[name])


def test_the_weights_are_aligned(written):
    _, written_again = written
    for buffer in model_of(written_again).buffers:
        if buffer.data is not None and len(buffer.data):
            assert (buffer.data.ctypes.data - np.frombuffer(written_again, np.uint8).ctypes.data) % ALIGNMENT == 0


def stored_in_matrices(content):
    """Return the bytes of the int8 matrices of a model, each buffer once."""
    model = model_of(content)
    buffers = {
        tensor.buffer
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tensor.type == schema.TensorType.INT8 and len(np.atleast_1d(tensor.shape)) == 2
    }
    data = [model.buffers[buffer].data for buffer in buffers]
    return sum(len(weights) for weights in data if weights is not None)  # not those of what a step computes


def elements_of_matrices(model):
    return sum(int(np.prod(weight.shape)) for weight in model.weights if len(weight.shape) == 2)


def test_no_matrix_is_stored_twice(written, run):
    """Decoding and scoring share the matrices."""
    elements = elements_of_matrices(run.model)
    assert 0.9 * elements < stored_in_matrices(written[1]) <= elements


def test_tied_embeddings_are_stored_once():
    keras.utils.set_random_seed(3)
    model = zoo.bahdanau_seq2seq(300, 400, units=64, tie_embeddings=True)
    content = convert(model, litert_signatures(model), {"int8"})["int8"]
    elements = elements_of_matrices(model)
    assert 0.9 * elements < stored_in_matrices(content) <= elements
    ids = np.array([[4, 5, 6, 7, 2], [9, 10, 3, 2, 0]], np.int32)
    scores = Interpreter(model_content=content).get_signature_runner("score")(ids=ids, target_ids=ids)["score"]
    expected = litert_signatures(model)["score"].function(ids=ids, target_ids=ids)["score"]
    np.testing.assert_allclose(scores, expected, rtol=0.02)
