"""What the functions over token ids refuse, and models over the ids of another tokenizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close
from tests.support.small_models import PROMPTS, SOURCES, made
from zoo.constants import END, PAD, START
from zoo.decoding import beam_search, check_training_ids, classify, greedy, id_functions, sample, score
from zoo.errors import CallError
from zoo.run_folder import load_model

SIZE = 10
OTHER = {"start_id": 7, "end_id": 9}
# The id of another tokenizer for each of ours, in place of start, end and two tokens.
RENUMBERED = np.array([0, 7, 9, 3, 4, 5, 6, 1, 8, 2], "int32")
TARGETS = np.array([[3, 5, END], [END, PAD, PAD], [4, END, PAD]], "int32")


@pytest.fixture(scope="module")
def translator():
    return made("bahdanau_seq2seq")[0]


@pytest.fixture(scope="module")
def language_model():
    return made("tanh_rnn_lm")[0]


@pytest.fixture(scope="module")
def classifier():
    return zoo.tanh_rnn(6, 3, units=4)


def renumbered(name, **options):
    """Return a model, and the same over other ids: its embeddings and its logits are in another order."""
    sizes = [SIZE] if name.endswith("_lm") else [SIZE, SIZE]
    build = getattr(zoo, name)
    model, other = build(*sizes, units=6, **options), build(*sizes, units=6, **options, **OTHER)
    dice = np.random.default_rng(1)
    for weight, its in zip(model.weights, other.weights, strict=True):
        value = dice.normal(size=weight.shape).astype("float32")
        weight.assign(value)
        axis = {"embeddings": 0, "kernel": 1, "bias": 0}.get(weight.name) if SIZE in weight.shape else None
        its.assign(value if axis is None else np.take(value, np.argsort(RENUMBERED), axis))
    model.logits.bias.assign_add(np.eye(SIZE)[END] * 3)
    other.logits.bias.assign_add(np.eye(SIZE)[OTHER["end_id"]] * 3)
    return model, other


@pytest.mark.parametrize("name", ["seq2seq", "bahdanau_seq2seq", "tanh_rnn_lm", "self_attention_lm"])
def test_the_ids_of_another_tokenizer_have_the_same_answers(name, tmp_path):
    model, other = renumbered(name)
    other.save(tmp_path / "model.keras")
    other = load_model(tmp_path / "model.keras")
    assert (other.start_id, other.end_id, model.start_id, model.end_id) == (7, 9, START, END)
    rows = (
        PROMPTS if name.endswith("_lm") else np.concatenate([SOURCES, [[START, END, PAD, PAD, PAD], [END] + 4 * [0]]])
    )
    rows = rows.astype("int32")
    for decode in (greedy, beam_search, lambda *args, **options: sample(*args, top_k=1, **options)):
        answer, expected = decode(other, RENUMBERED[rows], max_length=7), decode(model, rows, max_length=7)
        np.testing.assert_array_equal(answer["ids"], RENUMBERED[expected["ids"].numpy()])
        assert (expected["ids"].numpy() == END).any()
        assert_close(answer["score"], expected["score"])
    short = {"beam_width": 3, "min_length": 3, "max_length": 5}
    answer, expected = beam_search(other, RENUMBERED[rows], **short), beam_search(model, rows, **short)
    np.testing.assert_array_equal(answer["ids"], RENUMBERED[expected["ids"].numpy()])
    if model.task == "translation":
        assert not np.any(greedy(other, RENUMBERED[rows])["ids"][3:])  # of rows without a token
        scored = score(other, RENUMBERED[SOURCES], RENUMBERED[TARGETS]), score(model, SOURCES, TARGETS)
    else:
        scored = score(other, RENUMBERED[rows]), score(model, rows)
    assert_close(scored[0]["score"], scored[1]["score"])
    assert_close(id_functions(other)["tokens"](RENUMBERED[rows])["score"], greedy(model, rows)["score"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_id": 0}, "`start_id` must be a positive integer. Received: start_id=0"),
        ({"end_id": "2"}, "`end_id` must be a positive integer"),
        ({"start_id": 2}, "`start_id` and `end_id` must differ. Received: 2 for both"),
        (
            {"end_id": 6},
            "must be below `source_vocabulary_size`. Received: start_id=1, end_id=6, source_vocabulary_size=6",
        ),
    ],
)
def test_special_ids_that_cannot_be(options, message):
    with pytest.raises(CallError, match=message):
        zoo.seq2seq(6, 9, units=4, **options)


WRONG_SOURCES = [
    ([[3.0, 2.0]], "must be whole numbers .* Received: float64 of shape \\(1, 2\\)"),
    ([3, 4, 2], "must be whole numbers .* Received: int64 of shape \\(3,\\)"),
    (np.zeros([2, 0], "int32"), "with a length of 1 or more. Received: int32 of shape \\(2, 0\\)"),
    ([[3, 4, 2], [3, 2]], "must be rows of ids of one length, padded with 0"),
    ([[3, 2], [6, 2]], "must have ids from 0 to 5. Received in row 1: \\[6, 2\\]"),
    (tf.ragged.constant([[3, 4, 2], [3, 2]]), "must be rows of ids of one length"),
    ([["trois"]], "must be whole numbers .* Received: string of shape"),
    ([[-1, 2]], "must have ids from 0 to 5"),
    (np.array([[3, 2**40]], "int64"), "must have ids from 0 to 5"),
    ([[0, 3, 2]], "must have padding \\(id 0\\) only at the end"),
]


@pytest.mark.parametrize("decode", [greedy, beam_search, sample])
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        *WRONG_SOURCES,
        (
            [[3, 2, 4, 2]],
            "the end id 2 only as the last id.* for the ids of another tokenizer build it with `start_id=",
        ),
        (
            [[3, 1, 4]],
            "the start id 1 only as the first id.*Received in row 0: \\[3, 1, 4\\]. The model has start_id=1",
        ),
    ],
)
def test_sources_that_are_refused(decode, ids, message, translator):
    with pytest.raises(CallError, match=f"`source_ids` .*{message.removeprefix('must ')}"):
        decode(translator, ids)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[3, 4]], "the start id 1 as the first id. Received in row 0"),
        ([[1, 4, 2]], "no end id \\(2\\), because the model continues the prompt"),
        ([[1, 4, 1]], "the start id 1 only as the first id"),
    ],
)
def test_prompts_that_are_refused(ids, message, language_model):
    with pytest.raises(CallError, match=message):
        greedy(language_model, ids)
    if "no end" not in message:
        with pytest.raises(CallError, match=message):
            score(language_model, ids)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[3, 4]], "`target_ids` must have the end id 2 as the last id"),
        ([[1, 3, 1]], "the start id 1 only as the first id"),
        ([[3, 2, 3]], "the end id 2 only as the last id"),
        ([[9, 2]], "ids from 0 to 5"),
        ([[3, 2], [3, 2]], "must have as many rows as `ids`, 1. Received: 2"),
        (None, "`target_ids` must be given to a translation model"),
    ],
)
def test_targets_that_are_refused(targets, message, translator):
    with pytest.raises(CallError, match=message):
        score(translator, [[3, 2]], targets)


@pytest.mark.parametrize(("ids", "message"), WRONG_SOURCES)
def test_texts_that_a_classifier_refuses(ids, message, classifier):
    with pytest.raises(CallError, match=message):
        classify(classifier, ids)


def test_to_a_classifier_start_and_end_are_tokens(classifier):
    assert classify(classifier, [[3, 2, 1, 2, 1]])["probabilities"].shape == (1, 3)


def test_what_is_accepted(translator, language_model):
    """Any kind of integers, rows without a token, no rows, and sources with or without start and end."""
    for kind in ("int64", "uint8", "int32"):
        ids = np.array([[1, 3, 2], [3, 4, 0], [0, 0, 0], [2, 0, 0]], kind)
        assert greedy(translator, ids)["ids"].dtype == "int32"
        assert score(translator, ids, np.array([[3, 2], [2, 0], [0, 0], [4, 2]], kind))["tokens"].shape == 4
        assert greedy(language_model, np.array([[1, 3], [0, 0]], kind))["ids"].shape[0] == 2
    assert greedy(translator, np.zeros([0, 3], "int32"))["ids"].shape[0] == 0


def test_in_a_graph_the_values_are_not_known(translator):
    graph = tf.function(
        lambda ids: greedy(translator, ids, max_length=3)["ids"], [tf.TensorSpec([None, None], tf.int32)]
    )
    assert graph([[0, 3, 1, 2, 3]]).shape[0] == 1
    with pytest.raises(CallError, match="Received: float32"):
        tf.function(
            lambda ids: greedy(translator, ids), [tf.TensorSpec([None, None])], autograph=False
        ).get_concrete_function()


def test_an_endpoint_reads_ids_out_of_the_vocabulary_as_unknown(translator):
    answer = id_functions(translator)["tokens"](np.array([[99, -4, 2]], "int32"))
    np.testing.assert_array_equal(answer["ids"], greedy(translator, [[3, 3, 2]])["ids"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda models: greedy(models["classifier"], [[3]]), "`zoo.greedy` needs a model that answers with a sequence"),
        (lambda models: sample(models["classifier"], [[3]]), "`zoo.sample` needs .* Received: RecurrentClassifier"),
        (lambda models: beam_search(keras.Sequential(), [[3]]), "`zoo.beam_search` needs .* Received: Sequential"),
        (lambda models: greedy("g2p", [[3]]), "needs a model that answers .* Received: str"),
        (lambda models: score(models["classifier"], [[3]]), "`zoo.score` needs a Seq2Seq or a LanguageModel"),
        (lambda models: classify(models["translator"], [[3]]), "`zoo.classify` needs a classifier. Received: Seq2Seq"),
        (lambda models: classify(keras.Sequential(), [[3]]), "`zoo.classify` needs a classifier. Received: Sequential"),
    ],
)
def test_wrong_models(call, message, translator, classifier):
    with pytest.raises(CallError, match=message):
        call({"translator": translator, "classifier": classifier})


def translation(source=((3, 2, 0),), target=((1, 3, 4),)):
    return {"source": np.array(source), "target": np.array(target)}


def test_training_ids_that_are_right(translator, language_model, classifier):
    check_training_ids(translator, translation(), [[3, 4, 2]])
    check_training_ids(translator, translation([[3, 2], [4, 2]], [[1, 3, 4], [1, 0, 0]]), [[3, 4, 2], [2, 0, 0]])
    check_training_ids(language_model, [[1, 3, 4], [1, 5, 0]], [[3, 4, 2], [5, 2, 0]])
    check_training_ids(language_model, [[1, 3, 4], [1, 5, 0]], [[0, 4, 2], [5, 2, 0]])  # the loss of a token left out
    check_training_ids(language_model, [[1, 3, 4], [1, 5, 0]], [[3, 4, 5], [5, 2, 0]])  # a text that was cut
    check_training_ids(language_model, [[1, 3, 4], [1, 5, 2]], [[3, 4, 2], [5, 2, 0]])  # ids[:, :-1] and ids[:, 1:]
    check_training_ids(classifier, [[3, 2], [4, 0]], [0, 2])


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (translation(target=[[3, 4, 2]]), [[3, 4, 2]], "`target` must have the start id 1 as the first id"),
        (translation(), [[3, 4, 5]], "Expected the end id 2 in `targets`"),
        (
            translation(),
            [[4, 3, 2]],
            "the ids of `target` after its first, and the end id 2. Received in row 0: target",
        ),
        (
            translation(),
            [[3, 4, 2, 0]],
            "Expected `targets` of the shape of `target`, \\(1, 3\\). Received: \\(1, 4\\)",
        ),
        (translation(target=[[1, 3, 9]]), [[3, 9, 2]], "`target` must have ids from 0 to 5"),
        (translation(source=[[9, 2]]), [[3, 4, 2]], "`source` must have ids from 0 to 5"),
        (translation(source=[[3, 2], [3, 2]]), [[3, 4, 2]], "`target` must have as many rows as `source`, 2"),
        (np.array([[1, 3]]), [[3, 2]], "a dict of the ids `source` and `target`"),
    ],
)
def test_training_ids_that_are_refused(inputs, targets, message, translator):
    with pytest.raises(CallError, match=message):
        check_training_ids(translator, inputs, targets)


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([[3, 2]], [3], "`targets` must be classes from 0 to 2. Received: .*3"),
        ([[3, 2]], [0.5], "`targets` must be classes from 0 to 2. Received: .*0.5"),
        ([[9, 2]], [0], "`inputs` must have ids from 0 to 5"),
    ],
)
def test_texts_and_classes_that_are_refused(inputs, targets, message, classifier):
    with pytest.raises(CallError, match=message):
        check_training_ids(classifier, inputs, targets)


def test_training_on_text_has_the_ids_of_the_vocabulary():
    from zoo.models.build import check_options, model_options

    assert not {"start_id", "end_id"} & set(model_options())
    with pytest.raises(CallError, match="`end_id` is for a model over the ids of another tokenizer"):
        check_options("seq2seq", {"units": 3, "end_id": 4})
