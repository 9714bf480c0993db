"""What every model has of a Keras model: named layers, shapes, a summary, calls in functional models."""

import re

import keras
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close
from tests.zoo.models.test_models import SIZES, example, made
from zoo.catalog import find
from zoo.models.base import TokenModel

LAYERS = {
    "tanh_dnn": ["embedding", "embedding_dropout", "dropout", "logits", "dense_0"],
    "tanh_rnn": ["embedding", "embedding_dropout", "dropout", "logits", "stack"],
    "tanh_rnn_lm": ["embedding", "embedding_dropout", "stack", "dropout", "logits"],
    "seq2seq": ["source_embedding", "target_embedding", "embedding_dropout", "encoder", "decoder"]
    + ["bridge_0", "readout", "dropout", "logits"],
}
LIKE_SEQ2SEQ = ["bahdanau_seq2seq", "rnnsearch", "location_seq2seq", "self_attention_seq2seq"]
LAYERS |= dict.fromkeys(LIKE_SEQ2SEQ, LAYERS["seq2seq"])
LAYERS["luong"] = [*LAYERS["seq2seq"][:6], "bridge_1", *LAYERS["seq2seq"][6:]]  # a bridge for each state of an lstm
LAYERS |= dict.fromkeys(["self_attention_rnn", "lstmn"], LAYERS["tanh_rnn"])
LAYERS["self_attention_lm"] = LAYERS["tanh_rnn_lm"]
LAYERS["structured_self_attention"] = [*LAYERS["tanh_rnn"], "pooling"]


def classes(name):
    sizes = SIZES[find(name).task]
    return sizes.get("classes") or sizes.get("target_vocabulary_size") or sizes["vocabulary_size"]


@pytest.mark.parametrize("name", zoo.names())
def test_layers_have_the_names_of_the_documentation(name):
    model = made(name)
    assert [layer.name for layer in model.layers] == LAYERS[name]
    for layer in LAYERS[name]:
        attribute, _, number = layer.partition("_") if layer.startswith(("bridge", "dense")) else (layer, "", "")
        found = getattr(model, attribute)
        assert model.get_layer(layer) is (found[int(number)] if number else found)


def test_layers_inside_layers():
    model = made("self_attention_seq2seq", cell="lstm", layers=2, bidirectional=True)
    paths = {weight.path.split("/", 1)[1] for weight in model.encoder.weights}
    assert {"encoder/forward_0/cell/kernel", "encoder/backward_1/attention/scale"} <= paths
    assert (model.decoder.cell.name, model.decoder.attention.name) == ("cell", "attention")
    assert [bridge.name for bridge in model.bridge] == ["bridge_0", "bridge_1"]


WIDE = {"layers": 2, "bidirectional": True, "tie_embeddings": True, "embedding_units": 6, "cell": "lstm"}


@pytest.mark.parametrize("options", [{}, WIDE])
@pytest.mark.parametrize("name", zoo.names())
def test_the_summary_shows_every_shape(name, options, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    model = made(name, **{key: value for key, value in options.items() if key in zoo.MODELS[name].options})
    lines = []
    model.summary(line_length=120, print_fn=lambda text, **_: lines.append(text))
    rows = re.findall(r"^│ (\w+) \(\w+\) +│ (.*?) +│", "\n".join(lines), re.MULTILINE)
    assert [layer for layer, _ in rows] == [layer.name for layer in model.layers]
    classifies = find(name).task == "classification"
    width = 12 if getattr(model, "options", {}).get("bidirectional") else 6
    expected = dict.fromkeys(LAYERS[name], "(None, None, 6)")
    expected |= {layer: "(None, 6)" for layer in expected if layer.startswith(("dense", "bridge"))}
    expected |= {layer: f"(None, None, {width})" for layer in expected if layer in ("encoder", "stack")}
    expected["logits"] = f"(None, {'' if classifies else 'None, '}{classes(name)})"
    if classifies:
        expected["dropout"] = f"(None, {width * model.options.get('hops', 1)})"
    if "pooling" in expected:
        expected["pooling"] = f"((None, 4, {width}), (None, 4, None))"
    if "decoder" in expected and model.attends:
        expected["decoder"] = "((None, None, 6), (None, None, None))"
    assert {layer: shape for layer, shape in rows if layer in expected} == expected


@pytest.mark.parametrize("name", zoo.names())
def test_shapes_and_functional_models(name):
    model, (inputs, expected) = made(name), example(name)
    shapes = keras.tree.map_structure(lambda ids: ids.shape, inputs)
    logits = model(inputs)
    assert model.compute_output_shape(shapes) == logits.shape == (*expected.shape, classes(name))
    assert TokenModel.compute_output_shape(model, shapes) == logits.shape  # that of a model without its own
    names = {key: key for key in inputs} if isinstance(inputs, dict) else "ids"
    symbols = keras.tree.map_structure(lambda key: keras.Input([None], dtype="int32", name=key), names)
    answer = model(symbols)
    assert answer.shape == (*[None] * expected.ndim, classes(name)) and answer.dtype == "float32"
    functional = keras.Model(symbols, keras.layers.Activation("softmax")(answer))
    assert_close(functional(inputs), tf.nn.softmax(logits))
    assert functional.compute_output_shape(shapes) == logits.shape


@pytest.mark.parametrize("name", ["self_attention_rnn", "bahdanau_seq2seq"])
def test_the_exports_of_keras_and_tensorflow_take_ids_of_all_lengths(name, tmp_path):
    """The signatures follow from the first call of a model, in its constructor."""
    model, (inputs, _) = made(name), example(name)
    model.export(tmp_path / "keras", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "keras")
    assert_close(loaded.serve(keras.tree.map_structure(tf.constant, inputs)), model(inputs))
    if not isinstance(inputs, dict):
        tf.saved_model.save(model, tmp_path / "tensorflow")
        loaded = tf.saved_model.load(tmp_path / "tensorflow")
        (answer,) = loaded.signatures["serving_default"](tf.constant(inputs)).values()
        assert_close(answer, model(inputs))
