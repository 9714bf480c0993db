import gzip
import inspect

import numpy as np
import pytest

import zoo
from zoo.errors import CallError
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.datasets import Batching
from zoo.training.data.examples import encode
from zoo.training.data.numbers import generate

EXAMPLES = list(generate("train", 60))
FRENCH = [example.source for example in EXAMPLES]
ENGLISH = [example.target for example in EXAMPLES]
KINDS = [example.kind for example in EXAMPLES]


@pytest.fixture(scope="module")
def vocabularies():
    return zoo.Vocabulary.learn(FRENCH, size=90), zoo.Vocabulary.learn(ENGLISH, size=90)


def arrays(data):
    return [[one.numpy() for one in (*inputs.values(), targets)] for inputs, targets in data]


def flat(data):
    return [b"".join(one.tobytes() for one in batch) for batch in arrays(data)]


def test_they_are_the_batches_of_the_training(vocabularies):
    from zoo.training.data.corpora import corpus_of

    data = zoo.pairs(FRENCH, iter(ENGLISH), *vocabularies, batch_size=8, seed=3)
    sides = dict(zip(("source", "target"), vocabularies, strict=True))
    examples = encode(corpus_of(FRENCH, ENGLISH, "x"), "translation", sides, max_length=100)
    steps = steps_per_epoch(examples, 8)
    assert len(data) == steps == int(data.cardinality())
    expected = flat(batches(examples, 8, shuffle_seed=3).take(2 * steps))
    assert flat(data) + flat(data) == expected
    assert expected[:steps] != expected[steps:]


def test_without_shuffle_the_order_is_kept(vocabularies):
    texts = ["un", "un deux trois quatre cinq six sept huit neuf dix onze douze treize", "deux", "trois"]
    labels = ["b", "a", "b", "c"]
    options = {"classes": ["a", "b", "c"], "shuffle": False, "batch_size": 2}
    for some in ({}, {"few_shapes": True}, {"batch_size": None, "batch_tokens": 200}):
        data = zoo.labelled(texts, labels, vocabularies[0], **{**options, **some, "batch_size": 2})
        assert [int(number) for _, numbers in data for number in numbers] == [1, 0, 1, 2]
    ((ids, _), *_) = zoo.labelled(texts, labels, vocabularies[0], **options)
    assert [vocabularies[0].decode(row) for row in ids.numpy().tolist()] == texts[:2]


def test_says_what_is_left_out(vocabularies, caplog):
    data = zoo.labelled(["un", "un deux trois quatre"], ["a", "b"], vocabularies[0], max_length=2, batch_size=4)
    assert [len(numbers) for _, numbers in data] == [1]
    assert "left out 1 of 2 examples with more than 2 pieces on a side" in caplog.text


def test_an_epoch_can_be_chosen_and_cut(vocabularies):
    data = zoo.pairs(FRENCH, ENGLISH, *vocabularies, batch_size=8, subword_alpha=0.3)
    whole = [flat(data) for _ in range(3)]
    data.epochs.number, data.epochs.done = 1, 2
    assert flat(data) == whole[1][2:] and flat(data) == whole[2]
    assert whole[0] != whole[1]


def test_from_files(tmp_path, vocabularies):
    for name, lines in (("fr", FRENCH), ("en", ENGLISH)):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in zip(FRENCH, ENGLISH, strict=True)))
    (tmp_path / "kinds.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in zip(FRENCH, KINDS, strict=True)))
    (tmp_path / "text").write_text("\n\n".join(ENGLISH))
    expected = flat(zoo.pairs(FRENCH, ENGLISH, *vocabularies))
    assert flat(zoo.pairs(tmp_path / "fr.gz", str(tmp_path / "en.gz"), *vocabularies)) == expected
    assert flat(zoo.pairs(tmp_path / "pairs.tsv", None, *vocabularies)) == expected
    for (ids, targets), (other, others) in (
        (next(iter(zoo.texts(tmp_path / "text", vocabularies[1]))), next(iter(zoo.texts(ENGLISH, vocabularies[1])))),
        (
            next(iter(zoo.labelled(tmp_path / "kinds.tsv", None, vocabularies[0]))),
            next(iter(zoo.labelled(FRENCH, KINDS, vocabularies[0]))),
        ),
    ):
        np.testing.assert_array_equal(ids, other)
        np.testing.assert_array_equal(targets, others)
    assert zoo.labels_of(tmp_path / "kinds.tsv") == zoo.labels_of(KINDS) == sorted(set(KINDS))


def test_classes_are_in_sorted_order_or_in_the_given_one(vocabularies):
    texts, labels = ["un", "deux", "trois"], ["b", "a", "b"]
    for classes, expected in ((None, [1, 0, 1]), (["b", "c", "a"], [0, 2, 0])):
        found = {}
        for ids, numbers in zoo.labelled(texts, labels, vocabularies[0], classes=classes):
            found |= zip(map(vocabularies[0].decode, ids.numpy().tolist()), numbers.numpy().tolist(), strict=True)
        assert [found[text] for text in texts] == expected


def test_options_are_in_the_signature():
    for function in (zoo.pairs, zoo.texts, zoo.labelled):
        assert {*inspect.signature(Batching).parameters} <= {*inspect.signature(function).parameters}
        assert "options" not in inspect.signature(function).parameters


def test_a_model_fits_them(vocabularies):
    french, english = vocabularies
    made = {
        "bahdanau_seq2seq": ((french.size, english.size), zoo.pairs(FRENCH, ENGLISH, *vocabularies, batch_size=16)),
        "tanh_rnn_lm": ((english.size,), zoo.texts(ENGLISH, english, batch_size=16)),
        "tanh_dnn": ((french.size, len(set(KINDS))), zoo.labelled(FRENCH, KINDS, french, batch_size=16)),
    }
    for name, (sizes, data) in made.items():
        model = zoo.MODELS[name](*sizes, units=4)
        model.compile("adam")
        history = model.fit(data, epochs=2, validation_data=data, verbose=0).history
        assert history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
        assert model.optimizer.iterations == 2 * len(data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: zoo.pairs(["a"], ["b", "c"], v, v), "Received: 1 sources and 2 targets"),
        (lambda v: zoo.pairs([], [], v, v), "no sources"),
        (lambda v: zoo.pairs("un", ["one"], v, v), "`sources` must be a list of strings. Received: sources='un'"),
        (lambda v: zoo.pairs(["un"], None, v, v), "`targets` must be a list of strings"),
        (lambda v: zoo.pairs("un", "one", v, v), "No such file: un"),
        (lambda v: zoo.pairs(["un", 2], ["one", "two"], v, v), r"sources\[1\]='2'"),
        (lambda v: zoo.pairs(["un", " "], ["one", "two"], v, v), r"sources\[1\] has nothing but white space"),
        (lambda v: zoo.pairs(["un"], ["one"], v, "en.model"), "target vocabulary must be a `zoo.Vocabulary`"),
        (lambda v: zoo.pairs(["un"], ["one"], v, v, batch_sise=3), 'Did you mean "batch_size"'),
        (lambda v: zoo.pairs(["un"], ["one"], v, v, batch_size=0), "batch_size=0"),
        (lambda v: zoo.pairs(["un"], ["one"], v, v, shuffle=False, subword_alpha=0.1), "is for training"),
        (lambda v: zoo.pairs(["un un un un"], ["one"], v, v, max_length=1), "is longer than 1 pieces"),
        (lambda v: zoo.texts([" ", ""], v), "at least one line"),
        (lambda v: zoo.texts(3, v), "`lines` must be a list of strings"),
        (lambda v: zoo.pairs(["un", "\ud83d"], ["one", "two"], v, v), r"UTF-8 can hold. Received: sources\[1\]="),
        (lambda v: zoo.labelled(["un"], [1], v), r"labels\[0\]='1'"),
        (lambda v: zoo.labelled(["un"], ["a"], v, shuffle=False), "needs `classes`"),
        (lambda v: zoo.labelled(["un"], ["a"], v, classes=["a", "b", "a"]), "Received: 'a' more than once"),
        (lambda v: zoo.labelled(["un", "deux"], ["good", "god"], v, classes=["good", "bad"]), 'Did you mean "good"'),
    ],
)
def test_wrong_calls(call, message, vocabularies):
    with pytest.raises(CallError, match=message):
        call(vocabularies[0])
