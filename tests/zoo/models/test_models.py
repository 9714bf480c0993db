import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close, pad_time, randomise
from tests.support.parameters import few
from zoo.catalog import find
from zoo.constants import END, PAD, START
from zoo.errors import CallError

SIZES = {
    "classification": {"vocabulary_size": 11, "classes": 3},
    "language_model": {"vocabulary_size": 11},
    "translation": {"source_vocabulary_size": 11, "target_vocabulary_size": 13},
}
TRANSLATORS = [name for name in zoo.names() if find(name).task == "translation"]
LANGUAGE_MODELS = [name for name in zoo.names() if find(name).task == "language_model"]

SOURCE = np.array([[4, 5, 6, 7, END], [8, 9, END, PAD, PAD], [10, END, PAD, PAD, PAD]], "int32")
TARGET = np.array([[START, 5, 6, 7], [START, 12, 4, PAD], [START, PAD, PAD, PAD]], "int32")
NEXT = np.array([[5, 6, 7, END], [12, 4, END, PAD], [END, PAD, PAD, PAD]], "int32")
PROMPT = np.array([[START, 5, 6, 7], [START, 10, 4, PAD], [START, PAD, PAD, PAD]], "int32")
PROMPT_NEXT = np.array([[5, 6, 7, END], [10, 4, END, PAD], [END, PAD, PAD, PAD]], "int32")


def fresh(name, **options):
    """Return a small model with random weights, large enough to tell answers apart."""
    keras.utils.set_random_seed(0)
    return randomise(zoo.build(name, **SIZES[find(name).task], **{"units": 6, **options}))


made = functools.cache(fresh)  # for tests that leave the weights as they are


def example(name):
    """Return the inputs and the expected outputs of one batch."""
    task = find(name).task
    if task == "classification":
        return SOURCE, np.array([0, 1, 2])
    if task == "language_model":
        return PROMPT, PROMPT_NEXT
    return {"source": SOURCE, "target": TARGET}, NEXT


def test_names_functions_and_catalog_agree():
    order = ["tanh_dnn", "tanh_rnn", "tanh_rnn_lm", "seq2seq", "bahdanau_seq2seq", "rnnsearch", "luong"]
    order += ["location_seq2seq", "self_attention_rnn", "lstmn", "structured_self_attention", "self_attention_lm"]
    order += ["self_attention_seq2seq"]
    assert zoo.names() == list(zoo.MODELS) == order
    assert all(getattr(zoo, name) is zoo.MODELS[name] for name in order)


@pytest.mark.parametrize("name", zoo.names())
def test_build_and_function_make_the_same_model(name):
    sizes = SIZES[find(name).task]
    keras.utils.set_random_seed(1)
    built = zoo.build(name, **sizes, units=6, embedding_units=4, dropout=0.25)
    keras.utils.set_random_seed(1)
    called = zoo.MODELS[name](*sizes.values(), units=6, embedding_units=4, dropout=0.25)
    assert isinstance(built, keras.Model) and built.built
    assert type(built) is type(called) and built.get_config() == called.get_config()
    assert (built.name, built.task) == (name, find(name).task)
    inputs, expected = example(name)
    assert_close(built(inputs), called(inputs), 1e-6)
    assert built(inputs).shape[:-1] == expected.shape
    assert built(inputs).shape[-1] == sizes.get("target_vocabulary_size", sizes.get("classes", 11))


@pytest.mark.parametrize("name", zoo.names())
def test_config_round_trip(name):
    model = made(name, dropout=0.5, layers=2)
    config = model.get_config()
    assert {key: config[key] for key in ("units", "dropout", "layers")} == {"units": 6, "dropout": 0.5, "layers": 2}
    again = type(model).from_config(config)
    again.set_weights(model.get_weights())
    inputs, _ = example(name)
    assert_close(again(inputs), model(inputs), 1e-6)


@pytest.mark.parametrize("name", few(zoo.names(), "tanh_dnn", "bahdanau_seq2seq"))
def test_fit_lowers_the_loss(name):
    keras.utils.set_random_seed(0)
    model = zoo.build(name, **SIZES[find(name).task], units=6)
    inputs, expected = example(name)
    ignored = None if model.task == "classification" else PAD
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=ignored)
    model.compile(keras.optimizers.Adam(0.03), loss)
    before = model.get_weights()
    losses = model.fit(inputs, expected, epochs=20, batch_size=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < 0.7 * losses[0]
    for weight, old in zip(model.weights, before, strict=True):
        assert np.abs(keras.ops.convert_to_numpy(weight) - old).max() > 0, weight.path


RELOAD = """
import sys
{imports}
import numpy as np
folder, names = sys.argv[1], sys.argv[2].split()
examples = np.load(folder + "/examples.npz")
for name in names:
    model = zoo.load_model(folder + "/" + name + ".keras")
    inputs = examples["prompt"] if model.task == "language_model" else examples["source"]
    if model.task == "translation":
        inputs = dict(source=inputs, target=examples["target"])
    np.testing.assert_allclose(model(inputs), examples[name], rtol=1e-5, atol=1e-5)
    print(name, type(model).__module__)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with every model, an example and what each model answers."""
    folder = tmp_path_factory.mktemp("saved")
    answers = {}
    for name in zoo.names():
        model = made(name, **({"cell": "lstm"} if name == "self_attention_seq2seq" else {}))
        answers[name] = model(example(name)[0]).numpy()
        model.save(folder / f"{name}.keras")
    np.savez(folder / "examples.npz", source=SOURCE, target=TARGET, prompt=PROMPT, **answers)
    return folder


@pytest.mark.parametrize(
    ("imports", "names"),
    [
        ("import zoo", zoo.names()),
        ("import keras, zoo", ["self_attention_seq2seq"]),
        pytest.param("import zoo, tensorflow, keras", ["self_attention_seq2seq"], marks=pytest.mark.conformance),
    ],
)
def test_a_new_process_loads_and_answers_the_same(saved, imports, names):
    command = [sys.executable, "-c", RELOAD.format(imports=imports), str(saved), " ".join(names)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=180, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == names


def teacher_forced_by_steps(model, source, target):
    """Return the logits of every step, from `encode` and `decode_step`."""
    memory, states = model.encode(source, room=target.shape[1])
    rows = []
    for t in range(target.shape[1]):
        logits, states, _ = model.decode_step(target[:, t], states, memory)
        rows.append(logits)
    return np.stack(rows, 1)


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, {}) for name in TRANSLATORS]
    + [(name, {"cell": cell}) for name in TRANSLATORS[:2] for cell in ("gru", "lstm")]
    + [(name, {"bidirectional": True, "layers": 2, "cell": "lstm"}) for name in TRANSLATORS]
    + [("bahdanau_seq2seq", {"attention": score}) for score in ("dot", "general")]
    + [(name, {"tie_embeddings": True, "embedding_units": 4, "encoder_units": 3}) for name in TRANSLATORS],
)
def test_steps_of_a_translator_are_its_call(name, options):
    model = made(name, **options)
    expected = model({"source": SOURCE, "target": TARGET}).numpy()
    there = TARGET != PAD
    assert_close(teacher_forced_by_steps(model, SOURCE, TARGET)[there], expected[there])


@pytest.mark.parametrize("options", [{}, {"cell": "gru", "layers": 2}, {"cell": "lstm"}, {"tie_embeddings": True}])
@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_steps_of_a_language_model_are_its_call(name, options):
    """From the start id alone, and from a longer prompt, whose last token is the first that is stepped on."""
    model = made(name, **options)
    ids = np.array([[START, 5, 6, 7, 4, 9], [START, 10, 4, 3, 3, 8]], "int32")
    expected = model(ids).numpy()
    for read in (1, 3):
        memory, states = model.encode(ids[:, :read], room=10)
        tokens, empty = model.first_tokens(ids[:, :read])
        assert tokens.numpy().tolist() == ids[:, read - 1].tolist() and not empty.numpy().any()
        for t in range(read - 1, ids.shape[1]):
            logits, states, _ = model.decode_step(ids[:, t], states, memory)
            assert_close(logits, expected[:, t])


@pytest.mark.parametrize("name", TRANSLATORS[1:])
def test_attention_weights_are_of_real_source_pieces(name):
    model = made(name)
    memory, states = model.encode(SOURCE)
    _, _, weights = model.decode_step(TARGET[:, 0], states, memory)
    weights = weights.numpy()
    assert (weights[SOURCE == PAD] == 0).all() and (weights[SOURCE != PAD] > 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("name", zoo.names())
def test_padding_changes_no_logits(name):
    model = made(name)
    inputs, _ = example(name)
    expected = model(inputs).numpy()
    for extra in (1, 7, 50):
        check_padding(model, inputs, expected, extra)


def check_padding(model, inputs, expected, extra):
    if model.task == "classification":
        assert_close(model(pad_time(inputs, 0, extra)), expected)
        assert_close(model(pad_time(inputs, extra, 0)), expected)
    elif model.task == "language_model":
        there = PROMPT != PAD
        assert_close(model(pad_time(inputs, 0, extra)).numpy()[:, :4][there], expected[there])
    else:
        padded = {"source": pad_time(SOURCE, 0, extra), "target": pad_time(TARGET, 0, extra)}
        there = TARGET != PAD
        assert_close(model(padded).numpy()[:, :4][there], expected[there])
        left = {"source": pad_time(SOURCE, extra, 0), "target": TARGET}
        assert_close(model(left).numpy()[there], expected[there])


@pytest.mark.parametrize("name", zoo.names())
def test_rows_of_a_batch_do_not_touch_each_other(name):
    model = made(name)
    inputs, _ = example(name)
    expected = model(inputs)
    for n in range(3):
        alone = keras.tree.map_structure(lambda one: one[n : n + 1], inputs)  # noqa: B023
        assert_close(model(alone), expected[n : n + 1])


@pytest.mark.parametrize("name", [name for name in zoo.names() if "bidirectional" in zoo.MODELS[name].options])
def test_bidirectional(name):
    model = fresh(name, bidirectional=True)
    inputs, _ = example(name)
    stack = model.encoder if model.task == "translation" else model.stack
    assert stack.width == 12 and len(stack.backward) == 1
    before = model(inputs).numpy()
    for weight in stack.backward[0].weights:
        weight.assign(weight + 0.5)
    assert np.abs(model(inputs).numpy() - before).max() > 1e-3


@pytest.mark.parametrize("name", zoo.names())
def test_layers(name):
    model = fresh(name, layers=2)
    inputs, _ = example(name)
    before = model(inputs).numpy()
    second = model.dense[1] if name == "tanh_dnn" else (getattr(model, "stack", None) or model.encoder).forward[1]
    for weight in second.weights:
        weight.assign(weight + 0.5)
    assert np.abs(model(inputs).numpy() - before).max() > 1e-3


@pytest.mark.parametrize("name", zoo.names())
def test_dropout_in_training_only(name):
    model, without = made(name, dropout=0.5), made(name)
    inputs, _ = example(name)
    assert_close(model(inputs), without(inputs), 1e-6)
    assert_close(model(inputs, training=False), without(inputs), 1e-6)
    first, second = model(inputs, training=True), model(inputs, training=True)
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.parametrize("name", zoo.names())
def test_embedding_dropout_drops_elements_of_embeddings(name):
    """With nothing but ones in the embeddings, what comes out of the layer is zero or scaled up."""
    model, without = made(name, embedding_dropout=0.5), made(name)
    inputs, _ = example(name)
    assert_close(model(inputs), without(inputs), 1e-6)
    first, second = model(inputs, training=True), model(inputs, training=True)
    assert np.abs(first - second).max() > 1e-3
    assert set(np.unique(model.embedding_dropout(tf.ones([9, 9]), training=True))) == {0.0, 2.0}


@pytest.mark.parametrize("name", [name for name in zoo.names() if "tie_embeddings" in zoo.MODELS[name].options])
def test_tied_embeddings_are_the_matrix_of_the_logits(name):
    """The logits' only weight of their own is a bias; a changed embedding changes what is answered everywhere."""
    model = fresh(name, tie_embeddings=True)
    inputs, expected = example(name)
    embedding = getattr(model, "target_embedding", None) or model.embedding
    assert [weight.shape for weight in model.logits.weights] == [embedding.embeddings.shape[:1]]
    assert model.count_params() < made(name).count_params()
    before = model(inputs).numpy()
    unread = 8  # in no example as an input of the decoder
    embedding.embeddings.assign(embedding.embeddings + np.eye(embedding.embeddings.shape[0])[:, [unread]])
    changed = np.abs(model(inputs).numpy() - before).max(axis=(0, 1)) > 1e-4
    assert changed[unread] and changed.sum() == 1


@pytest.mark.parametrize("name", TRANSLATORS)
def test_the_encoder_can_have_a_size_of_its_own(name):
    """A bidirectional encoder of half the decoder's size, and the decoder's size is not touched."""
    model = fresh(name, encoder_units=3, bidirectional=True, cell="gru")
    assert model.encoder.width == 6 and {layer.units for layer in model.encoder.forward} == {3}
    assert model.decoder.units == 6 and model(example(name)[0]).shape == (3, 4, 13)


@pytest.mark.parametrize("name", zoo.names())
def test_mixed_precision(name):
    usual = made(name)
    model = type(usual).from_config({**usual.get_config(), "dtype": "mixed_bfloat16"})
    model.set_weights(usual.get_weights())
    inputs, _ = example(name)
    logits = model(inputs)
    assert logits.dtype == "bfloat16" and {weight.dtype for weight in model.weights} == {"float32"}
    np.testing.assert_allclose(tf.cast(logits, tf.float32), usual(inputs), atol=0.3)


@pytest.mark.parametrize("name", [name for name in zoo.names() if "cell" in zoo.MODELS[name].options])
def test_the_cell_is_in_every_loop(name):
    kinds = {type(layer).__name__ for layer in made(name, cell="lstm")._flatten_layers()}
    assert {kind for kind in kinds if kind.endswith("Cell")} == {"LSTMCell"}


@pytest.mark.parametrize("attention", ["bahdanau", "dot", "general"])
def test_the_encoder_that_attends_to_itself_has_the_score_of_the_decoder(attention):
    model = fresh("self_attention_seq2seq", attention=attention)
    (layer,) = model.encoder.forward
    assert layer.attention.get_config() == {**model.decoder.attention.get_config(), "name": layer.attention.name}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.build("bahdanu_seq2seq"), 'There is no model "bahdanu_seq2seq".'),
        (lambda: zoo.build("bahdanu_seq2seq"), 'Did you mean "bahdanau_seq2seq"?'),
        (lambda: zoo.build("tanh_rnn", vocabulary_size=9, classes=2, unit=3), 'tanh_rnn has no option "unit".'),
        (lambda: zoo.build("tanh_rnn", vocabulary_size=9, classes=2, unit=3), 'Did you mean "units"?'),
        (lambda: zoo.build("tanh_dnn", vocabulary_size=9, classes=2, cell="gru"), 'tanh_dnn has no option "cell".'),
        (lambda: zoo.build("tanh_rnn", vocabulary_size=9), "tanh_rnn needs `classes`, a positive integer."),
        (lambda: zoo.build("seq2seq", target_vocabulary_size=9), "seq2seq needs `source_vocabulary_size`"),
        (lambda: made("seq2seq", cell="gruu"), "Received: 'gruu'. Did you mean \"gru\"?"),
        (lambda: made("self_attention_lm", cell=3), "`cell` must be one of"),
        (lambda: made("bahdanau_seq2seq", attention="bahdana"), 'Did you mean "bahdanau"?'),
        (lambda: made("self_attention_rnn", attention="genral"), 'Did you mean "general"?'),
        (lambda: made("tanh_rnn", units=0), "`units` must be a positive integer. Received: units=0."),
        (lambda: made("tanh_rnn_lm", layers=-1), "`layers` must be a positive integer. Received: layers=-1."),
        (lambda: made("tanh_dnn", layers=0), "`layers` must be a positive integer. Received: layers=0."),
        (lambda: made("seq2seq", dropout=1.5), "`dropout` must be a number from 0 up to 1. Received: dropout=1.5."),
        (lambda: made("tanh_rnn", embedding_dropout=1), "`embedding_dropout` must be a number from 0 up to 1."),
        (lambda: made("seq2seq", encoder_units=0), "`encoder_units` must be a positive integer."),
        (
            lambda: made("tanh_rnn_lm", tie_embeddings=True, embedding_units=4),
            "`tie_embeddings` needs embeddings as long as the states. Received: embedding_units=4, units=6.",
        ),
        (lambda: made("tanh_rnn_lm", tie_embeddings="no"), "`tie_embeddings` must be true or false. Received: tie_emb"),
        (
            lambda: made("tanh_rnn", bidirectional="no"),
            "`bidirectional` must be true or false.",
        ),
        (lambda: made("tanh_rnn", embedding_units=0), "`embedding_units` must be a positive integer."),
        (lambda: zoo.tanh_rnn(-1, 2), "`vocabulary_size` must be a positive integer. Received: vocabulary_size=-1."),
        (lambda: zoo.tanh_dnn(9, 0), "`classes` must be a positive integer. Received: classes=0."),
        (lambda: zoo.seq2seq("9", 9), "`source_vocabulary_size` must be a positive integer."),
    ],
)
def test_errors(call, message):
    with pytest.raises(CallError) as caught:
        call()
    assert message in str(caught.value)
