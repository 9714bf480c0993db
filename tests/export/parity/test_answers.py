"""The comparison of predictions."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import WorkError
from zoo.export.parity.answers import attention_agrees, compare
from zoo.prediction import Prediction


def prediction(score=-1.0, attention=0.5):
    return Prediction(input="a", output="b", score=score, attention=np.full([1, 1], attention))


@pytest.mark.parametrize(
    ("score", "attention", "message"),
    [(np.nan, 0.5, "the score differs by nan"), (-1.0, np.nan, "the attention differs")],
)
def test_nan_differs(score, attention, message):
    """Wherever it stands: `max` does not see it in a row of numbers."""
    expected, actual = [prediction(), prediction()], [prediction(), prediction(score, attention)]
    with pytest.raises(WorkError, match=message):
        compare(expected, actual, "it")


@pytest.mark.parametrize(
    ("score", "difference", "same"), [(-700.0, 0.002, True), (-700.0, 0.2, False), (-1.0, 0.002, False)]
)
def test_scores_are_compared_relative_to_their_size(score, difference, same):
    """Regression: the score of a long answer, a sum over its pieces, differs by rounding alone."""
    expected, actual = [prediction(score)], [prediction(score + difference)]
    if same:
        assert compare(expected, actual, "it")["max_score_difference"] < 1e-5
    else:
        with pytest.raises(WorkError, match="the score differs"):
            compare(expected, actual, "it")


@pytest.mark.parametrize(("pieces", "difference", "agrees"), [(1, 2e-4, True), (99, 4e-4, False), (300, 8e-4, True)])
def test_the_tolerance_of_the_attention_grows_with_a_long_text(pieces, difference, agrees):
    expected, actual = (
        Prediction(input="a", output="b", score=0.0, attention=np.full([1, pieces], weight))
        for weight in (0.5, 0.5 + difference)
    )
    assert attention_agrees(expected, actual) == agrees
    assert not attention_agrees(expected, replace(actual, attention=np.full([1, pieces], 0.51)))
