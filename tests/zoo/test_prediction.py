"""Predictions draw themselves, and show themselves in a notebook."""

import re

import numpy as np
import pytest

import zoo
from zoo.errors import CallError

PREDICTION = zoo.Prediction(
    input="deux <b>",
    output="two & more",
    score=-0.25,
    source_pieces=["▁deux", "<b>", "</s>"],
    target_pieces=["▁two", "</s>"],
    attention=np.array([[0.9, 0.1, 0.0], [0.25, 0.5, 0.25]]),
)


def test_plot_returns_the_axes_with_the_weights():
    axes = PREDICTION.plot()
    np.testing.assert_allclose(axes.images[0].get_array(), PREDICTION.attention)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["_two", "</s>"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["_deux", "<b>", "</s>"]


def test_plot_on_given_axes():
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert PREDICTION.plot(ax=right) is right and right.images and not left.images


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (zoo.Prediction(input="a", output="b", score=0.0), "has no attention: the model does not attend"),
        (
            zoo.Prediction(input="a", output="", score=0.0, source_pieces=["a"], attention=np.zeros([0, 1])),
            "The output is empty",
        ),
    ],
)
def test_nothing_to_plot(prediction, message):
    with pytest.raises(CallError, match=message):
        prediction.plot()


def test_predictions_are_compared_by_all_but_their_attention():
    """Arrays have no one answer to `==`."""
    one, same, other = (zoo.Prediction(input="a", output=to, score=0.0, attention=np.ones([2, 2])) for to in "bbc")
    assert one == same != other


def test_html_shows_texts_and_weights_and_escapes_both():
    html = PREDICTION._repr_html_()
    assert "<bdi>deux &lt;b&gt;</bdi> → <b><bdi>two &amp; more</bdi></b>" in html and html.count("<b>") == 1
    assert 'class="tex2jax_ignore mathjax_ignore"' in html
    assert re.findall(r'title="([0-9.]+)"', html) == ["0.900", "0.100", "0.000", "0.250", "0.500", "0.250"]
    assert html.count("<tr>") == 3 and "_deux" in html


def test_html_without_attention_and_with_alternatives():
    other = zoo.Prediction(input="a", output="second", score=-2.0)
    first = zoo.Prediction(input="a", output="first", score=-1.0, alternatives=[other, other])
    html = first._repr_html_()
    assert "<table" not in html and html.count("second") == 1 and "2. <bdi>second</bdi> (-2.000)" in html
    label = zoo.Prediction(input="a", output="good", score=-0.1, probability=0.9)
    assert "probability 0.900" in label._repr_html_()


def test_html_of_a_large_prediction_has_no_table():
    large = np.full([128, 128], 1 / 128)
    pieces = ["a"] * 128
    prediction = zoo.Prediction(
        input="a", output="b", score=0.0, source_pieces=pieces, target_pieces=pieces, attention=large
    )
    assert "<table" not in prediction._repr_html_()
