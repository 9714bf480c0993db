import math

import pytest

from zoo.errors import CallError
from zoo.training.run.history import HISTORY, best_epoch, read_history, write_history
from zoo.training.settings import Monitor

NAN = float("nan")


def test_history_round_trip(tmp_path):
    rows = [{"epoch": 1, "loss": 0.1 + 0.2, "val_loss": NAN}, {"epoch": 2, "loss": 1e-30, "val_loss": math.inf}]
    write_history(tmp_path, rows)
    first, second = read_history(tmp_path)
    assert math.isnan(first.pop("val_loss"))
    assert (first, second) == ({"epoch": 1, "loss": 0.1 + 0.2}, rows[1])
    assert (tmp_path / HISTORY).read_text().splitlines()[1].startswith("1,")
    write_history(tmp_path, read_history(tmp_path))
    assert (tmp_path / HISTORY).read_text().splitlines()[1].startswith("1,")


def test_a_score_that_not_every_epoch_has(tmp_path):
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "val_loss": 0.5}, {"epoch": 3, "loss": 0.125}]
    write_history(tmp_path, rows)
    assert read_history(tmp_path) == rows
    assert best_epoch(rows, Monitor(name="val_loss", rising=False)) == 2


def test_no_history(tmp_path):
    assert read_history(tmp_path) == []
    write_history(tmp_path, [])
    assert read_history(tmp_path) == []


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.5\n2\n", "epoch,loss\n1,many\n", "loss\n0.5\n", "epoch\n1,2\n"])
def test_a_damaged_history_is_told(tmp_path, content):
    (tmp_path / HISTORY).write_text(content)
    with pytest.raises(CallError, match=r"history\.csv is damaged"):
        read_history(tmp_path)
