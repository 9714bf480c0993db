import numpy as np
import pytest

import zoo
from tests.support.checks import assert_close, check_layer, normal, randomise, weights_of
from zoo.errors import CallError
from zoo.layers import StructuredSelfAttention

MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool)


def made(**options):
    layer = StructuredSelfAttention(**{"units": 4, "hops": 2, **options})
    layer.build((None, None, 5))
    return randomise(layer)


def test_layer():
    check_layer(StructuredSelfAttention, {"units": 4, "hops": 2}, [normal(2, 3, 5)])


def test_equation():
    layer, y = made(), normal(3, 4, 5)
    w = weights_of(layer)
    sums, weights = layer(y, mask=MASK)
    assert sums.shape == (3, 2, 5) and weights.shape == (3, 2, 4)
    for n, length in enumerate(MASK.sum(1)):
        for j in range(2):
            scores = [w["hop_kernel"][:, j] @ np.tanh(w["kernel"].T @ y[n, i].astype("float64")) for i in range(length)]
            alpha = np.exp(scores) / np.exp(scores).sum()
            assert_close(weights[n, j], np.pad(alpha, (0, 4 - length)))
            assert_close(sums[n, j], alpha @ y[n, :length] if length else np.zeros(5))


def test_padding_on_either_side_changes_nothing():
    layer, y = made(), normal(3, 4, 5)
    sums, weights = layer(y, mask=MASK)
    padded = np.pad(y, ((0, 0), (2, 3), (0, 0)), constant_values=7.0)
    more, wider = layer(padded, mask=np.pad(MASK, ((0, 0), (2, 3))))
    assert_close(more, sums)
    assert_close(wider[:, :, 2:6], weights)
    assert not wider.numpy()[:, :, [0, 1, 6, 7, 8]].any()


@pytest.mark.parametrize("option", ["units", "hops"])
def test_bad_options(option):
    with pytest.raises(CallError, match=f"`{option}` must be a positive integer. Received: {option}=0"):
        made(**{option: 0})


def test_the_model_returns_the_mean_of_the_weights_of_the_hops():
    model = randomise(zoo.structured_self_attention(11, 3, units=6, hops=3, cell="gru", bidirectional=True))
    ids = np.array([[4, 5, 6, 2], [7, 2, 0, 0]])
    logits, weights = model.attend(ids)
    outputs, _, _ = model.stack(model.embedding(ids), mask=ids != 0)
    sums, of_hops = model.pooling(outputs, mask=ids != 0)
    assert weights.shape == (2, 1, 4) and of_hops.shape == (2, 3, 4)
    assert_close(weights[:, 0], of_hops.numpy().mean(1))
    assert_close(logits, model.logits(sums.numpy().reshape(2, -1)))
