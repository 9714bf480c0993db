import numpy as np
import pytest

import zoo
from zoo.errors import CallError
from zoo.shortlist import Shortlist

TABLE = np.array([[0, 0], [0, 0], [0, 0], [7, 0], [8, 4]], np.int32)
ALWAYS = np.arange(5, dtype=np.int32)


def shortlist(**changes):
    return Shortlist(**{"table": TABLE, "always": ALWAYS, "target_size": 9} | changes)


def test_the_candidates_of_a_sentence():
    assert shortlist().candidates([3, 4, 3, 2]).tolist() == [0, 1, 2, 3, 4, 7, 8]
    assert shortlist().candidates([]).tolist() == ALWAYS.tolist()


def test_it_is_read_as_it_was_saved(tmp_path):
    shortlist().save(tmp_path / "shortlist.npz")
    read = Shortlist.load(tmp_path / "shortlist.npz")
    assert read.table.tolist() == TABLE.tolist() and read.always.tolist() == ALWAYS.tolist() and read.target_size == 9
    assert read.table.dtype == read.always.dtype == np.int32


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "shortlist.npz"
    with pytest.raises(CallError, match="There is no file"):
        Shortlist.load(path)
    shortlist().save(path)
    content = path.read_bytes()
    huge = content.replace(b"(5, 2), }".ljust(30), b"(1099511627776, 2), }".ljust(30))
    place = content.index(b"PK\x01\x02") + 10  # the method of compression in the central directory
    unknown = content[:place] + b"\x63\x00" + content[place + 2 :]
    for damaged in (b"", content[: len(content) // 2], content.replace(b"table", b"tible"), huge, unknown):
        assert damaged != content
        path.write_bytes(damaged)
        with pytest.raises(CallError, match="is damaged or no shortlist"):
            Shortlist.load(path)


def test_a_table_with_few_candidates_is_read_as_it_was_saved(tmp_path):
    """Most rows of a vocabulary that the training set does not use are empty."""
    table = np.zeros([100_000, 50], np.int32)
    table[:100, 0] = 7
    shortlist(table=table).save(tmp_path / "shortlist.npz")
    np.testing.assert_array_equal(Shortlist.load(tmp_path / "shortlist.npz").table, table)


def test_a_file_that_would_grow_out_of_proportion_is_refused(tmp_path):
    path = tmp_path / "shortlist.npz"
    np.savez_compressed(path, table=np.zeros([1_000, 1_000], np.int32), always=ALWAYS, target_size=9)
    with pytest.raises(CallError, match=r"is damaged or no shortlist: its [\d,]+ bytes would become 4,"):
        Shortlist.load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": TABLE.astype(np.int64)}, "`table` must be int32 of 2 axes. Received: int64"),
        ({"always": TABLE}, "`always` must be int32 of 1 axes"),
        ({"target_size": 8}, "`table` must have ids from 0 to 7"),
        ({"table": -TABLE}, "`table` must have ids from 0 to 8"),
        ({"always": ALWAYS[1:]}, "the special ids 0 to 3"),
    ],
)
def test_wrong_arrays_are_refused(changes, message):
    with pytest.raises(CallError, match=message):
        shortlist(**changes)


def test_a_model_that_it_does_not_fit_is_refused():
    shortlist().check(zoo.seq2seq(5, 9, units=4))
    for model, message in [
        (zoo.seq2seq(5, 10, units=4), r"vocabularies of \[5, 9\] pieces. Received: a model of \[5, 10\]"),
        (zoo.seq2seq(5, 9, units=4, start_id=4), "start_id=4"),
        (zoo.tanh_rnn_lm(9, units=4), "Only a translation model"),
    ]:
        with pytest.raises(CallError, match=message):
            shortlist().check(model)
