"""Sampling, against the softmax; and its limits, which are `greedy`."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close
from tests.support.small_models import made, unpadded
from zoo.constants import END, PAD
from zoo.decoding import greedy, sample, score
from zoo.errors import CallError


@pytest.fixture(scope="module", params=["bahdanau_seq2seq", "self_attention_lm"])
def case(request):
    return made(request.param, spread=1.0)


def test_the_same_seed_draws_the_same(case):
    model, rows = case
    rows = np.tile(rows, [4, 1])
    one, same, other = (sample(model, rows, seed=seed, max_length=9) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one["ids"], same["ids"])
    np.testing.assert_array_equal(one["score"], same["score"])
    assert one["ids"].shape != other["ids"].shape or (one["ids"].numpy() != other["ids"].numpy()).any()
    assert len({unpadded(ids) for ids in one["ids"].numpy()}) > 4  # equal rows draw for themselves
    few = sample(model, rows[:5], seed=3, max_length=9)
    for n in range(5):
        assert unpadded(few["ids"][n].numpy()) == unpadded(one["ids"][n].numpy())


@pytest.mark.parametrize("options", [{"top_k": 1}, {"temperature": 0.0}, {"temperature": 1e-4}, {"top_p": 0.0}])
def test_the_limit_is_greedy(case, options):
    model, rows = case
    expected, answer = greedy(model, rows, max_length=9), sample(model, rows, seed=5, max_length=9, **options)
    np.testing.assert_array_equal(answer["ids"], expected["ids"])
    assert_close(answer["score"], expected["score"])


def first_tokens(case, count=4000, **options):
    """Return how often each token is the first of an answer, and the model's probabilities of what may be answered."""
    model, rows = case
    drawn = sample(model, np.tile(rows[:1], [count, 1]), max_length=1, **options)["ids"].numpy()[:, 0]
    if model.task == "language_model":
        logits = model(rows[:1])[0, -1]
    else:
        logits = model({"source": rows[:1], "target": np.array([[1]])})[0, 0]
    allowed = np.array(logits, "float64")
    allowed[:END] = -np.inf
    return np.bincount(drawn, minlength=len(allowed)) / count, allowed


def softmax(logits):
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_those_of_the_softmax(case, temperature):
    frequencies, logits = first_tokens(case, temperature=temperature)
    expected = softmax(logits / temperature)
    assert (expected[2:] > 0.005).sum() >= 3, "these weights test too little"
    assert (np.abs(frequencies - expected) <= 4 * np.sqrt(expected * (1 - expected) / 4000)).all()


def test_top_p_limits_the_support(case):
    _, logits = first_tokens(case, count=1)
    ordered = np.argsort(-logits)
    sums = np.cumsum(softmax(logits)[ordered])
    for count in (1, 2, 3):
        wanted = ordered[:count]  # the fewest whose sum is at least top_p
        frequencies, _ = first_tokens(case, top_p=float(sums[count - 1]) - 1e-3)
        assert set(np.flatnonzero(frequencies)) <= set(wanted)
        expected = softmax(np.where(np.isin(range(len(logits)), wanted), logits, -np.inf))
        assert (np.abs(frequencies - expected) <= 4 * np.sqrt(expected * (1 - expected) / 4000) + 1e-9).all()


def test_top_k_limits_the_support(case):
    _, logits = first_tokens(case, count=1)
    wanted = np.argsort(-logits)[:2]
    frequencies, _ = first_tokens(case, top_k=2, temperature=3.0)
    assert set(np.flatnonzero(frequencies)) == set(wanted)


def test_score_is_that_of_the_model_itself(case):
    model, rows = case
    answer = sample(model, rows, temperature=2.0, top_k=3, seed=1, max_length=9)
    for n, row in enumerate(rows):
        ids = unpadded(answer["ids"][n].numpy())
        if model.task == "translation":
            assert_close(answer["score"][n], score(model, row[None], np.array([ids]))["score"][0])
        else:
            prompt = row[row != PAD]
            token_scores = score(model, np.array([[*prompt, *ids]], "int32"))["token_scores"][0]
            assert_close(answer["score"][n], tf.reduce_sum(token_scores[len(prompt) :]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "`temperature` must be a number from 0.0"),
        ({"top_k": -1}, "`top_k` must be a whole number"),
        ({"top_p": 1.5}, "`top_p` must be a number from 0.0 to 1.0. Received: top_p=1.5"),
        ({"seed": 0.5}, "`seed` must be a whole number"),
        ({"max_length": 0}, "`max_length` must be a whole number of at least 1"),
    ],
)
def test_bad_options(case, options, message):
    with pytest.raises(CallError) as error:
        sample(*case, **options)
    assert message in str(error.value)


def test_targets_belong_to_translation(case):
    model, rows = case
    with pytest.raises(CallError, match="`target_ids` must be given"):
        score(model, rows, None if model.task == "translation" else rows)


def test_a_number_for_each_row(case):
    """A row's draw depends on its own numbers alone, not on its place nor on other rows."""
    model, rows = case
    options = {"seed": [3, 8, 3], "temperature": [1.0, 0.0, 2.0], "top_k": [0, 4, 5], "top_p": [1.0, 1.0, 0.8]}
    options |= {"max_length": [9, 4, 6]}
    answer = sample(model, rows[:3], **options)
    for n, row in enumerate(rows[:3]):
        (alone,) = sample(model, row[None], **{name: [value[n]] for name, value in options.items()})["ids"].numpy()
        assert unpadded(answer["ids"][n].numpy()) == unpadded(alone)
        assert len(unpadded(alone)) <= options["max_length"][n]
    again = sample(model, np.tile(rows[:1], [9, 1]), seed=[1, 2, 1, 3, 4, 5, 6, 7, 8], max_length=9)["ids"].numpy()
    np.testing.assert_array_equal(again[0], again[2])
    assert len({unpadded(ids) for ids in again}) > 2


def test_frequencies_with_a_seed_a_row(case):
    count = 4000
    frequencies, logits = first_tokens(case, count=count, seed=list(range(count)))
    expected = softmax(logits)
    assert np.abs(frequencies - expected).max() < 5 * np.sqrt(expected.max() / count)
