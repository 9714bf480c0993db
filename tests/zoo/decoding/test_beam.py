"""Beam search, against every sequence there is and against the formulas."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close
from tests.support.small_models import LENGTH, MODELS, VOCABULARY, made, unpadded
from zoo.constants import END, MAX_BEAM_WIDTH, MAX_LENGTH_PENALTY, MAX_TARGET_PIECES, PAD, START
from zoo.decoding import beam_search, greedy, score
from zoo.decoding.search import Search
from zoo.errors import CallError
from zoo.recurrence.scan import inference_graph

QUICK = ("seq2seq", "bahdanau_seq2seq", "self_attention_lm")  # each kind of state, with and without attention


@pytest.fixture(
    scope="module", params=[name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
def case(request):
    return made(request.param)


@pytest.fixture(scope="module")
def attending():
    return made("bahdanau_seq2seq")


def everything(length=LENGTH):
    """Return every answer of at most so many tokens: those that end, and those of this length that do not."""
    words = range(END + 1, VOCABULARY)
    ended = [[*some, END] for n in range(length) for some in itertools.product(words, repeat=n)]
    return ended + [list(some) for some in itertools.product(words, repeat=length)]


def true_scores(model, row, answers):
    """Return the log-probability of each answer to a row, from the model's call."""
    row = row[row != PAD]
    scores = []
    for length in sorted({len(one) for one in answers}):
        same = np.array([one for one in answers if len(one) == length], "int32")
        if model.task == "language_model":
            logits = model(np.concatenate([np.tile(row, [len(same), 1]), same], 1))[:, len(row) - 1 : -1]
        else:
            target = np.concatenate([np.full([len(same), 1], START), same[:, :-1]], 1)
            logits = model({"source": np.tile(row, [len(same), 1]), "target": target})
        chosen = np.take_along_axis(tf.nn.log_softmax(logits).numpy(), same[..., None], 2)[..., 0].sum(1)
        scores += list(zip(map(tuple, same.tolist()), chosen.tolist(), strict=True))
    return dict(scores)


def penalty(lengths, alpha):
    return ((5 + np.asarray(lengths)) / 6) ** alpha


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_beam_as_wide_as_the_search_space_finds_the_best(case, alpha):
    model, rows = case
    answer = beam_search(model, rows, beam_width=MAX_BEAM_WIDTH, length_penalty=alpha, max_length=LENGTH)
    for n, row in enumerate(rows):
        scores = true_scores(model, row, everything())
        assert len(scores) == 1 + 3 + 9 + 27 + 81
        best = sorted(scores, key=lambda one: -scores[one] / penalty(len(one), alpha))[:20]  # noqa: B023
        found = [unpadded(one) for one in answer["ids"][n].numpy()]
        assert found[:20] == best
        assert_close(answer["score"][n, :20], np.array([scores[one] for one in best], "float32"))


def test_a_beam_of_one_is_greedy(case):
    model, rows = case
    for length in (1, 3, 12):
        expected = greedy(model, rows, max_length=length)
        answer = beam_search(model, rows, beam_width=1, max_length=length)
        np.testing.assert_array_equal(answer["ids"][:, 0], expected["ids"])
        np.testing.assert_array_equal(answer["score"][:, 0], expected["score"])
        if "attention" in expected:
            np.testing.assert_array_equal(answer["attention"][:, 0], expected["attention"])


@pytest.fixture(scope="module")
def searched(case):
    model, rows = case
    answer = {name: value.numpy() for name, value in beam_search(model, rows, beam_width=5, max_length=9).items()}
    assert len({unpadded(one) for row in answer["ids"] for one in row}) > 6, "these weights test too little"
    return model, rows, answer


def test_shapes_order_and_distinct_hypotheses(searched):
    model, rows, answer = searched
    steps = answer["ids"].shape[2]
    assert answer["ids"].shape == (3, 5, steps) and answer["score"].shape == answer["rank_score"].shape == (3, 5)
    assert ("attention" in answer) == (model.attends and model.task == "translation")
    if "attention" in answer:
        assert answer["attention"].shape == (3, 5, steps, rows.shape[1])
    assert (np.diff(answer["rank_score"], axis=1) <= 0).all()
    for row in answer["ids"]:
        assert len({unpadded(one) for one in row}) == 5
        for one in map(unpadded, row):
            assert END not in one[:-1] and START not in one


def test_score_rank_and_attention_are_those_of_the_hypothesis(searched):
    model, rows, answer = searched
    lengths = (answer["ids"] != PAD).sum(2)
    in_graph = tf.function(score)  # eagerly it would refuse the hypotheses that `max_length` has cut off
    assert_close(answer["rank_score"], answer["score"] / penalty(lengths, 0.6).astype("float32"))
    for k in range(5):
        ids = answer["ids"][:, k]
        if model.task == "translation":
            scored = in_graph(model, tf.constant(rows), tf.constant(ids))
            assert_close(answer["score"][:, k], scored["score"])
            np.testing.assert_array_equal(scored["tokens"], lengths[:, k])
            assert_close(tf.reduce_sum(scored["token_scores"], 1), scored["score"])
            if model.attends:
                assert_close(answer["attention"][:, k], scored["attention"])
        else:
            whole = [[*row[row != PAD], *one] for row, one in zip(rows, map(unpadded, ids), strict=True)]
            for n, one in enumerate(whole):
                token_scores = score(model, np.array([one], "int32"))["token_scores"][0]
                assert_close(answer["score"][n, k], tf.reduce_sum(token_scores[(rows[n] != PAD).sum() :]))


def test_one_row_alone_has_the_same_answer(searched):
    model, rows, answer = searched
    for n, row in enumerate(rows):
        alone = beam_search(model, row[row != PAD][None], beam_width=5, max_length=9)
        assert [unpadded(one) for one in alone["ids"][0].numpy()] == [unpadded(one) for one in answer["ids"][n]]
        assert_close(alone["score"][0], answer["score"][n])
        assert_close(alone["rank_score"][0], answer["rank_score"][n])


def test_what_has_ended_never_changes(case):
    model, rows = case
    before = [{} for _ in rows]
    seen = 0
    for length in (1, 2, 3, 5, 8):
        answer = beam_search(model, rows, beam_width=4, max_length=length)
        for n in range(len(rows)):
            pairs = zip(answer["ids"][n].numpy(), answer["score"][n].numpy(), strict=True)
            found = {unpadded(ids): one for ids, one in pairs if END in ids}
            assert before[n].items() <= found.items()
            before[n], seen = found, seen + len(found)
    assert seen > 12


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_stopping_early_changes_no_answer(case, alpha):
    model, rows = case
    options = {"beam_width": 6, "length_penalty": alpha, "max_length": 8}
    whole = beam_search(model, rows, **options)
    for n_best in (1, 2):
        some = beam_search(model, rows, n_best=n_best, **options)
        steps = some["ids"].shape[2]
        np.testing.assert_array_equal(some["ids"], whole["ids"][:, :n_best, :steps])
        assert not whole["ids"][:, :n_best, steps:].numpy().any()
        np.testing.assert_array_equal(some["rank_score"], whole["rank_score"][:, :n_best])


def test_it_stops_when_nothing_can_win(attending):
    model, rows = attending
    steps = {n_best: beam_search(model, rows, beam_width=6, n_best=n_best, max_length=30) for n_best in (1, 6)}
    assert steps[1]["ids"].shape[2] < steps[6]["ids"].shape[2]
    np.testing.assert_array_equal(steps[1]["rank_score"][:, 0], steps[6]["rank_score"][:, 0])


def test_minimum_length(case):
    model, rows = case
    answer = beam_search(model, rows, beam_width=40, length_penalty=0.0, min_length=3, max_length=LENGTH)
    for n, row in enumerate(rows):
        scores = true_scores(model, row, [one for one in everything() if len(one) >= 3])
        best = sorted(scores, key=lambda one: -scores[one])[:10]  # noqa: B023
        assert [unpadded(one) for one in answer["ids"][n].numpy()][:10] == best


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_ngram_twice(case, n):
    model, rows = case

    def repeats(ids):
        parts = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
        return len(set(parts)) < len(parts)

    options = {"beam_width": MAX_BEAM_WIDTH, "length_penalty": 0.0, "no_repeat_ngram": n}
    answer = beam_search(model, rows, max_length=LENGTH, **options)
    some = 0
    for k, row in enumerate(rows):
        allowed = [one for one in everything() if not repeats(one)]
        assert len(allowed) < len(everything())
        scores = true_scores(model, row, allowed)
        best = sorted(scores, key=lambda one: -scores[one])[:15]  # noqa: B023
        assert [unpadded(one) for one in answer["ids"][k].numpy()][:15] == best
        some += 1
    longer = beam_search(model, rows, beam_width=3, max_length=12, no_repeat_ngram=n, min_length=3 * (n > 1))
    assert not any(repeats(unpadded(one)) for row in longer["ids"].numpy() for one in row)


def test_fewer_hypotheses_than_places():
    model, rows = made("bahdanau_seq2seq")
    answer = beam_search(model, rows, beam_width=8, max_length=1)
    assert sorted(unpadded(one) for one in answer["ids"][0].numpy()) == [()] * 4 + [(2,), (3,), (4,), (5,)]
    assert (answer["score"].numpy()[:, 4:] == -1e9).all() and (answer["rank_score"].numpy()[:, 4:] == -1e9).all()
    assert not answer["attention"].numpy()[:, 4:].any()
    np.testing.assert_allclose(answer["attention"].numpy()[:, :4].sum((2, 3)), 1, rtol=1e-5)


def test_an_empty_row_has_one_empty_hypothesis(case):
    model, rows = case
    empty = np.array([[END if model.task == "translation" else PAD] + [PAD] * 4], "int32")
    answer = beam_search(model, np.concatenate([rows, empty]), beam_width=3, max_length=6)
    assert not answer["ids"][3].numpy().any() and answer["score"][3].numpy().tolist() == [0, -1e9, -1e9]
    expected = beam_search(model, rows, beam_width=3, max_length=6)
    np.testing.assert_array_equal(answer["ids"][:3], expected["ids"])
    assert beam_search(model, empty, beam_width=3)["ids"].numpy().tolist() == [[[PAD]] * 3]


def test_coverage_penalty(attending):
    model, rows = attending
    plain = beam_search(model, rows, beam_width=5, max_length=9)
    answer = beam_search(model, rows, beam_width=5, max_length=9, coverage_penalty=0.8)
    covered = np.minimum(answer["attention"].numpy().sum(2), 1)
    valid = (rows != PAD)[:, None]
    coverage = np.where(valid, np.log(np.where(valid, covered, 1)), 0).sum(2)
    lengths = (answer["ids"].numpy() != PAD).sum(2)
    expected = answer["score"].numpy() / penalty(lengths, 0.6) + 0.8 * coverage
    assert_close(answer["rank_score"], expected.astype("float32"))
    assert (np.diff(answer["rank_score"], axis=1) <= 0).all()
    for n in range(len(rows)):  # the same hypotheses in another order
        assert {unpadded(one) for one in answer["ids"][n].numpy()} == {unpadded(one) for one in plain["ids"][n].numpy()}
    assert (answer["ids"].numpy() != plain["ids"].numpy()).any()
    best = beam_search(model, rows, beam_width=5, n_best=1, max_length=9, coverage_penalty=0.8)
    assert_close(best["rank_score"], answer["rank_score"][:, :1])


def traced(model, litert=False, shape=(None, None)):
    """Return `beam_search` as a graph whose options are inputs, traced as for an export."""
    specs = [tf.TensorSpec(shape, tf.int32)]
    specs += [tf.TensorSpec([], one) for one in (tf.int32, tf.float32, tf.int32)]

    def search(ids, width, alpha, length):
        return beam_search(model, ids, beam_width=width, length_penalty=alpha, max_length=length)

    with inference_graph(litert=litert):
        return tf.function(search, specs, autograph=False).get_concrete_function()


@pytest.mark.parametrize("litert", [False, True])
def test_options_as_inputs_of_a_graph(case, litert):
    model, rows = case
    graph = traced(model, litert)
    for width, alpha, length in ((1, 0.0, 3), (4, 0.6, 9), (7, 1.0, 12)):
        answer = graph(rows, tf.constant(width), tf.constant(alpha), tf.constant(length))
        expected = beam_search(model, rows, beam_width=width, length_penalty=alpha, max_length=length)
        np.testing.assert_array_equal(answer["ids"], expected["ids"])
        assert_close(answer["rank_score"], expected["rank_score"])


def test_a_number_for_each_row(case):
    """What a row answers with its own numbers is what it answers alone with them."""
    model, rows = case
    widths, alphas, lengths = [1, 4, 7][: len(rows)], [0.0, 0.6, 1.5][: len(rows)], [9, 3, 12][: len(rows)]
    options = {"beam_width": widths, "length_penalty": alphas, "max_length": lengths}
    answer = beam_search(model, rows, **options)
    assert answer["ids"].shape[1] == max(widths)
    for n, row in enumerate(rows):
        alone = beam_search(model, row[None], **{name: value[n] for name, value in options.items()})
        width, length = widths[n], alone["ids"].shape[2]
        ids = answer["ids"][n].numpy()
        np.testing.assert_array_equal(ids[:width, :length], alone["ids"][0])
        assert not ids[:width, length:].any() and not ids[width:].any()
        assert_close(answer["score"][n, :width], alone["score"][0])
        assert (answer["score"][n, width:].numpy() < -5e8).all()
        best = beam_search(model, rows, **options, n_best=1)
        length = best["ids"].shape[2]
        np.testing.assert_array_equal(best["ids"][n, 0], answer["ids"][n, 0, :length])
    one_for_all = beam_search(model, rows, beam_width=[3], length_penalty=[0.6], max_length=[7])
    np.testing.assert_array_equal(one_for_all["ids"], beam_search(model, rows, beam_width=3, max_length=7)["ids"])


BAD = [(0, 0.6, 9), (-3, 0.6, 9), (10_000, 0.6, 9), (4, -1.0, 9), (4, float("nan"), 9), (4, 0.6, 0), (4, 0.6, -5)]


@pytest.mark.parametrize(("width", "alpha", "length"), BAD)
def test_options_out_of_bounds(attending, width, alpha, length):
    model, rows = attending
    with pytest.raises(CallError, match="must be .* Received: "):
        beam_search(model, rows, beam_width=width, length_penalty=alpha, max_length=length)


@pytest.mark.parametrize("litert", [False, True])
def test_options_out_of_bounds_in_a_graph(attending, litert):
    model, rows = attending
    bounds = traced(model, litert)
    for (width, alpha, length), (w, a, n) in {
        (0, 0.6, 9): (1, 0.6, 9),
        (4, -1.0, 9): (4, 0.0, 9),
        (4, float("nan"), 9): (4, 0.0, 9),
        (4, 0.6, -5): (4, 0.6, 1),
    }.items():
        answer = bounds(rows, tf.constant(width), tf.constant(alpha), tf.constant(length))
        expected = beam_search(model, rows, beam_width=w, length_penalty=a, max_length=n)
        np.testing.assert_array_equal(answer["ids"], expected["ids"])
    assert bounds(rows, tf.constant(10_000), tf.constant(0.0), tf.constant(2))["ids"].shape == (3, MAX_BEAM_WIDTH, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_width": 2.5}, "`beam_width` must be a whole number from 1 to 64. Received: beam_width=2.5"),
        ({"beam_width": True}, "beam_width=True"),
        ({"length_penalty": 10.5}, "`length_penalty` must be a number from 0.0 to 10.0. Received: length_penalty=10.5"),
        ({"n_best": 5}, "`n_best` must be at most `beam_width`. Received: n_best=5, beam_width=4"),
        ({"n_best": 0}, "`n_best` must be"),
        ({"min_length": -1}, "`min_length` must be"),
        ({"no_repeat_ngram": -1}, "`no_repeat_ngram` must be"),
        ({"coverage_penalty": -0.1}, "`coverage_penalty` must be"),
        ({"n_best": [1, 2]}, "`n_best` must be a whole number from 1 to 64. Received: n_best=[1, 2]"),
        ({"min_length": [1, 2, 3]}, "`min_length` must be"),
        ({"no_repeat_ngram": [1, 2, 3]}, "`no_repeat_ngram` must be"),
        ({"max_length": 10**400}, "`max_length` must be"),
        ({"beam_width": [1, 2]}, "must have 3 values. Received: 2."),
    ],
)
def test_bad_options(attending, options, message):
    model, rows = attending
    with pytest.raises(CallError) as error:
        beam_search(model, rows, **options)
    assert message in str(error.value)


@pytest.mark.parametrize("score", [-1e-6, -1.0, -1e4])
def test_the_largest_penalty_orders_hypotheses_of_every_length(score):
    """Above it the ranks of long hypotheses would be 0 or not finite, and their order that of their places."""
    lengths = tf.range(1, 4097)
    rank = (score / Search._penalty(SimpleNamespace(alpha=MAX_LENGTH_PENALTY), lengths)).numpy()
    assert np.isfinite(rank).all() and (rank < 0).all() and (np.diff(rank) > 0).all()


def test_coverage_needs_attention():
    model, rows = made("seq2seq")
    with pytest.raises(CallError, match="`coverage_penalty` needs a model that attends"):
        beam_search(model, rows, coverage_penalty=0.2)


def test_shapes_known_beforehand(case):
    """For LiteRT with fixed shapes every output has one; the answer is the same, padded to the whole buffer."""
    model, rows = case

    def search(ids, alpha, length):
        return beam_search(model, ids, beam_width=4, length_penalty=alpha, max_length=length)

    specs = [tf.TensorSpec(rows.shape, tf.int32), tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)]
    with inference_graph(litert=True):
        graph = tf.function(search, specs, autograph=False).get_concrete_function()
    assert all(one.shape.is_fully_defined() for one in tf.nest.flatten(graph.structured_outputs))
    answer = graph(rows, tf.constant(0.6), tf.constant(9))
    expected = beam_search(model, rows, beam_width=4, max_length=9)
    assert answer["ids"].shape == (3, 4, MAX_TARGET_PIECES)
    for name in set(expected) & {"ids", "attention"}:
        steps = expected["ids"].shape[2]
        assert_close(answer[name][:, :, :steps], expected[name])
        assert not answer[name][:, :, steps:].numpy().any()
