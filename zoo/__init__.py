"""A zoo of recurrent attention models for Keras and TensorFlow.

Importing it imports neither Keras nor TensorFlow; the first use of a model does. The classes
are registered with Keras as soon as Keras is there, so `keras.saving.load_model` knows them.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import sys
from typing import TYPE_CHECKING

from zoo.catalog import names as names
from zoo.errors import CallError as CallError
from zoo.errors import WorkError as WorkError
from zoo.errors import ZooError as ZooError

if TYPE_CHECKING:
    from zoo.decoding import beam_search as beam_search
    from zoo.decoding import classify as classify
    from zoo.decoding import greedy as greedy
    from zoo.decoding import sample as sample
    from zoo.decoding import score as score
    from zoo.layers import AttentionDecoder as AttentionDecoder
    from zoo.layers import BahdanauAttention as BahdanauAttention
    from zoo.layers import LuongAttention as LuongAttention
    from zoo.layers import Recurrent as Recurrent
    from zoo.layers import SelfAttentionRNN as SelfAttentionRNN
    from zoo.layers import TanhDense as TanhDense
    from zoo.layers import TanhRNN as TanhRNN
    from zoo.models.build import MODELS as MODELS
    from zoo.models.build import bahdanau_seq2seq as bahdanau_seq2seq
    from zoo.models.build import build as build
    from zoo.models.build import self_attention_lm as self_attention_lm
    from zoo.models.build import self_attention_rnn as self_attention_rnn
    from zoo.models.build import self_attention_seq2seq as self_attention_seq2seq
    from zoo.models.build import seq2seq as seq2seq
    from zoo.models.build import tanh_dnn as tanh_dnn
    from zoo.models.build import tanh_rnn as tanh_rnn
    from zoo.models.build import tanh_rnn_lm as tanh_rnn_lm
    from zoo.models.classifier import DenseClassifier as DenseClassifier
    from zoo.models.classifier import RecurrentClassifier as RecurrentClassifier
    from zoo.models.language_model import LanguageModel as LanguageModel
    from zoo.models.seq2seq import Seq2Seq as Seq2Seq
    from zoo.text import Vocabulary as Vocabulary

__version__ = "0.1.0"

_HOMES = {
    "zoo.models.classifier": ["DenseClassifier", "RecurrentClassifier"],
    "zoo.decoding": ["beam_search", "classify", "greedy", "sample", "score"],
    "zoo.models.seq2seq": ["Seq2Seq"],
    "zoo.models.language_model": ["LanguageModel"],
    "zoo.layers": [
        "AttentionDecoder",
        "BahdanauAttention",
        "LuongAttention",
        "Recurrent",
        "SelfAttentionRNN",
        "TanhDense",
        "TanhRNN",
    ],
    "zoo.models.build": [
        "MODELS",
        "bahdanau_seq2seq",
        "build",
        "self_attention_lm",
        "self_attention_rnn",
        "self_attention_seq2seq",
        "seq2seq",
        "tanh_dnn",
        "tanh_rnn",
        "tanh_rnn_lm",
    ],
    "zoo.text": ["Vocabulary"],
}
_HOME = {name: home for home, members in _HOMES.items() for name in members}

__all__ = ["CallError", "WorkError", "ZooError", "names", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    if _HOME[name] != "zoo.text":
        importlib.import_module("zoo.models.build")  # the whole, in its order, whichever part is asked for
    module = importlib.import_module(_HOME[name])
    value = globals()[name] = getattr(module, name)
    return value


def __dir__():
    return sorted([*globals(), *_HOME])


class _RegisterAfterKeras(importlib.abc.MetaPathFinder):
    """Imports the zoo's models right after Keras, so that Keras can load them; before, nothing is imported."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)  # so that the search below does not come back here
        try:
            spec = importlib.util.find_spec("keras")
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_register(module):
            run(module)  # an import that fails leaves this finder in place for the next
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            with contextlib.suppress(ImportError):  # one of its modules is being imported right now
                importlib.import_module("zoo.models.build")

        spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec


if sys.modules.get("keras"):
    importlib.import_module("zoo.models.build")
else:
    sys.meta_path.insert(0, _RegisterAfterKeras())
