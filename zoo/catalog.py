"""The list of the models, readable without TensorFlow: all other lists of models follow from it."""

from typing import NamedTuple

from zoo.errors import CallError, nearest


class Entry(NamedTuple):
    """A model.

    Attributes:
        name: the name of its builder.
        home: the module that the builder is in.
        task: the name of its task.
        equation: the equation it stands for.
        paper: its source.
    """

    name: str
    home: str
    task: str
    equation: str
    paper: str


_CLASSIFIER = ("zoo.models.classifier", "classification")
_LANGUAGE_MODEL = ("zoo.models.language_model", "language_model")
_SEQ2SEQ = ("zoo.models.seq2seq", "translation")
_PAPERS = "zoo.models.papers"

_RECURRENCE = "h_t = tanh(A [h_{t-1}; x_t] + b)"
_ATTENTION = "s_t = tanh(B [r_t; s_{t-1}; c_{t-1}] + b), c_{t-1} = sum_i alpha_i y_i"
_SELF_ATTENTION = "y_t = tanh(B [x_t; y_{t-1}; c_{t-1}] + b), c_{t-1} = sum_{i<t} alpha_i y_i"

_DEEP_AVERAGING = "Iyyer et al. 2015, Deep unordered composition rivals syntactic methods"
_SUTSKEVER = "Sutskever, Vinyals, Le 2014, arXiv 1409.3215"
_STRUCTURED = "alpha_j = softmax_i(w_j^T tanh(W h_i)), m_j = sum_i alpha_ji h_i"
_INPUT_FEEDING = "a_t = tanh(W [c_t; s_t] + b), s_t = lstm([r_t; a_{t-1}], s_{t-1}), c_t = sum_i alpha_i y_i"
_LOCATION = "alpha_t = softmax_i v^T tanh(W_q s_{t-1} + W_k y_i + U f_{t,i}), f_t = F * alpha_{t-1}"
_TAPES = "h_t, m_t = lstm(x_t, sum_{i<t} alpha_i h_i, sum_{i<t} alpha_i m_i)"
_BAHDANAU = "Bahdanau, Cho, Bengio 2014, arXiv 1409.0473"
_LSTMN = "Cheng, Dong, Lapata 2016, arXiv 1601.06733"

CATALOG = (
    Entry("tanh_dnn", *_CLASSIFIER, "y = tanh(W x + b)", _DEEP_AVERAGING),
    Entry("tanh_rnn", *_CLASSIFIER, _RECURRENCE, "Elman 1990, Finding structure in time"),
    Entry("tanh_rnn_lm", *_LANGUAGE_MODEL, _RECURRENCE, "Mikolov et al. 2010, RNNLM"),
    Entry("seq2seq", *_SEQ2SEQ, "s_t = tanh(A' [s_{t-1}; r_t] + b), s_0 from h_m", _SUTSKEVER),
    Entry("bahdanau_seq2seq", *_SEQ2SEQ, _ATTENTION, _BAHDANAU),
    Entry(
        "rnnsearch",
        _PAPERS,
        "translation",
        "s_t = gru(r_t, s_{t-1}, c_{t-1}), maxout [s_{t-1}; c_{t-1}; r_t]",
        _BAHDANAU,
    ),
    Entry("luong", _PAPERS, "translation", _INPUT_FEEDING, "Luong, Pham, Manning 2015, arXiv 1508.04025"),
    Entry("location_seq2seq", _PAPERS, "translation", _LOCATION, "Chorowski et al. 2015, arXiv 1506.07503"),
    Entry("self_attention_rnn", *_CLASSIFIER, _SELF_ATTENTION, _LSTMN),
    Entry("lstmn", _PAPERS, "classification", _TAPES, _LSTMN),
    Entry("structured_self_attention", *_CLASSIFIER, _STRUCTURED, "Lin et al. 2017, arXiv 1703.03130"),
    Entry("self_attention_lm", *_LANGUAGE_MODEL, _SELF_ATTENTION, _LSTMN),
    Entry("self_attention_seq2seq", *_SEQ2SEQ, f"{_SELF_ATTENTION}; {_ATTENTION}", _LSTMN),
)


def names() -> list[str]:
    """Return the names of all models, in the order in which the ideas build on each other."""
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
