import random
import re
import string
import unicodedata
from pathlib import Path

import pytest

from zoo.errors import CallError
from zoo.training.data.corpora import read_corpus
from zoo.training.data.generated import slots_of, split_of
from zoo.training.data.spoken import LANGUAGES, WEIGHTS, generate, joined

BY_HAND = Path(__file__).parents[3] / "benchmarks" / "by_hand"
SPLITS = {"train": 4_000, "valid": 400, "test": 400}


@pytest.fixture(scope="module", params=list(LANGUAGES))
def language(request):
    return request.param


@pytest.fixture(scope="module")
def splits(language):
    return {split: generate(language, split, size) for split, size in SPLITS.items()}


@pytest.fixture
def table(language):
    return LANGUAGES[language][0]


@pytest.fixture
def slots(language):
    return LANGUAGES[language][1].SLOTS


def any_slots(table, slots):
    """Return all slots, those of any words with few choices."""
    words = {**table.WORDS, "words": ("some words", "other words"), "few": ("word", "this")}
    copies = {slot: lambda stream, choices=choices: (stream.choice(choices),) * 2 for slot, choices in words.items()}
    return {**slots, **copies}


def test_splits_share_no_sentence_of_either_side(splits):
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        for side in ("source", "target"):
            assert not {getattr(e, side) for e in splits[one]} & {getattr(e, side) for e in splits[other]}


def test_splits_stay_apart_under_other_seeds(language, splits):
    other = generate(language, "test", 200, seed=7)
    assert {split_of(example.target) for example in other} == {"test"}
    assert not {e.source for e in other} & {e.source for e in splits["train"]}


def test_the_seed_decides(language, splits):
    assert generate(language, "train", 100) == splits["train"][:100]
    assert generate(language, "train", 50, seed=1) == generate(language, "train", 50, seed=1)
    assert generate(language, "train", 50, seed=1) != generate(language, "train", 50, seed=2)


def test_a_written_sentence_has_one_spoken_form(language):
    spoken = {}
    for seed in range(3):
        for example in generate(language, "train", 3_000, seed=seed):
            assert spoken.setdefault(example.source, example.target) == example.target
    assert len(spoken) > 7_000


def test_nothing_is_left_to_say(splits):
    """No digit, symbol or Roman numeral is left on the spoken side; its marks are those of a sentence."""
    letters = {c for e in splits["train"] for c in e.target if not c.isalpha()}
    assert letters <= set(" '’(),-–.!?:;\"«»“”")
    assert not [e for e in splits["train"] if re.search(r"\b(M|Mr|Dr|[IVX]{2,})\b(?!')", e.target)]


def test_sentences_with_nothing_to_say_are_copied(splits):
    """All plain ones, some of any words, and no others."""
    for examples in splits.values():
        assert all((e.source == e.target) == (e.kind == "plain") for e in examples if e.kind not in ("text", "joined"))
        assert 0.15 < sum(example.source == example.target for example in examples) / len(examples) < 0.25


def test_any_words_are_copied_around_what_is_said(language, monkeypatch):
    """The drawn texts stand on both sides as they are; some of the sentences have nothing else."""
    drawn, any_words = [], LANGUAGES[language][1].ANY_WORDS
    draw = any_words.text
    monkeypatch.setattr(any_words, "text", lambda stream: drawn.append(draw(stream)) or drawn[-1])
    for kind in WEIGHTS:
        monkeypatch.setitem(WEIGHTS, kind, int(kind == "text"))
    examples = generate(language, "train", 400)
    copies = 0
    for example in examples:
        source, target = (text.replace("’", "'") for text in (example.source, example.target))
        texts = [text for text in drawn if text in source]
        assert texts and all(text in target for text in texts), example
        copies += example.source == example.target
    assert 0.15 < copies / len(examples) < 0.35


def test_any_words_are_no_words_that_are_said(language, table):
    """A unit, a title or a month is never drawn, so that nothing written has two readings."""
    any_words, stream = LANGUAGES[language][1].ANY_WORDS, random.Random(2)
    words = [any_words.word(stream) for _ in range(30_000)]
    assert not {word.casefold() for word in words} & any_words.said and len(any_words.said) > 40
    assert not [word for word in words if re.fullmatch("[IVXLCDM]{2,}", word)]
    assert len({*words} - {*table.COMMON}) > 10_000
    made_up = [any_words.made_up(stream) for _ in range(2_000)]
    assert all(3 <= len(word) <= 16 for word in made_up) and any(not word.isascii() for word in made_up)


def test_any_two_things_are_joined(table, slots):
    """Nearly every fragment with something to say stands before and behind every kind of thing; 120 pairs are drawn."""
    stream, pairs = random.Random(5), set()
    marks = {"price": r"[$€£]", "day": r"\b\d{4}\b", "time": r"\d[:h ]+\d\d|[ap]\.?m\b", "share": "%", "degrees": "°"}
    for _ in range(6_000):
        written, spoken = joined.draw(table, any_slots(table, slots), stream)
        assert not set(spoken) & set(string.digits), written
        places = [(found.start(), mark) for mark, form in marks.items() for found in re.finditer(form, written)]
        names = [mark for _, mark in sorted(places)]
        pairs |= {*zip(names, names[1:], strict=False)}
    assert pairs == {(one, other) for one in marks for other in marks}


def test_nothing_that_is_said_runs_into_the_next(table, slots):
    """After "12 h", "30 km" would be minutes, after "5", "120 km" thousands: there is a mark or a word between."""
    stream, drawn = random.Random(6), []

    def bounded(draw):
        def filling(stream):
            written, spoken = draw(stream)
            return f"<{written}>", spoken

        return filling

    bounds = {slot: bounded(draw) for slot, draw in slots.items()}
    for _ in range(4_000):
        drawn.append(joined.draw(table, {**any_slots(table, slots), **bounds}, stream)[0])
    assert not [text for text in drawn if re.search(r"> <\W*\d", text)]
    assert any("> " in text for text in drawn) and any(", <" in text for text in drawn)


def test_a_sentence_that_ends_with_an_abbreviation_has_one_dot():
    examples = generate("en", "train", 12_000)
    ends = [example for example in examples if example.source.endswith(".m.")]
    assert len(ends) > 30 and all(example.target.endswith(" m.") for example in ends)
    inside = [example for example in examples if re.search(r"\d ?[ap]\.m\. [a-z]", example.source)]
    inside = [example for example in inside if not re.search(r"m\. [^a-z]|[pa]m\. |[PA]M\. ", example.source)]
    assert len(inside) > 30 and not [example for example in inside if " m. " in example.target]
    before_a_capital = [re.search(r"\d ?[ap]\.m\. ([A-Z][a-z]+) ", example.source) for example in examples]
    pairs = [(example, found[1]) for example, found in zip(examples, before_a_capital, strict=True) if found]
    assert len(pairs) > 5 and all(f" m. {word} " in example.target for example, word in pairs if word != "No")


def test_the_words_around_a_slot_are_copied(language, table, splits):
    """The spoken side holds every word of its sentence that has no digit, mark or abbreviation, in order."""
    for sentence in table.SENTENCES["several"]:
        around = [re.escape(part) for part in re.split(r"{\w+}", sentence)]
        pattern = re.compile("(.+?)".join(around))
        found = [e for e in splits["train"] if e.kind == "several" and pattern.fullmatch(e.source)]
        assert found and all(pattern.fullmatch(example.target) for example in found), sentence


def test_text_is_plain_and_clean(splits):
    for example in splits["train"]:
        assert max(len(example.source), len(example.target)) <= 240, example  # an answer has at most 256 characters
        for text in (example.source, example.target):
            assert text == unicodedata.normalize("NFC", text) == " ".join(text.split())
            assert not set(text) & set("\u00a0\u202f{}"), text


def test_every_kind_has_its_share(table, splits):
    assert list(WEIGHTS) == [*table.SENTENCES, "joined"]
    total = sum(WEIGHTS.values())
    for kind, weight in WEIGHTS.items():
        count = sum(example.kind == kind for example in splits["train"])
        assert 0.5 < count / (SPLITS["train"] * weight / total) < 1.5, (kind, count)


def test_every_slot_is_used_and_every_slot_exists(table, slots):
    rows = [row for rows in (*table.SENTENCES.values(), table.FRAGMENTS) for row in rows]
    used = {slot.rstrip("2") for row in rows for slot in slots_of(row)}
    assert used | {"surname"} == {*slots, *table.WORDS, "words", "few"}  # surnames follow a title
    assert not {*slots} & {*table.WORDS}


def test_the_tables_are_words_alone(table):
    for rows in table.SENTENCES.values():
        assert len(set(rows)) == len(rows)
    for row in (*(row for rows in table.SENTENCES.values() for row in rows), *table.FRAGMENTS):
        assert not set(re.sub(r"{\w+}", "", row)) & set(string.digits), row
    for words in (*table.WORDS.values(), table.COMMON):
        assert len(set(words)) == len(words) and not set("".join(words)) & set(string.digits)


def test_plain_sentences_have_only_copied_words(table, slots):
    assert not {slot.rstrip("2") for row in table.SENTENCES["plain"] for slot in slots_of(row)} & {*slots}


def test_every_slot_has_something_to_say(slots):
    stream = random.Random(1)
    for slot, draw in slots.items():
        for _ in range(200):
            written, spoken = draw(stream)
            assert written != spoken and not set(spoken) & set(string.digits), (slot, written, spoken)


def test_words_of_the_test_set_are_seen_in_training(language):
    """A held-out sentence is a new combination, not a word that was never taught; but for made-up words and names."""
    made_up = ("text", "name", "several", "joined")

    def words(split, size):
        examples = [example for example in generate(language, split, size) if example.kind not in made_up]
        return {word.strip("().,?!") for example in examples for word in example.target.split()}

    unseen = words("test", 400) - words("train", 14_000)
    assert len(unseen) <= 6, unseen  # a rare century and the like


def test_sentences_by_hand_say_everything(language):
    """Those of `benchmarks.spoken`: the conventions are the corpus' own."""
    pairs = read_corpus(BY_HAND / f"spoken-{language}.tsv", task="translation")
    assert len({*pairs.sources}) == len(pairs) == 60
    assert not set("".join(pairs.targets)) & set(string.digits + "%$€£°²")
    assert sum(source == target for source, target in zip(pairs.sources, pairs.targets, strict=True)) == 3


def test_unusable_calls(language):
    with pytest.raises(CallError, match="Received: split='tests'. Did you mean \"test\""):
        generate(language, "tests", 5)
    with pytest.raises(CallError, match="positive integer. Received: size=0"):
        generate(language, "test", 0)
