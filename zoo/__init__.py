"""A zoo of recurrent attention models for Keras and TensorFlow.

The import loads neither Keras nor TensorFlow; the first use of a model or layer does. A saved model is loaded by
`zoo.load_model`.

It switches oneDNN on, unless `TF_ENABLE_ONEDNN_OPTS` is set: TensorFlow leaves it off on processors without AVX-512,
where it makes the products of small batches several times faster. TensorFlow reads the variable when it is imported.
"""

import importlib
import os
from typing import Any

from zoo.catalog import CATALOG
from zoo.catalog import names as names
from zoo.errors import CallError as CallError
from zoo.errors import WorkError as WorkError
from zoo.errors import ZooError as ZooError
from zoo.one_package import find_parts

__version__ = "0.1.0"

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

find_parts(__path__)

# The public names by their modules; the builders follow from the catalogue.
_MEMBERS = {
    "zoo.decoding": ("beam_search", "classify", "greedy", "sample", "score"),
    "zoo.fitting.optimizer": ("Adam",),
    "zoo.fitting.precision": ("fastest_precision",),
    "zoo.layers": (
        "AttentionDecoder",
        "BahdanauAttention",
        "InputFeedingDecoder",
        "LSTMN",
        "LocationDecoder",
        "LuongAttention",
        "Maxout",
        "Recurrent",
        "SelfAttentionRNN",
        "StructuredSelfAttention",
        "TanhDense",
        "TanhRNN",
    ),
    "zoo.models.build": ("MODELS", "build"),
    "zoo.models.classifier": ("DenseClassifier", "RecurrentClassifier", "StructuredClassifier"),
    "zoo.models.language_model": ("LanguageModel",),
    "zoo.models.papers": ("LSTMNClassifier", "LocationSeq2Seq", "LuongSeq2Seq", "RNNSearch"),
    "zoo.models.seq2seq": ("Seq2Seq",),
    "zoo.pipeline": ("Pipeline", "load"),
    "zoo.plot": ("plot_attention",),
    "zoo.presets.listing": ("list_presets",),
    "zoo.prediction": ("Beam", "Prediction", "TextScore"),
    "zoo.pronouncer": ("Pronouncer",),
    "zoo.recurrence.scan": ("inference_graph",),
    "zoo.run_folder": ("load_model",),
    "zoo.shortlist": ("Shortlist",),
    "zoo.text": ("Vocabulary",),
    "zoo.training.data.corpora": ("read_corpus",),
    "zoo.training.data.datasets": ("labelled", "labels_of", "pairs", "texts"),
    "zoo.training.evaluate": ("evaluate",),
    "zoo.training.run.exact_resume": ("ExactResume",),
    "zoo.training.run.validation": ("ValidationScores",),
    "zoo.training.shortlist": ("learn_shortlist",),
    "zoo.vectors": ("load_vectors",),
}
_MODULES = ("layers", "plot")  # public modules
_HOMES = {name: home for home, members in _MEMBERS.items() for name in members}
_HOMES |= {entry.name: entry.home for entry in CATALOG}

__all__ = ["CallError", "WorkError", "ZooError", "names", *_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"zoo.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
