from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import CallError
from zoo.text import Vocabulary
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.corpora import Corpus, read_corpus
from zoo.training.data.examples import encode

SOURCES = ["un", "deux", "trois quatre cinq six sept huit"]


@pytest.fixture(scope="module")
def words():
    return {"source": Vocabulary.learn(SOURCES, size=100, kind="word")}


def corpus(sources=SOURCES, targets=("a", "b", "a")):
    return Corpus(list(sources), list(targets), "data.tsv", "", lines=[3, 5, 9])


def test_encode_gives_classes_in_the_order_of_the_labels(words):
    examples = encode(corpus(), "classification", words, ["b", "a"], max_length=100)
    assert examples.targets.tolist() == [[1], [0], [1]]
    assert examples.sources.tolist() == words["source"].encode(SOURCES)
    assert len(examples) == 3 and examples.dropped == 0


def test_encode_translation_and_language_model(words):
    both = words | {"target": Vocabulary.learn(["a", "b"], size=100, kind="word")}
    examples = encode(corpus(), "translation", both, max_length=100)
    assert examples.targets.tolist() == both["target"].encode(["a", "b", "a"])
    assert encode(corpus(targets=[]), "language_model", words, max_length=100).targets.tolist() == [[], [], []]


@pytest.mark.parametrize(("max_length", "left"), [(6, 3), (5, 2)])
def test_encode_drops_and_counts_what_is_too_long(words, max_length, left):
    examples = encode(corpus(), "language_model", words, max_length=max_length)
    assert (len(examples), examples.dropped) == (left, 3 - left)
    assert examples.sources.tolist() == words["source"].encode(SOURCES[:left])


def test_encode_drops_what_is_too_long_on_the_target_side(words):
    both = words | {"target": words["source"]}
    examples = encode(corpus(targets=[SOURCES[2], "un", "un"]), "translation", both, max_length=5)
    assert examples.sources.tolist() == words["source"].encode(["deux"]) and examples.dropped == 2


def test_encode_refuses_when_all_is_too_long(words):
    with pytest.raises(CallError, match=r"data\.tsv: every one of 1 examples is longer than 5 pieces"):
        encode(corpus(SOURCES[2:], ["a"]), "language_model", words, max_length=5)


def test_an_unseen_label_is_told_with_file_and_line(words, tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_text("un\tgood\ndeux\tgoood\n")
    read = read_corpus(path, task="classification")
    with pytest.raises(CallError, match=r'dev\.tsv, line 2: label "goood" is not one of bad, good\..*mean "good"\?'):
        encode(read, "classification", words, ["bad", "good"], max_length=9)


@pytest.fixture(scope="module")
def drawn():
    """Examples that are resampled in each epoch, their vocabularies, and their texts."""
    corpus = read_corpus("numbers-fr-en", task="translation", size=300)
    sides = {"source": corpus.sources, "target": corpus.targets}
    vocabularies = {side: Vocabulary.learn(texts, size=150) for side, texts in sides.items()}
    return encode(corpus, "translation", vocabularies, max_length=100, subword_alpha=0.2, seed=3), vocabularies, corpus


def sides_of(examples):
    return {side: rows.tolist() for side, rows in examples.sides.items()}


def test_texts_are_segmented_in_another_way_in_each_epoch(drawn):
    examples, vocabularies, corpus = drawn
    numbers = np.arange(len(examples))
    first, second = (sides_of(examples.resampled(numbers, epoch)) for epoch in (0, 1))
    assert sides_of(examples.resampled(numbers, 0)) == first  # whichever epoch came before
    best = sides_of(examples)
    for side, vocabulary in vocabularies.items():
        same = [a == b for a, b in zip(first[side], best[side], strict=True)]
        assert 0.02 < np.mean(same) < 0.9 and first[side] != second[side]
        assert [vocabulary.decode(ids) for ids in first[side]] == [vocabulary.decode(ids) for ids in best[side]]
        assert len(corpus.texts(side)) == len(first[side])


def test_some_examples_are_resampled_in_the_order_of_their_numbers(drawn):
    examples, vocabularies, corpus = drawn
    some = examples.resampled(np.array([7, 2]), 0)
    texts = [vocabularies["source"].decode(ids) for ids in some.sources.tolist()]
    assert texts == [corpus.sources[7], corpus.sources[2]]


@pytest.mark.parametrize("few_shapes", [False, True])
def test_what_is_resampled_stays_in_its_bucket(drawn, few_shapes):
    examples, vocabularies, _ = drawn
    steps = steps_per_epoch(examples, 8)
    made = batches(examples, 8, shuffle_seed=1, few_shapes=few_shapes)
    first, second = list(made.take(steps)), list(made.skip(steps).take(steps))
    again = list(batches(examples, 8, shuffle_seed=1, first_epoch=1, few_shapes=few_shapes).take(steps))
    for one, other in zip(second, again, strict=True):
        np.testing.assert_array_equal(one[0]["source"], other[0]["source"])
        np.testing.assert_array_equal(one[1], other[1])
    plain = batches(replace(examples, resampled=None), 8, shuffle_seed=1, few_shapes=few_shapes).take(steps)
    changed = 0
    for (one, _), (other, _) in zip(first, plain, strict=True):  # the same examples, in another segmentation
        assert texts_of(one, vocabularies) == texts_of(other, vocabularies)
        changed += not np.array_equal(one["source"], other["source"])
    assert changed > steps / 2


def texts_of(inputs, vocabularies):
    return [[vocabularies[side].decode(ids) for ids in inputs[side].numpy()] for side in ("source", "target")]


def test_a_classifier_and_a_language_model_are_resampled_too():
    for task in ("classification", "language_model"):
        corpus = read_corpus("numbers-fr-en", task=task, size=100)
        vocabularies = {"source": Vocabulary.learn(corpus.sources, size=100)}
        labels = sorted(set(corpus.targets))
        examples = encode(corpus, task, vocabularies, labels, max_length=100, subword_alpha=0.2, seed=3)
        drawn = examples.resampled(np.arange(100), 0)
        assert drawn.sources.tolist() != examples.sources.tolist()
        assert drawn.targets.tolist() == examples.targets.tolist()
        assert len(list(batches(examples, 50, shuffle_seed=1).take(2))) == 2
