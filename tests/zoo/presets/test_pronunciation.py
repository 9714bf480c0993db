"""Error rates of pronunciations, against counts made by hand."""

from types import SimpleNamespace

import pytest

from zoo.errors import CallError
from zoo.prediction import Beam
from zoo.presets.pronunciation import pronunciation_of, pronunciation_scores, unstressed

REFERENCES = [["R EH1 D", "R IY1 D"], ["K AE1 T"], ["AH0 B AW1 T"], ["D AO1 G", "D AA1 G"]]
OUTPUTS = ["R IY1 D", "K AE0 T", "B AW1 T", "D AO1 G"]


def test_scores():
    pytest.importorskip("rapidfuzz")
    scores = {name: score["score"] for name, score in pronunciation_scores(OUTPUTS, REFERENCES).items()}
    assert scores == {
        "word_error": 75.0,  # read as in "he will read", the stress of cat, about
        "word_error_any": 50.0,
        "word_error_unstressed": 25.0,
        "phoneme_error_unstressed": round(100 / 13, 2),  # one phoneme is missing, of 3 + 3 + 4 + 3
    }


def test_a_phoneme_that_is_inserted_and_one_that_is_replaced():
    pytest.importorskip("rapidfuzz")
    scores = pronunciation_scores(["K AE1 T S", "D UH1 G"], [["K AE1 T"], ["D AO1 G"]])
    assert scores["phoneme_error_unstressed"]["score"] == round(200 / 6, 2)
    assert scores["word_error"] == {"score": 100.0, "low": 100.0, "high": 100.0}


def test_words_with_several_pronunciations_count_once():
    pytest.importorskip("rapidfuzz")
    words = ["read", "read", "cat", "about", "dog", "dog"]
    pronunciations = [known for of_word in REFERENCES for known in of_word]
    asked = []

    def predict(texts, beam):
        asked.append((texts, beam))
        return [SimpleNamespace(output=output) for output in OUTPUTS]

    model, beam = SimpleNamespace(predict=predict, task="translation"), Beam(3)
    result = pronunciation_of(model, words, pronunciations, beam=beam)
    assert asked == [(["read", "cat", "about", "dog"], beam)] and result["count"] == 4
    assert result["scores"] == pronunciation_scores(OUTPUTS, REFERENCES)
    assert result["failures"][0] == {"input": "read", "expected": "R EH1 D", "output": "R IY1 D"}
    assert len(result["failures"]) == 3


def test_stress():
    assert unstressed("AH0 T EH1 N SH AH0 N") == "AH T EH N SH AH N"


def test_another_task_is_refused():
    with pytest.raises(CallError, match="Pronunciations are those of a model for translation. Received: one for lang"):
        pronunciation_of(SimpleNamespace(task="language_model"), ["un"], [])
