import collections

import numpy as np
import pytest

import zoo.training.shortlist
from zoo.errors import CallError
from zoo.training.shortlist import learn_shortlist

DAS, HAUS, BUCH, EIN = 4, 5, 6, 7
THE, HOUSE, BOOK, A = 5, 6, 7, 8
SOURCES = [[DAS, HAUS], [DAS, BUCH], [EIN, BUCH]]
TARGETS = [[THE, HOUSE], [THE, BOOK], [A, BOOK]]


def model_1(rounds):
    """Return t(e | f) by the formula, one pair after the other."""
    t = collections.defaultdict(lambda: 1.0)
    for _ in range(rounds):
        counts, totals = collections.Counter(), collections.Counter()
        for source, target in zip(SOURCES, TARGETS, strict=True):
            for e in target:
                total = sum(t[f, e] for f in [None, *source])
                for f in [None, *source]:
                    counts[f, e] += t[f, e] / total
                    totals[f] += t[f, e] / total
        t = {(f, e): count / totals[f] for (f, e), count in counts.items()}
    return t


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_rows_have_the_order_of_model_1(rounds):
    expected = model_1(rounds)
    table = learn_shortlist(SOURCES, TARGETS, 9, 9, per_piece=3, frequent=0, rounds=rounds).table
    assert table.shape == (9, 3) and table.dtype == np.int32
    for f in (DAS, HAUS, BUCH, EIN):
        known = {e: p for (g, e), p in expected.items() if g == f}
        row = [int(e) for e in table[f] if e]
        assert set(row) == set(known)
        assert [known[e] for e in row] == pytest.approx(sorted(known.values(), reverse=True))
    assert not table[[0, 1, 2, 3, 8]].any()


def test_it_finds_the_translations():
    table = learn_shortlist(SOURCES, TARGETS, 9, 9, per_piece=1, frequent=0).table
    assert table[[DAS, HAUS, BUCH, EIN], 0].tolist() == [THE, HOUSE, BOOK, A]


def test_frequent_pieces_are_always_candidates():
    assert learn_shortlist(SOURCES, TARGETS, 9, 12, frequent=2).always.tolist() == [0, 1, 2, 3, THE, BOOK]
    assert learn_shortlist(SOURCES, TARGETS, 9, 12, frequent=10).always.tolist() == [0, 1, 2, 3, THE, HOUSE, BOOK, A]


def test_a_large_corpus_is_read_in_part(monkeypatch):
    monkeypatch.setattr(zoo.training.shortlist, "MOST_LINKS", 12)  # of 18
    table = learn_shortlist(SOURCES, TARGETS, 9, 9, per_piece=2, frequent=0).table
    assert not table[DAS].tolist() == [0, 0] and THE in table[DAS] and BOOK not in table[DAS]


def test_sentences_without_translations_are_refused():
    with pytest.raises(CallError, match="Received: 3 sources and 2 targets"):
        learn_shortlist(SOURCES, TARGETS[:2], 9, 9)
    with pytest.raises(CallError, match="Received: 0 sources"):
        learn_shortlist([], [], 9, 9)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((7, 9), {}, "A source id must be below the size of its vocabulary, 7. Received: 7"),
        ((9, 8), {}, "A target id must be below the size of its vocabulary, 8. Received: 8"),
        ((9, 9), {"per_piece": 0}, "`per_piece` must be a positive integer"),
        ((9, 9), {"frequent": -1}, "frequent=-1"),
    ],
)
def test_what_does_not_fit_is_refused(sizes, options, message):
    with pytest.raises(CallError, match=message):
        learn_shortlist(SOURCES, TARGETS, *sizes, **options)
    assert learn_shortlist(np.array(SOURCES), np.array(TARGETS), 9, 9).table.any()
