"""The equations of the zoo, one column vector at a time: no batches, no time loop, no code of the zoo.

`w` are the weights of a cell and `a` those of an attention, by name. The functions over sequences know of
padding only that it is not there: a masked step or value is skipped. `xp` is NumPy, or
`tensorflow.experimental.numpy` where a gradient of the plain equation is wanted.
"""

import numpy as np

STATES = {"tanh": 1, "gru": 1, "lstm": 2}


def sigmoid(z, xp=np):
    return 1 / (1 + xp.exp(-z))


def blocks(w, count, xp):
    """Return W, U and b of every gate, as matrices that multiply columns."""
    return [
        [xp.transpose(one) for one in xp.split(w["kernel"], count, axis=1)],
        [xp.transpose(one) for one in xp.split(w["recurrent_kernel"], count, axis=1)],
        xp.split(w["bias"], count),
    ]


def tanh_step(w, x, states, c=None, xp=np):
    """h_t = tanh(A [h_{t-1}; x_t] + b), or with a context s_t = tanh(B [r_t; s_{t-1}; c_{t-1}] + b)."""
    (h,) = states
    if c is None:
        A = xp.concatenate([xp.transpose(w["recurrent_kernel"]), xp.transpose(w["kernel"])], axis=1)
        return [xp.tanh(xp.dot(A, xp.concatenate([h, x], axis=0)) + w["bias"])]
    n = x.shape[0]
    parts = [w["kernel"][:n], w["recurrent_kernel"], w["kernel"][n:]]
    B = xp.concatenate([xp.transpose(part) for part in parts], axis=1)
    return [xp.tanh(xp.dot(B, xp.concatenate([x, h, c], axis=0)) + w["bias"])]


def gru_step(w, x, states, c=None, xp=np):
    (h,) = states
    x = x if c is None else xp.concatenate([x, c], axis=0)
    (W_z, W_r, W_n), (U_z, U_r, U_n), (b_z, b_r, b_n) = blocks(w, 3, xp)
    z = sigmoid(xp.dot(W_z, x) + xp.dot(U_z, h) + b_z, xp)
    r = sigmoid(xp.dot(W_r, x) + xp.dot(U_r, h) + b_r, xp)
    n = xp.tanh(xp.dot(W_n, x) + b_n + r * (xp.dot(U_n, h) + w["recurrent_bias"]))
    return [z * h + (1 - z) * n]


def lstm_step(w, x, states, c=None, xp=np):
    h, m = states
    x = x if c is None else xp.concatenate([x, c], axis=0)
    (W_i, W_f, W_g, W_o), (U_i, U_f, U_g, U_o), (b_i, b_f, b_g, b_o) = blocks(w, 4, xp)
    i = sigmoid(xp.dot(W_i, x) + xp.dot(U_i, h) + b_i, xp)
    f = sigmoid(xp.dot(W_f, x) + xp.dot(U_f, h) + b_f, xp)
    o = sigmoid(xp.dot(W_o, x) + xp.dot(U_o, h) + b_o, xp)
    g = xp.tanh(xp.dot(W_g, x) + xp.dot(U_g, h) + b_g)
    m = f * m + i * g
    return [o * xp.tanh(m), m]


STEPS = {"tanh": tanh_step, "gru": gru_step, "lstm": lstm_step}


def score(kind, a, s, y, location=0, xp=np):
    """Return the score of one state and one value; `location` is added to the key of the value."""
    if kind == "dot":
        return xp.dot(s, y + location)
    if kind == "general":
        return xp.dot(s, xp.dot(xp.transpose(a["kernel"]), y) + location)
    W_q, W_k, v = xp.transpose(a["query_kernel"]), xp.transpose(a["key_kernel"]), a["scale"][:, 0]
    return xp.dot(v, xp.tanh(xp.dot(W_q, s) + xp.dot(W_k, y) + location))


def attend(kind, a, s, values, there, locations=None, xp=np):
    """Return c and alpha for one state; `there[i]` is false for a value that has no part in it."""
    zero, locations = 0 * xp.sum(s), [0] * len(values) if locations is None else locations
    given = zip(values, locations, there, strict=True)
    exponentials = [xp.exp(score(kind, a, s, y, location, xp)) if i else zero for y, location, i in given]
    total = sum(exponentials) if any(there) else 1
    alpha = [one / total for one in exponentials]
    c = sum((weight * y for weight, y in zip(alpha, values, strict=True)), xp.zeros(values[0].shape[0]))
    return c, xp.stack(alpha)


def _rows(initial, n, w, count, xp):
    units = w["recurrent_kernel"].shape[0]
    return [xp.zeros(units) for _ in range(count)] if initial is None else [state[n] for state in initial]


def _order(steps, reverse):
    return range(steps - 1, -1, -1) if reverse else range(steps)


def _columns(rows, xp):
    """Turn the states of each row of a batch into a batch of each state."""
    return [xp.stack(list(column)) for column in zip(*rows, strict=True)]


def recurrent(cell, w, x, mask=None, initial=None, reverse=False, xp=np):
    """Return the outputs (B, T, units) and the last states."""
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    outputs, last = [], []
    for n in range(x.shape[0]):
        states = _rows(initial, n, w, STATES[cell], xp)
        rows = [0 * states[0]] * x.shape[1]
        for t in _order(x.shape[1], reverse):
            if mask[n, t]:
                states = STEPS[cell](w, x[n, t], states, xp=xp)
                rows[t] = states[0]
        outputs.append(xp.stack(rows))
        last.append(states)
    return xp.stack(outputs), _columns(last, xp)


def windows(rows, width, xp=np):
    """Return the numbers around each of the numbers of a row, zeros beyond the ends: (length, width)."""
    first = (width - 1) // 2
    padded = xp.concatenate([xp.zeros(first), rows, xp.zeros(width - 1 - first)])
    return xp.stack([padded[i : i + width] for i in range(rows.shape[0])])


def decoder(cell, kind, w, a, r, y, initial=None, mask=None, values_mask=None, window_kernel=None, xp=np):
    """Return the states (B, Ty, units) and the weights (B, Ty, Tx).

    With `window_kernel` the attention is location-aware, and its previous weights are the last of the initial states.
    """
    mask = np.ones(r.shape[:2], bool) if mask is None else mask
    values_mask = np.ones(y.shape[:2], bool) if values_mask is None else values_mask
    outputs, weights = [], []
    for n in range(r.shape[0]):
        states = _rows(initial, n, w, STATES[cell], xp)
        values, locations = [y[n, i] for i in range(y.shape[1])], None
        rows, alphas = [0 * states[0]] * r.shape[1], [xp.zeros(y.shape[1])] * r.shape[1]
        if window_kernel is not None:
            *states, last_alpha = states
        for t in range(r.shape[1]):
            if mask[n, t]:
                if window_kernel is not None:
                    locations = list(xp.dot(windows(last_alpha, window_kernel.shape[0], xp), window_kernel))
                c, alphas[t] = attend(kind, a, states[0], values, values_mask[n], locations, xp)
                last_alpha = alphas[t]
                states = STEPS[cell](w, r[n, t], states, c, xp)
                rows[t] = states[0]
        outputs.append(xp.stack(rows))
        weights.append(xp.stack(alphas))
    return xp.stack(outputs), xp.stack(weights)


def self_attention(cell, kind, w, a, x, mask=None, initial=None, reverse=False, xp=np):
    """Return the outputs (B, T, units), the last states and the weights (B, T, T)."""
    steps = x.shape[1]
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    outputs, last, weights = [], [], []
    for n in range(x.shape[0]):
        states = _rows(initial, n, w, STATES[cell], xp)
        rows, alphas, done = [0 * states[0]] * steps, [xp.zeros(steps)] * steps, [False] * steps
        for t in _order(steps, reverse):
            if mask[n, t]:
                c, alphas[t] = attend(kind, a, states[0], rows, done, xp=xp)
                states = STEPS[cell](w, x[n, t], states, c, xp)
                rows[t], done[t] = states[0], True
        outputs.append(xp.stack(rows))
        last.append(states)
        weights.append(xp.stack(alphas))
    return xp.stack(outputs), _columns(last, xp), xp.stack(weights)
