import unicodedata

import pytest

from zoo.errors import CallError
from zoo.training.data import generated, numbers
from zoo.training.data.generated import Example, slots_of, split_of
from zoo.training.data.numbers import generate, names, phrases, slots


@pytest.fixture(scope="module")
def splits():
    return {split: generate(split, size) for split, size in (("train", 8_000), ("valid", 800), ("test", 800))}


def test_splits_share_no_phrase_of_either_language(splits):
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        for side in ("source", "target"):
            assert not {getattr(e, side) for e in splits[one]} & {getattr(e, side) for e in splits[other]}


def test_splits_stay_apart_under_other_seeds(splits):
    assert {split_of(example.target) for example in generate("test", 200, seed=7)} == {"test"}
    assert not {e.source for e in generate("test", 200, seed=7)} & {e.source for e in splits["train"]}


def test_every_french_phrase_has_one_english_rendering():
    renderings = {}
    for seed in range(3):
        for example in generate("train", 10_000, seed=seed):
            assert renderings.setdefault(example.source, example) == example
    assert len(renderings) > 20_000


def test_a_longer_set_begins_with_the_shorter(splits):
    assert generate("train", 300) == splits["train"][:300]
    assert generate("valid", 30) == splits["valid"][:30]


def test_seeds_differ_and_repeat():
    assert generate("train", 50, seed=1) == generate("train", 50, seed=1)
    assert generate("train", 50, seed=1) != generate("train", 50, seed=2)


def test_phrases_are_different_and_short(splits):
    for examples in splits.values():
        assert len({example.source for example in examples}) == len(examples)
        for example in examples:
            assert len(example.source.split()) <= 14 and len(example.target.split()) <= 14, example


def test_text_is_plain_and_clean(splits):
    for example in splits["train"]:
        for text in (example.source, example.target):
            assert text == unicodedata.normalize("NFC", text) == " ".join(text.split(" ")).strip()
            assert not set(text) & set("\u00a0\u202f\u2019\t\n{}&()"), text
            assert ".." not in text and "  " not in text, text


def test_kinds_are_all_there_in_their_shares(splits):
    counts = {kind: sum(e.kind == kind for e in splits["train"]) for kind in phrases.PHRASES}
    assert list(phrases.WEIGHTS) == list(phrases.PHRASES) == list(counts)
    assert sum(counts.values()) == 8_000
    for kind, weight in phrases.WEIGHTS.items():
        assert 0.5 < counts[kind] / (80 * weight) < 1.5, (kind, counts[kind])


def test_every_row_and_every_slot_is_used():
    used = {slot.rstrip("2") for rows in phrases.PHRASES.values() for row in rows for slot in slots_of(row[0])}
    assert used == set(slots.SLOTS)
    for rows in phrases.PHRASES.values():
        for french, english in rows:
            assert set(slots_of(french)) == set(slots_of(english)), french


def test_words_of_the_test_set_are_seen_in_training():
    """A held-out phrase is a new combination, not a name that was never taught."""
    seen = {word for example in generate("train", 40_000) for word in example.target.strip(".?").split()}
    held_out = [example for example in generate("test", 2_000) if not any(map(str.isdigit, example.target))]
    unseen = [e for e in held_out if not set(e.target.strip(".?").split()) <= seen]
    assert len(held_out) > 1_000
    assert not unseen


@pytest.mark.parametrize(
    ("number", "feminine", "expected"),
    [
        (97, False, ("quatre-vingt-dix-sept", "ninety-seven")),
        (21, True, ("vingt et une", "twenty-one")),
        (11, True, ("onze", "eleven")),
        (80_000, False, ("quatre-vingt mille", "eighty thousand")),
        (1_200, False, ("mille deux cents", "one thousand two hundred")),
    ],
)
def test_words(number, feminine, expected):
    assert slots.words(number, feminine) == expected


@pytest.mark.parametrize(
    ("number", "feminine", "expected"),
    [
        (1, False, ("premier", "first")),
        (1, True, ("première", "first")),
        (80, False, ("quatre-vingtième", "eightieth")),
        (200, False, ("deux centième", "two hundredth")),
        (23, True, ("vingt-troisième", "twenty-third")),
    ],
)
def test_ordinal_words(number, feminine, expected):
    assert slots.ordinal_words(number, feminine) == expected


def test_years():
    assert slots.year_words(1934) == ("mille neuf cent trente-quatre", "nineteen thirty-four")
    assert slots.year_words(2005) == ("deux mille cinq", "two thousand and five")
    assert slots.year_words(1700) == ("mille sept cent", "seventeen hundred")
    assert slots.place_words(280) == ("deux cent quatre-vingt", "two hundred and eighty")


@pytest.mark.parametrize(
    ("country", "forms"),
    [
        ("Japon", ("le Japon", "du Japon", "au Japon", "Japan")),
        ("France", ("la France", "de France", "en France", "France")),
        ("Italie", ("l'Italie", "d'Italie", "en Italie", "Italy")),
        ("Iran", ("l'Iran", "d'Iran", "en Iran", "Iran")),
        ("Haïti", ("Haïti", "d'Haïti", "en Haïti", "Haiti")),
        ("Israël", ("Israël", "d'Israël", "en Israël", "Israel")),
        ("Oman", ("Oman", "d'Oman", "à Oman", "Oman")),
        ("îles Féroé", ("les îles Féroé", "des îles Féroé", "aux îles Féroé", "the Faroe Islands")),
        ("Hongrie", ("la Hongrie", "de Hongrie", "en Hongrie", "Hungary")),
        ("Cuba", ("Cuba", "de Cuba", "à Cuba", "Cuba")),
        ("États-Unis", ("les États-Unis", "des États-Unis", "aux États-Unis", "the United States")),
    ],
)
def test_country_forms(country, forms):
    found = [(name.le, name.de, name.to, english) for name, english in names.countries() if str(name) == country]
    assert found == [forms]


def test_language_and_currency_forms():
    languages = {str(name): (name.le, name.de, name.to, english) for name, english in names.languages()}
    assert languages["arabe"] == ("l'arabe", "de l'arabe", "à l'arabe", "Arabic")
    assert languages["russe"] == ("le russe", "du russe", "au russe", "Russian")
    currencies = {str(name): (name.de, name.many, str(english), english.many) for name, english in names.currencies()}
    assert currencies["franc suisse"] == ("du franc suisse", "francs suisses", "Swiss franc", "Swiss francs")
    assert currencies["livre égyptienne"][0] == "de la livre égyptienne"


def test_names_are_plain_and_different():
    for table in (names.countries(), names.languages(), names.currencies()):
        for side in (0, 1):
            written = [str(pair[side]) for pair in table]
            assert len(set(written)) == len(written) >= 60
            assert not set("".join(written)) & set("()&\u00a0\u202f\u2019")
    assert all(" " not in str(french) for french, _ in names.languages())


def test_word_order_differs(monkeypatch):
    def first(table):
        monkeypatch.setattr(numbers, "PHRASES", {"kind": table})
        monkeypatch.setattr(numbers, "WEIGHTS", {"kind": 1})
        return generate("train", 50)

    for example in first((("{date}", "{date}"),)):
        day, _, year = example.source.split()
        assert example.target.split()[1:] == [f"{day.removesuffix('er')},", year]
    euros = [example for example in first((("{price}", "{price}"),)) if example.source.endswith("€")]
    assert euros and all(example.target.startswith("€") for example in euros)


def test_a_sentence_that_ends_in_pm_has_one_full_stop(splits):
    ends = [e.target for e in splits["train"] if e.kind == "time" and e.source.endswith(".") and "m." in e.target]
    assert ends and all(text.endswith(".") and not text.endswith("..") for text in ends)


def test_two_slots_of_a_sort_differ(monkeypatch):
    monkeypatch.setattr(numbers, "PHRASES", {"kind": (("{weekday} {weekday2}", "{weekday} {weekday2}"),)})
    monkeypatch.setattr(numbers, "WEIGHTS", {"kind": 1})
    for example in generate("train", 30):
        assert len(set(example.source.split())) == 2


def test_more_than_there_are(monkeypatch):
    monkeypatch.setattr(numbers, "PHRASES", {"kind": (("{weekday}", "{weekday}"),)})
    monkeypatch.setattr(numbers, "WEIGHTS", {"kind": 1})
    monkeypatch.setattr(generated, "MAX_FRUITLESS_DRAWS", 500)
    with pytest.raises(CallError, match=r"`size` must be at most about \d for train. Received: size=8"):
        generate("train", 8)


def test_unusable_calls():
    with pytest.raises(CallError, match="Received: split='tests'. Did you mean \"test\""):
        generate("tests", 5)
    with pytest.raises(CallError, match="positive integer. Received: size=0"):
        generate("test", 0)


def test_the_same_on_every_machine(monkeypatch):
    monkeypatch.setattr(numbers, "PHRASES", {"kind": (("{number} et {country.le}", "{number} and {country}"),)})
    monkeypatch.setattr(numbers, "WEIGHTS", {"kind": 1})
    assert generate("test", 2) == [
        Example("neuf et le Guyana", "nine and Guyana", "kind"),
        Example("douze et la Chine", "twelve and China", "kind"),
    ]
