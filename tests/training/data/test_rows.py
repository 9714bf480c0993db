import errno

import numpy as np
import pytest

from zoo.errors import WorkError
from zoo.training.data.rows import ArrayWriter, Rows, RowWriter, TextWriter

ROWS = [[7, 8, 9], [], [4]]


@pytest.mark.parametrize("on_disk", [False, True])
def test_rows_in_memory_and_in_a_file(tmp_path, on_disk):
    writer = RowWriter(np.uint16, tmp_path if on_disk else None)
    writer.add(ROWS[:1])
    writer.add(ROWS[1:])
    rows = writer.rows()
    assert rows.tolist() == ROWS and len(rows) == 3 and rows.lengths().tolist() == [3, 0, 1]
    assert rows[0].tolist() == [7, 8, 9] and rows.values.dtype == np.uint16
    assert rows.padded(np.array([2, 0])).tolist() == [[4, 0, 0], [7, 8, 9]]
    assert rows.padded(np.array([2]), 4).tolist() == [[4, 0, 0, 0]]
    assert list(tmp_path.iterdir()) == []  # the file has no name


def test_empty_rows(tmp_path):
    assert Rows.empty(2).tolist() == Rows.of([[], []]).tolist() == [[], []]
    writer = RowWriter(np.int32, tmp_path)
    writer.add([[], []])
    assert writer.rows().padded(np.array([1])).shape == (1, 0)


def test_texts(tmp_path):
    writer = TextWriter(tmp_path)
    for some in (["deux", "été"], ["", "日本"]):
        writer.add_texts(some)
    texts, expected = writer.texts(), ["deux", "été", "", "日本"]
    assert list(texts) == expected and len(texts) == 4
    assert texts[1] == "été" and texts[-1] == "日本"
    for part in (slice(None), slice(1, 3), slice(2, 99), slice(3, 1), slice(None, None, 2)):
        assert texts[part] == expected[part]
    with pytest.raises(IndexError):
        texts[4]


def test_a_disk_without_space_is_told(tmp_path):
    writer = ArrayWriter(np.int32, tmp_path)

    class Full:
        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    writer.file.close()
    writer.file = Full()
    with pytest.raises(WorkError, match=f"temporary file in {tmp_path}: No space left on device"):
        writer.add(np.zeros(3))
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkError, match="temporary file in .*file"):
        ArrayWriter(np.int32, tmp_path / "file")
