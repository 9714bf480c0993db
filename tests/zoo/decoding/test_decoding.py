import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close, pad_time, randomise
from zoo.catalog import find
from zoo.constants import END, MAX_TARGET_PIECES, PAD, START
from zoo.decoding import beam_search, classify, greedy, id_functions, inputs_of, sample, score

VOCABULARY = 11
SIZES = {
    "classification": {"vocabulary_size": VOCABULARY, "classes": 3},
    "language_model": {"vocabulary_size": VOCABULARY},
    "translation": {"source_vocabulary_size": VOCABULARY, "target_vocabulary_size": VOCABULARY},
}
BOUND = 12

# Random weights that answer, within the bound, with answers of several lengths: their scale, their seed and
# the bias of the end id.
TRANSLATORS = {
    "seq2seq": ({"cell": "gru"}, (0.7, 2, 2.0)),
    "bahdanau_seq2seq": ({}, (0.7, 0, 4.0)),
    "bahdanau_seq2seq both ways": ({"bidirectional": True, "layers": 2, "cell": "lstm"}, (0.7, 3, 4.0)),
    "self_attention_seq2seq": ({"attention": "general"}, (0.5, 0, 2.0)),
}
LANGUAGE_MODELS = {
    "tanh_rnn_lm": ({"cell": "gru", "layers": 2}, (0.7, 2, 2.0)),
    "self_attention_lm": ({"cell": "gru", "layers": 2}, (0.5, 1, 2.0)),
}


def made(name, scale=0.5, seed=0, end_bias=None, **options):
    """Return a small model with random weights."""
    model = randomise(zoo.build(name, **SIZES[find(name).task], units=8, **options), seed, scale)
    if end_bias is not None:
        model.logits.kernel.assign(model.logits.kernel * 3)
        model.logits.bias.assign(np.eye(VOCABULARY)[END] * end_bias)
    return model


def in_graph(function):
    """Return a function of ids as one graph for ids of any shape."""
    return tf.function(function, input_signature=[tf.TensorSpec([None, None], tf.int32)])


def sources(count=12, seed=0):
    """Return rows of random ids and their end id, padded to the longest."""
    dice = np.random.default_rng(seed)
    rows = [[*dice.integers(3, VOCABULARY, dice.integers(1, 7)), END] for _ in range(count)]
    return np.array([row + [PAD] * (7 - len(row)) for row in rows], "int32")


def prompts(count=12):
    """Return rows of the start id and random ids, the first of the start id alone, padded to the longest."""
    rows = sources(count, seed=1)
    rows[0] = END
    return pad_time(np.where(rows == END, PAD, rows), 1, 0, START)


def lengths(ids):
    return (ids != PAD).sum(1)


def assert_same_answer(answer, expected, source_length, shift=0):
    """Check the answer to one row against that of the same row elsewhere, which may be wider and longer."""
    length = lengths(expected["ids"][None])[0]
    assert answer["ids"][0, :length].numpy().tolist() == expected["ids"][:length].tolist()
    assert not answer["ids"][0, length:].numpy().any()
    assert_close(answer["score"][0], expected["score"])
    if "attention" in expected:
        weights = answer["attention"][0, :length].numpy()
        assert_close(weights[:, shift : shift + source_length], expected["attention"][:length, :source_length])
        np.testing.assert_allclose(weights.sum(), length, rtol=1e-5)  # none on padding


def answer_all(name, options, weights, ids):
    """Return the model, its answers as a function of ids, the ids, and the answers to all of them."""
    scale, seed, end_bias = weights
    model = made(name.split()[0], scale, seed, end_bias, **options)
    ask = in_graph(lambda ids: greedy(model, ids, max_length=BOUND))
    answers = {key: value.numpy() for key, value in ask(ids).items()}
    assert len(set(lengths(answers["ids"]))) >= 3, "these weights test too little"
    assert len({tuple(row) for row in answers["ids"]}) >= 4, "these weights test too little"
    return model, ask, ids, answers


@pytest.fixture(scope="module", params=TRANSLATORS)
def answered(request):
    return answer_all(request.param, *TRANSLATORS[request.param], sources())


def test_shapes_and_kinds(answered):
    model, ask, ids, answers = answered
    assert sorted(answers) == (["attention", "ids", "score"] if model.attends else ["ids", "score"])
    count, width = len(ids), lengths(answers["ids"]).max()
    assert answers["ids"].shape == (count, width) and answers["ids"].dtype == "int32"
    assert answers["score"].shape == (count,) and answers["score"].dtype == "float32"
    if model.attends:
        assert answers["attention"].shape == (count, width, ids.shape[1])


def test_alone_or_in_a_batch(answered):
    model, ask, ids, answers = answered
    for n in range(0, len(ids), 2):
        length = lengths(ids)[n]
        alone = ask(ids[n : n + 1, :length])
        assert alone["ids"].shape[1] == lengths(answers["ids"])[n]  # and it stops with its own end
        assert_same_answer(alone, {key: value[n] for key, value in answers.items()}, length)


@pytest.mark.parametrize("extra", [1, 7, 50])
def test_padding_changes_nothing(answered, extra):
    model, ask, ids, answers = answered
    for widths in ((0, extra), (extra, 0)):
        padded = ask(pad_time(ids, *widths))
        np.testing.assert_array_equal(padded["ids"], answers["ids"])
        assert_close(padded["score"], answers["score"])
        if model.attends:
            assert_close(padded["attention"], np.pad(answers["attention"], [(0, 0), (0, 0), widths]))


def test_score_is_that_of_the_call(answered):
    """The score is the sum of the logarithms of the softmax of the logits under teacher forcing, and no id beats it."""
    model, ask, ids, answers = answered
    chosen = answers["ids"]
    target = np.concatenate([np.full([len(ids), 1], START), chosen[:, :-1]], 1)
    target[target == END] = PAD
    log_probabilities = tf.nn.log_softmax(model({"source": ids, "target": target})).numpy()
    there = chosen != PAD
    of_chosen = np.take_along_axis(log_probabilities, chosen[..., None], 2)[..., 0]
    assert_close(answers["score"], (of_chosen * there).sum(1))
    allowed = log_probabilities[..., END:]  # never padding, never start
    assert (of_chosen >= allowed.max(-1) - 1e-5)[there].all()


def test_nothing_after_the_end(answered):
    model, _, _, answers = answered
    for row, length in zip(answers["ids"], lengths(answers["ids"]), strict=True):
        assert (row[:length] > START).all() and not row[length:].any()
        assert END not in row[: length - 1] and (row[length - 1] == END or length == BOUND)
    if model.attends:
        np.testing.assert_allclose(answers["attention"].sum(-1), answers["ids"] != PAD, atol=1e-5)
        assert (answers["attention"][answers["ids"] == PAD] == 0).all()


@pytest.mark.parametrize("bound", [1, 3])
def test_max_length(answered, bound):
    model, ask, ids, answers = answered
    shorter = greedy(model, ids, max_length=bound)
    np.testing.assert_array_equal(shorter["ids"], answers["ids"][:, :bound])


def test_a_model_that_never_ends_is_stopped():
    model = made("bahdanau_seq2seq", end_bias=-1e6)
    answers = greedy(model, sources(2), max_length=9)
    assert answers["ids"].shape == (2, 9) and (answers["ids"].numpy() > END).all()
    assert in_graph(lambda ids: greedy(model, ids))(sources(2))["ids"].shape == (2, MAX_TARGET_PIECES)


def test_a_model_that_ends_at_once():
    answers = greedy(made("bahdanau_seq2seq", end_bias=1e6), sources(3))
    assert answers["ids"].numpy().tolist() == [[END]] * 3
    assert_close(answers["score"], np.zeros(3))


def test_padding_and_start_are_never_answered():
    model = made("bahdanau_seq2seq")
    bias = np.zeros(VOCABULARY)
    bias[[PAD, START]] = 30
    model.logits.bias.assign(bias)
    answers = greedy(model, sources(4), max_length=5)
    ids = answers["ids"].numpy()
    assert (ids[:, 0] > START).all()
    assert (answers["score"].numpy() < -20).all()  # the logarithm of its true probability, which is small


@pytest.mark.parametrize("empty", [[END], [END, PAD, PAD], [PAD], [PAD, PAD]])
def test_an_empty_source_has_an_empty_answer(answered, empty):
    model, ask, ids, answers = answered
    alone = ask(np.array([empty], "int32"))
    assert alone["ids"].numpy().tolist() == [[PAD]] and alone["score"].numpy().tolist() == [0]
    if model.attends:
        assert alone["attention"].numpy().tolist() == [[[0] * len(empty)]]
    row = np.array(empty + [PAD] * (ids.shape[1] - len(empty)), "int32")
    both = ask(np.stack([ids[0], row]))
    assert not both["ids"][1].numpy().any() and both["score"][1] == 0
    assert_same_answer(both, {key: value[0] for key, value in answers.items()}, ids.shape[1])


def test_eagerly(answered):
    model, _, ids, answers = answered
    rows = slice(3, 6)
    eager = greedy(model, ids[rows], max_length=BOUND)
    width = lengths(answers["ids"])[rows].max()
    np.testing.assert_array_equal(eager["ids"], answers["ids"][rows, :width])
    assert_close(eager["score"], answers["score"][rows])


# Language models


@pytest.fixture(scope="module", params=LANGUAGE_MODELS)
def continued(request):
    assert len(set(lengths(prompts()))) >= 3
    return answer_all(request.param, *LANGUAGE_MODELS[request.param], prompts())


def test_prompts_alone_or_in_a_batch(continued):
    model, ask, ids, answers = continued
    for n in range(len(ids)):
        alone = ask(ids[n : n + 1, : lengths(ids)[n]])
        assert alone["ids"].shape[1] == lengths(answers["ids"])[n]
        assert_same_answer(alone, {key: value[n] for key, value in answers.items()}, 0)


@pytest.mark.parametrize("extra", [1, 7, 50])
def test_padding_of_prompts_changes_nothing(continued, extra):
    model, ask, ids, answers = continued
    padded = ask(pad_time(ids, 0, extra))
    np.testing.assert_array_equal(padded["ids"], answers["ids"])
    assert_close(padded["score"], answers["score"])


def test_going_on_is_the_best_of_the_call(continued):
    """Every token is the best one after the prompt and the tokens before it; the score is of what was added."""
    model, ask, ids, answers = continued
    for n in range(0, len(ids), 3):
        prompt, added = ids[n][ids[n] != PAD], answers["ids"][n][answers["ids"][n] != PAD]
        logits = model(np.concatenate([prompt, added])[None])[0, len(prompt) - 1 : -1]
        log_probabilities = tf.nn.log_softmax(logits).numpy()
        assert (log_probabilities[:, END:].argmax(1) + END).tolist() == added.tolist()
        assert_close(answers["score"][n], log_probabilities[np.arange(len(added)), added].sum())


def test_an_empty_prompt_has_no_continuation(continued):
    model, ask, ids, answers = continued
    both = ask(np.stack([ids[0], np.zeros_like(ids[0])]))
    assert not both["ids"][1].numpy().any() and both["score"][1] == 0
    assert_same_answer(both, {key: value[0] for key, value in answers.items()}, 0)


def test_score_of_sentences(continued):
    model, *_ = continued
    ids = np.array([[START, 4, 5, END, PAD], [START, END, PAD, PAD, PAD], [START, 7, 8, 9, END]], "int32")
    answer = score(model, ids)
    probabilities = tf.nn.softmax(model(ids)).numpy()
    expected = [
        np.log(probabilities[0, 0, 4] * probabilities[0, 1, 5] * probabilities[0, 2, END]),
        np.log(probabilities[1, 0, END]),
        np.log(probabilities[2, 0, 7] * probabilities[2, 1, 8] * probabilities[2, 2, 9] * probabilities[2, 3, END]),
    ]
    assert_close(answer["score"], np.array(expected))
    assert answer["tokens"].numpy().tolist() == [3, 1, 4]
    assert ("attention" in answer) == model.attends
    if model.attends:
        weights = answer["attention"].numpy()
        assert weights.shape == (3, 5, 5) and (np.triu(weights) == 0).all()
    for extra in (1, 7, 50):
        padded = score(model, pad_time(ids, 0, extra))
        assert_close((padded["score"], padded["tokens"]), (answer["score"], answer["tokens"]))
    assert_close(score(model, ids[1:2, :2])["score"][0], answer["score"][1])


def test_scores_of_all_sentences_of_one_token_are_a_distribution(continued):
    model, *_ = continued
    ids = np.array([[START, token] for token in range(1, VOCABULARY)], "int32")
    padding = tf.nn.softmax(model(ids[:1]))[0, 0, PAD]
    answer = in_graph(lambda ids: score(model, ids))(ids)  # eagerly it would refuse a second start
    assert_close(tf.reduce_sum(tf.exp(answer["score"])) + padding, 1.0)


# Classifiers, and what a model can be asked


@pytest.mark.parametrize("name", ["tanh_dnn", "tanh_rnn", "self_attention_rnn", "structured_self_attention"])
def test_classify(name):
    model, ids = made(name), sources(4)
    answer = classify(model, ids)
    logits = model(ids).numpy().astype("float64")
    exponentials = np.exp(logits)
    assert_close(answer["probabilities"], exponentials / exponentials.sum(1, keepdims=True))
    assert ("attention" in answer) == model.attends == ("attention" in name)
    if name == "structured_self_attention":
        assert_close(tf.reduce_sum(answer["attention"], -1), np.ones([4, 1]))
    elif model.attends:
        assert answer["attention"].shape == (4, 7, 7) and (np.triu(answer["attention"]) == 0).all()


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("self_attention_rnn", ["tokens"]),
        ("bahdanau_seq2seq", ["beam_tokens", "score_tokens", "tokens"]),
        ("tanh_rnn_lm", ["beam_tokens", "sample_tokens", "score_tokens", "tokens"]),
    ],
)
def test_id_functions(name, questions):
    model = made(name)
    functions = id_functions(model)
    assert sorted(functions) == questions
    assert sorted(id_functions(model, litert=True)) == [one for one in questions if one != "sample_tokens"]
    ids = prompts(3) if name.endswith("_lm") else sources(3)
    directly = {
        "tokens": classify if model.task == "classification" else greedy,
        "beam_tokens": beam_search,
        "sample_tokens": sample,
        "score_tokens": score,
    }
    given = {"target_ids": sources(3, seed=2), "beam_width": 3, "length_penalty": 0.5, "max_length": 6, "seed": 2}
    given |= {"temperature": 0.9, "top_k": 5, "top_p": 0.9}
    for question, function in functions.items():
        options = {key: given[key] for key in inputs_of(function) if key != "ids"}
        assert_close(function(ids, **options), directly[question](model, ids, **options))


@pytest.mark.parametrize("name", ["bahdanau_seq2seq", "self_attention_lm"])
def test_mixed_precision(name):
    config = {**made(name).get_config(), "dtype": "mixed_bfloat16"}
    model = randomise(type(made(name)).from_config(config))
    answers = greedy(model, prompts(3), max_length=4)
    assert {value.dtype for key, value in answers.items() if key != "ids"} == {tf.float32}
    assert np.isfinite(answers["score"]).all()
