"""What there is in the zoo, told without TensorFlow."""

from typing import NamedTuple

from zoo.errors import CallError, nearest


class Entry(NamedTuple):
    """One model: its name, its task, the equation it stands for and the paper behind it."""

    name: str
    task: str
    equation: str
    paper: str


_ELMAN = "Elman 1990, Finding structure in time"
_LSTMN = "Cheng, Dong, Lapata 2016, arXiv 1601.06733"
_DEEP_AVERAGING = "Iyyer et al. 2015, Deep unordered composition rivals syntactic methods"
_ATTENTION = "s_t = tanh(B [r_t; s_{t-1}; c_{t-1}] + b), c_{t-1} = sum_i alpha_i y_i"
_SELF_ATTENTION = "y_t = tanh(B [x_t; y_{t-1}; c_{t-1}] + b), c_{t-1} = sum_{i<t} alpha_i y_i"

CATALOG = (
    Entry("tanh_dnn", "classification", "y = tanh(W x + b)", _DEEP_AVERAGING),
    Entry("tanh_rnn", "classification", "h_t = tanh(A [h_{t-1}; x_t] + b)", _ELMAN),
    Entry("tanh_rnn_lm", "language_model", "h_t = tanh(A [h_{t-1}; x_t] + b)", "Mikolov et al. 2010, RNNLM"),
    Entry(
        "seq2seq",
        "translation",
        "s_t = tanh(A' [s_{t-1}; r_t] + b), s_0 from h_m",
        "Sutskever, Vinyals, Le 2014, arXiv 1409.3215",
    ),
    Entry("bahdanau_seq2seq", "translation", _ATTENTION, "Bahdanau, Cho, Bengio 2014, arXiv 1409.0473"),
    Entry("self_attention_rnn", "classification", _SELF_ATTENTION, _LSTMN),
    Entry("self_attention_lm", "language_model", _SELF_ATTENTION, _LSTMN),
    Entry("self_attention_seq2seq", "translation", f"{_SELF_ATTENTION}; {_ATTENTION}", _LSTMN),
)


def names() -> list[str]:
    """Return the names of all models, in the order of the lecture."""
    return [entry.name for entry in CATALOG]


def find(name: str) -> Entry:
    """Return the entry of a model.

    Raises:
        CallError: there is no model of that name; the message gives the nearest.
    """
    for entry in CATALOG:
        if entry.name == name:
            return entry
    raise CallError(f'There is no model "{name}". There are: {", ".join(names())}.{nearest(name, names())}')
