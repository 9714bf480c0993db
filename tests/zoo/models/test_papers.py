"""The models of papers, against their equations, one step of one row at a time."""

import numpy as np
import pytest

import zoo
from tests.support.checks import assert_close, randomise, weights_of
from tests.support.formulas import STATES, STEPS, attend, gru_step, lstm_step, recurrent
from zoo.constants import END, START

SOURCE = np.array([[4, 5, 6, END]])
TARGET = np.array([[START, 7, 5]])
UNITS = 5


def embeddings(model):
    x = model.source_embedding.get_weights()[0][SOURCE].astype("float64")
    return x, model.target_embedding.get_weights()[0][TARGET[0]].astype("float64")


def dense(layer, x):
    w = weights_of(layer)
    return w["kernel"].T @ x + w["bias"]


def made(name, **options):
    sizes = [11, 3] if name == "lstmn" else [11, 13]
    return randomise(
        zoo.build(name, **dict(zip(zoo.MODELS[name].options, sizes, strict=False)), units=UNITS, **options)
    )


def test_rnnsearch():
    """The decoder starts from the backward state at the first token, and the readout has the state before the step."""
    model = made("rnnsearch")
    x, r = embeddings(model)
    forward, backward = model.encoder.forward[0], model.encoder.backward[0]
    there, _ = recurrent("gru", weights_of(forward.cell), x)
    back, _ = recurrent("gru", weights_of(backward.cell), x, reverse=True)
    y = list(np.concatenate([there[0], back[0]], -1))
    s = np.tanh(dense(model.bridge[0], back[0, 0]))
    cell, a = weights_of(model.decoder.cell), weights_of(model.decoder.attention)
    expected, rows = [], []
    for t in range(TARGET.shape[1]):
        c, alpha = attend("bahdanau", a, s, y, [True] * len(y))
        first, second = np.split(dense(model.readout, np.concatenate([s, c, r[t]])), 2)
        expected.append(dense(model.logits, np.maximum(first, second)))
        rows.append(alpha)
        (s,) = gru_step(cell, r[t], [s], c)
    logits, weights = model.attend({"source": SOURCE, "target": TARGET})
    assert_close((logits[0], weights[0]), (np.stack(expected), np.stack(rows)))


@pytest.mark.parametrize(("cell", "attention"), [("lstm", "general"), ("gru", "bahdanau")])
def test_luong(cell, attention):
    """The attentional vector alone is read out, and is a part of the next input."""
    model = made("luong", cell=cell, attention=attention)
    x, r = embeddings(model)
    y, last = recurrent(cell, weights_of(model.encoder.forward[0].cell), x)
    states = [np.tanh(dense(bridge, state[0])) for bridge, state in zip(model.bridge, last, strict=True)]
    assert len(states) == STATES[cell]
    w, a = weights_of(model.decoder.cell), weights_of(model.decoder.attention)
    vector, expected, rows = np.zeros(UNITS), [], []
    for t in range(TARGET.shape[1]):
        states = STEPS[cell](w, np.concatenate([r[t], vector]), states)
        c, alpha = attend(attention, a, states[0], list(y[0]), [True] * y.shape[1])
        vector = np.tanh(dense(model.decoder.combine, np.concatenate([c, states[0]])))
        expected.append(dense(model.logits, vector))
        rows.append(alpha)
    logits, weights = model.attend({"source": SOURCE, "target": TARGET})
    assert_close((logits[0], weights[0]), (np.stack(expected), np.stack(rows)))


def test_location_seq2seq():
    """The readout of the base class, over the states and contexts of a `LocationDecoder` that starts from nowhere."""
    model = made("location_seq2seq", cell="gru")
    x, r = embeddings(model)
    y, (last,) = recurrent("gru", weights_of(model.encoder.forward[0].cell), x)
    s_0 = np.tanh(dense(model.bridge[0], last[0]))
    assert model.decoder.location_kernel.shape == (model.decoder.filters, UNITS)
    start = [one.astype("float32") for one in (s_0[None], np.zeros((1, x.shape[1])))]
    s, alpha = (one.numpy()[0] for one in model.decoder(r[None].astype("float32"), y.astype("float32"), start))
    features = [np.tanh(dense(model.readout, np.concatenate([s[t], alpha[t] @ y[0], r[t]]))) for t in range(len(r))]
    logits, weights = model.attend({"source": SOURCE, "target": TARGET})
    assert_close((logits[0], weights[0]), (np.stack([dense(model.logits, one) for one in features]), alpha))


def test_lstmn():
    """The class is read from the last output; outputs and cells of earlier steps are summed with the same weights."""
    model = made("lstmn")
    x = model.embedding.get_weights()[0][SOURCE[0]].astype("float64")
    (layer,) = model.stack.forward
    w, a = weights_of(layer.cell), weights_of(layer.attention)
    outputs, cells, rows = [], [], []
    summary = np.zeros(UNITS)
    for t in range(len(x)):
        alpha, m = np.zeros(len(x)), np.zeros(UNITS)
        if outputs:
            query = np.concatenate([x[t], summary])
            summary, alpha[:t] = attend("bahdanau", a, query, outputs, [True] * t)
            m = alpha[:t] @ np.stack(cells)
        h, m = lstm_step(w, x[t], [summary, m])
        outputs.append(h)
        cells.append(m)
        rows.append(alpha)
    logits, weights = model.attend(SOURCE)
    assert_close((logits[0], weights[0]), (dense(model.logits, outputs[-1]), np.stack(rows)))
