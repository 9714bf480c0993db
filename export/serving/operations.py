"""The operations of a SavedModel, and the libraries that TF Serving needs for them."""

import inspect
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf import meta_graph_pb2

from zoo.errors import WorkError
from zoo.export.saved_model import operations_of
from zoo.graph_text import tensorflow_text

# The libraries of TensorFlow Text that TF Serving's model server links, besides all of TensorFlow.
# Sources: SUPPORTED_TENSORFLOW_OPS in tensorflow_serving/model_servers/BUILD names @org_tensorflow_text//
# tensorflow_text:ops_lib, and the target ops_lib in tensorflow_text/BUILD names these.
SERVED = frozenset(
    "boise_offset_converter byte_splitter constrained_sequence_op fast_bert_normalizer fast_sentencepiece_tokenizer "
    "fast_wordpiece_tokenizer mst_ops ngrams_op normalize_ops phrase_tokenizer regex_split_ops sentence_breaking_ops "
    "sentencepiece_mobile_tokenizer sentencepiece_tokenizer split_merge_from_logits_tokenizer split_merge_tokenizer "
    "state_based_sentence_breaker_op text_similarity_metric_ops trimmer_ops unicode_script_tokenizer utf8_binarize_op "
    "whitespace_tokenizer whitespace_tokenizer_v2 wordpiece_tokenizer".split()
)
SOURCES = [
    "github.com/tensorflow/serving: tensorflow_serving/model_servers/BUILD, SUPPORTED_TENSORFLOW_OPS",
    "github.com/tensorflow/text: tensorflow_text/BUILD, ops_lib",
]


def text_libraries() -> dict[str, Path]:
    """Return the operation libraries of TensorFlow Text that are installed, by name."""
    module = tensorflow_text()
    if module is None:
        return {}
    folder = Path(module.__file__).parent / "python" / "ops"
    return {path.stem.removeprefix("_"): path for path in sorted(folder.glob("_*.so"))}


def served_by(graph: meta_graph_pb2.MetaGraphDef) -> dict[str, Any]:
    """Return the operations of a graph by the library that they are in.

    Returns:
        `tensorflow`, names; `tensorflow_text`, names by library; `saved_with`, the version of TensorFlow that wrote the
        graph: that version and newer ones can read it; `graph_min_consumer`, the oldest graph version that a reader
        may have; `sources`, the files of TF Serving that list the libraries it links.

    Raises:
        WorkError: an operation is in no library, or in a library that TF Serving does not link.
    """
    from_text = _text_operations()
    used = sorted(operations_of(graph))
    ours: dict[str, list[str]] = {}
    for name in used:
        if name in from_text:
            ours.setdefault(from_text[name], []).append(name)
    known = [name for name in used if name not in from_text]
    _check(known, ours)
    return {
        "saved_with": graph.meta_info_def.tensorflow_version,
        "graph_min_consumer": graph.graph_def.versions.min_consumer,
        "tensorflow": known,
        "tensorflow_text": ours,
        "sources": SOURCES,
    }


def _text_operations() -> dict[str, str]:
    """Return the library of each operation of TensorFlow Text."""
    import tensorflow as tf

    found: dict[str, str] = {}
    for library, path in text_libraries().items():
        module = tf.load_op_library(str(path))  # loaded already; its raw functions have the operations' names
        functions = {name for name, _ in inspect.getmembers(module, inspect.isfunction)}
        found |= {name: library for name in functions if name[:1].isupper()}
    return found


def _check(known: list[str], ours: dict[str, list[str]]) -> None:
    from tensorflow.python.framework import op_def_registry  # no public function answers this

    missing = [name for name in known if op_def_registry.get(name) is None]
    missing += [name for library, names in ours.items() if library not in SERVED for name in names]
    if missing:
        raise WorkError(f"TF Serving cannot run this model: it does not link the operations {', '.join(missing)}.")
