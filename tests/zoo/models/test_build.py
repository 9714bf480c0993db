import inspect

import keras
import pytest

import zoo
from zoo.catalog import CATALOG, find
from zoo.errors import CallError
from zoo.models.build import check_options, model_options, name_of, options_of_builder

CLASSES = {"translation": "Seq2Seq", "language_model": "LanguageModel", "classification": "RecurrentClassifier"}
OWN_CLASSES = {
    "tanh_dnn": "DenseClassifier",
    "rnnsearch": "RNNSearch",
    "luong": "LuongSeq2Seq",
    "location_seq2seq": "LocationSeq2Seq",
    "lstmn": "LSTMNClassifier",
    "structured_self_attention": "StructuredClassifier",
}
DEFAULTS = {  # those that differ from the class
    "rnnsearch": {"cell": "gru", "bidirectional": True},
    "luong": {"cell": "lstm", "attention": "general"},
}
FIXED = {
    "tanh_dnn": set(),
    "structured_self_attention": set(),
    "lstmn": set(),
    "tanh_rnn": {"self_attention", "attention"},
    "tanh_rnn_lm": {"self_attention", "attention"},
    "seq2seq": {"self_attention", "attention"},
}


@pytest.mark.parametrize("name", zoo.names())
def test_a_builder_has_the_options_of_its_class_and_what_every_keras_model_has(name):
    model_class = getattr(zoo, OWN_CLASSES.get(name) or CLASSES[find(name).task])
    theirs = dict(inspect.signature(model_class.__init__).parameters)
    del theirs["self"], theirs["kwargs"]
    ours = dict(inspect.signature(zoo.MODELS[name]).parameters)
    assert (ours.pop("name").default, ours.pop("dtype").default) == (name, None)
    assert theirs.keys() - ours.keys() == FIXED.get(name, {"self_attention"})
    assert {key: (one.kind, one.default) for key, one in ours.items()} == {
        key: (theirs[key].kind, DEFAULTS.get(name, {}).get(key, theirs[key].default)) for key in ours
    }


@pytest.mark.parametrize(("name", "defaults"), DEFAULTS.items())
def test_a_default_of_a_builder_can_be_overruled(name, defaults):
    model = zoo.build(name, source_vocabulary_size=9, target_vocabulary_size=9, units=4)
    assert {key: model.options[key] for key in defaults} == defaults
    other = zoo.build(name, source_vocabulary_size=9, target_vocabulary_size=9, units=4, cell="tanh")
    assert other.options["cell"] == other.decoder.options["cell"] == "tanh" and name_of(other) == name


@pytest.mark.parametrize("name", zoo.names())
def test_help_explains_every_argument(name):
    builder = zoo.MODELS[name]
    described = inspect.getdoc(builder)
    assert described.startswith("Build ") and "Call arguments:" in described and "Annotated" not in str(builder.options)
    for parameter in inspect.signature(builder).parameters.values():
        assert f"\n    {parameter.name}: " in described, parameter.name
        assert "Annotated" not in str(parameter)


def test_name_and_dtype():
    model = zoo.tanh_rnn(9, 2, units=4, name="mine", dtype="mixed_bfloat16")
    assert (model.name, model.compute_dtype, model.stack.compute_dtype) == ("mine", "bfloat16", "bfloat16")
    assert zoo.tanh_rnn(9, 2, units=4).name == "tanh_rnn"
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert (again.name, again.dtype_policy.name) == ("mine", "mixed_bfloat16")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.seq2seq(9, 9, attention="dot"), 'seq2seq has no option "attention".'),
        (lambda: zoo.tanh_rnn_lm(9, unit=3), 'Did you mean "units"?'),
        (lambda: zoo.tanh_rnn(9), "tanh_rnn needs `classes`, a positive integer."),
        (lambda: check_options("tanh_dnn", ["cell"]), 'tanh_dnn has no option "cell".'),
        (lambda: check_options("tanh_dnn", ["name"]), 'tanh_dnn has no option "name".'),
    ],
)
def test_errors(call, message):
    with pytest.raises(CallError) as caught:
        call()
    assert message in str(caught.value)


def test_too_many_sizes():
    with pytest.raises(TypeError, match="too many positional arguments"):
        zoo.tanh_rnn_lm(9, 9)


def test_every_option_of_every_model_is_described():
    for entry in CATALOG:
        for option in options_of_builder(entry.name).values():
            assert option.help.endswith(".") and len(option.help) > 10, (entry.name, option.name)
    names = model_options().keys()
    assert {"units", "cell", "attention", "tie_embeddings"} <= names and not names & {"classes", "vocabulary_size"}
