"""`model.export`: a model alone, as a SavedModel and a .tflite that answer as Keras does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.parameters import few
from zoo.constants import END, PAD, START
from zoo.decoding.endpoints import numpy_functions
from zoo.errors import CallError

SIZE = 20
SHAPES = [(3, 7), (1, 2), (5, 12)]


def model_of(name, **options):
    keras.utils.set_random_seed(4)
    task = zoo.tasks.TASKS[zoo.catalog.find(name).task]
    sizes = dict.fromkeys(task.size_options.values(), SIZE) | ({"classes": 3} if task.labelled else {})
    return zoo.build(name, **sizes, units=8, **options)


def sources(model, rows, length):
    ids = np.random.default_rng(length).integers(4, SIZE, size=[rows, length]).astype("int32")
    if model.task == "language_model":
        ids[:, 0] = START
    else:
        ids[:, -1] = END
        ids[0, length // 2 :] = [END] + [PAD] * (length - length // 2 - 1)
    return ids


def inputs_of(model, rows, length):
    """Return inputs of the forward pass, as the model takes them and by name."""
    ids = sources(model, rows, length)
    if model.task != "translation":
        return ids, {"inputs": ids}
    target = np.pad(ids, [[0, 0], [1, 0]], constant_values=START)
    inputs = {"source": ids, "target": np.where(target == END, PAD, target)}
    return inputs, inputs


@pytest.mark.parametrize("name", few(zoo.names(), "bahdanau_seq2seq"))
def test_saved_model_and_litert(name, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = model_of(name)
    model.export(tmp_path / "saved", verbose=False)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    saved, lite = tf.saved_model.load(str(tmp_path / "saved")), Interpreter(str(tmp_path / "model.tflite"))
    task, functions = zoo.tasks.TASKS[model.task], numpy_functions(model)
    assert set(saved.signatures) == {"serving_default", *functions}
    assert set(lite.get_signature_list()) == {"serving_default", *task.endpoints.values()}
    assert not [detail for detail in lite._get_ops_details() if "Flex" in detail["op_name"]]
    runner = lite.get_signature_runner
    for shape in SHAPES:
        inputs, named = inputs_of(model, *shape)
        expected = model(inputs).numpy()
        tensors = {key: tf.constant(value) for key, value in named.items()}
        np.testing.assert_allclose(saved.signatures["serving_default"](**tensors)["output_0"], expected, atol=2e-6)
        np.testing.assert_allclose(saved.serve(inputs), expected, atol=2e-6)
        np.testing.assert_allclose(runner("serving_default")(**named)["output_0"], expected, atol=5e-6)
        ids = sources(model, *shape)
        answer, by_lite = functions["tokens"](ids), runner(task.endpoints["tokens"])(ids=ids)
        assert answer.keys() == by_lite.keys()
        for key, value in answer.items():
            np.testing.assert_allclose(
                saved.signatures["tokens"](ids=tf.constant(ids))[key], value, rtol=1e-5, atol=1e-5
            )
            np.testing.assert_allclose(by_lite[key], value, rtol=1e-5, atol=1e-5)


def test_beam_search_of_a_litert_file(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = model_of("bahdanau_seq2seq", cell="gru")
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    beam = Interpreter(str(tmp_path / "model.tflite")).get_signature_runner("beam")
    ids = sources(model, 4, 9)
    answer = beam(ids=ids, beam_width=np.int32(3), length_penalty=np.float32(0.6), max_length=np.int32(20))
    expected = zoo.beam_search(model, ids, beam_width=3, length_penalty=0.6, max_length=20)
    np.testing.assert_array_equal(answer["ids"], expected["ids"])


def test_a_fixed_input_signature(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = model_of("tanh_rnn")
    signature = [keras.InputSpec(shape=(1, 5), dtype="int32")]
    model.export(tmp_path / "model.tflite", format="litert", verbose=False, input_signature=signature)
    runner = Interpreter(str(tmp_path / "model.tflite")).get_signature_runner()
    (name,) = runner.get_input_details()
    ids = sources(model, 1, 5)
    (logits,) = runner(**{name: ids}).values()
    np.testing.assert_allclose(logits, model(ids), atol=5e-6)


def test_options_of_the_converter(tmp_path):
    model = model_of("tanh_dnn")
    model.export(tmp_path / "a.tflite", format="litert", verbose=False, optimizations=[tf.lite.Optimize.DEFAULT])
    assert (tmp_path / "a.tflite").is_file()
    with pytest.raises(CallError, match="has no option `optimisations`"):
        model.export(tmp_path / "b.tflite", format="litert", optimisations=[])
    assert not (tmp_path / "b.tflite").exists()


def test_what_is_not_replaced(tmp_path, capsys):
    model = model_of("tanh_dnn")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CallError, match="already exists and holds no SavedModel to replace"):
        model.export(tmp_path)
    with pytest.raises(CallError, match='ends in ".tflite"'):
        model.export(tmp_path / "model.lite", format="litert")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    for _ in range(2):
        model.export(tmp_path / "saved")
    assert capsys.readouterr().out.count(f"Saved artifact at '{tmp_path / 'saved'}'.") == 2


def test_a_sequential_model_of_layers_of_the_zoo(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    embedding = keras.layers.Embedding(SIZE, 8, mask_zero=True)
    layers = [zoo.TanhRNN(6, return_sequences=True), zoo.SelfAttentionRNN(6), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input([None], dtype="int32"), embedding, *layers])
    ids = np.array([[3, 4, 5, 0, 0], [7, 8, 9, 10, 2]], "int32")
    expected = model.predict(ids, verbose=0)
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(saved.serve(ids), expected, atol=1e-6)
    with zoo.inference_graph(litert=True):
        model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    runner = Interpreter(str(tmp_path / "model.tflite")).get_signature_runner()
    (name,) = runner.get_input_details()
    (logits,) = runner(**{name: ids}).values()
    np.testing.assert_allclose(logits, expected, atol=1e-6)
