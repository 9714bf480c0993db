import json

import pytest

from tests.support.command import PAIR


def test_truncated_texts_are_counted(call, places, tmp_path):
    (tmp_path / "data.tsv").write_text(PAIR + "trois " * 600 + "\tthree\n", encoding="utf-8")
    status, out, err = call("evaluate", places["tflite"], tmp_path / "data.tsv", "--json")
    assert status == 0 and json.loads(out)["truncated"] == 1
    assert "1 of 2 texts are too long; only their beginnings were read" in err


def test_evaluate_with_a_beam(call, places, tmp_path):
    (tmp_path / "data.tsv").write_text(PAIR * 2, encoding="utf-8")
    status, out, _ = call("evaluate", places["tflite"], tmp_path / "data.tsv", "--beam", "3", "--json")
    scores = json.loads(out)
    assert status == 0 and scores["beam"] == 3 and scores["length_penalty"] == 0.6 and scores["count"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "numbers-fr-en", "--length-penalty", "1"], "--length-penalty needs --beam N"),
        (["nowhere", "numbers-fr-en", "--beam", "-2"], "Received: -2"),
        (["nowhere", "numbers-fr-en"], "There is no nowhere"),
    ],
)
def test_a_wrong_call(arguments, message, refusal):
    assert message in refusal("evaluate", *arguments)
