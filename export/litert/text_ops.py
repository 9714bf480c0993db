"""Text inside a .tflite, by two operations of TF Text that an app has to link: SentencePiece is in the graph."""

import warnings
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.constants import END, MAX_SOURCE_PIECES, MAX_TARGET_PIECES, PAD, START, UNKNOWN
from zoo.errors import CallError
from zoo.export.signatures import Signature, text_signatures
from zoo.graph_text import tensorflow_text
from zoo.pipeline import Pipeline
from zoo.sentence_pieces import parsed
from zoo.text import Vocabulary


class LiteText:
    """A vocabulary in the graph, like `zoo.graph_text.GraphText`, by operations with kernels for LiteRT.

    Args:
        vocabulary: the vocabulary.
        room: the greatest number of ids that are turned into a text.

    Raises:
        CallError: tensorflow-text is not installed, or its operations would segment text in another way.
    """

    def __init__(self, vocabulary: Vocabulary, room: int = MAX_TARGET_PIECES):
        check_text_ops(vocabulary)
        self._text = tensorflow_text(required=True)
        from tensorflow_text.core.pybinds import pywrap_model_converter

        self._model = tf.constant(list(pywrap_model_converter.convert_sentencepiece_model(vocabulary.proto)), tf.uint8)
        self._room = room
        self._size = vocabulary.size
        pieces = vocabulary.pieces(range(self._size))
        spaced = [
            vocabulary.decode([i]) if i <= UNKNOWN else piece.replace("\u2581", " ") for i, piece in enumerate(pieces)
        ]
        without = [piece if i <= UNKNOWN else piece.lstrip(" ") for i, piece in enumerate(spaced)]
        self._spaced = tf.constant([*spaced, *without])
        self._worded = tf.constant([int(bool(piece)) for piece in without])
        self._pieces = piece_vector(vocabulary)

    def source_ids(self, texts: Any, task: str) -> Any:
        """Return the ids that a model reads, (B, S) padded with 0, for a string tensor (B,)."""
        from tensorflow_text.python.ops.fast_sentencepiece_tokenizer import gen_fast_sentencepiece_tokenizer

        encode = gen_fast_sentencepiece_tokenizer.tf_text_fast_sentencepiece_tokenize
        ids, splits = encode(self._model, texts, 0, 0, False, False, False)
        ids.set_shape([None])
        splits.set_shape([None])
        rows = tf.shape(texts)[0]
        begin = tf.gather(splits, tf.range(rows))
        lengths = tf.minimum(tf.gather(splits, tf.range(1, rows + 1)) - begin, MAX_SOURCE_PIECES - 1)
        columns = tf.expand_dims(tf.range(tf.reduce_max(lengths) + 1), 0)  # a column more, for the start or the end
        begin, lengths = tf.expand_dims(begin, 1), tf.expand_dims(lengths, 1)
        ids = tf.concat([ids, [PAD]], axis=0)  # so that there is an id to gather where no text has any
        last = tf.shape(ids)[0] - 1
        if task == "language_model":
            dense = tf.gather(ids, tf.clip_by_value(begin + columns - 1, 0, last))
            dense = tf.where(tf.equal(columns, 0), START, dense)
            return tf.where(columns <= lengths, dense, PAD)
        dense = tf.gather(ids, tf.minimum(begin + columns, last))
        dense = tf.where(tf.equal(columns, lengths), END, dense)
        return tf.where(columns <= lengths, dense, PAD)

    def decode(self, ids: Any) -> Any:
        """Return the texts (B,) of ids (B, T), without padding, start, end, and spaces before the first word.

        The pieces are joined here, since TF Text's kernel for decoding returns the text of the first row only.
        """
        ids = tf.pad(ids, [[0, 0], [0, self._room - tf.shape(ids)[1]]])
        worded = tf.gather(self._worded, ids)
        words = tf.cumsum(worded, axis=1)
        first = tf.logical_and(tf.equal(words, 1), tf.equal(worded, 1))
        ids = tf.where(tf.equal(words, 0), PAD, tf.where(first, ids + self._size, ids))
        join = self._text.Reduction.STRING_JOIN
        joined = self._text.ngrams(tf.gather(self._spaced, ids), self._room, reduction_type=join, string_separator="")
        return tf.reshape(joined, [-1])

    def pieces(self, ids: Any) -> Any:
        """Return the pieces (B, T) of ids (B, T), empty strings for padding."""
        return tf.gather(self._pieces, ids)


def check_text_ops(vocabulary: Vocabulary) -> None:
    """Refuse a vocabulary whose text the operations of TF Text would segment in another way than SentencePiece.

    Raises:
        CallError: the vocabulary has a feature that these operations do not have.
    """
    unsupported = {f'is of the kind "{vocabulary.kind}"': vocabulary.kind not in ("unigram", "char")}
    if vocabulary.kind != "wordpiece":
        model = parsed(vocabulary.proto)
        rules = model.normalizer_spec
        unsupported |= {
            "has byte fallback": model.trainer_spec.byte_fallback,
            "has spaces at the end of pieces": model.trainer_spec.treat_whitespace_as_suffix,
            "keeps all spaces of a text": not (rules.add_dummy_prefix and rules.remove_extra_whitespaces),
        }
    if found := [reason for reason, present in unsupported.items() if present]:
        raise CallError(
            "Text inside a .tflite needs a unigram or char vocabulary as `zoo.Vocabulary.learn` makes it. "
            f"Received: one that {found[0]}. The .tflite over token ids supports every vocabulary."
        )


def lite_text_signatures(pipeline: Pipeline) -> dict[str, Signature]:
    """Return the signatures over text that LiteRT can run: those of `zoo.export.signatures` except sampling.

    Raises:
        CallError: tensorflow-text is not installed, or a vocabulary is not supported; see `check_text_ops`.
    """
    room = MAX_TARGET_PIECES + (MAX_SOURCE_PIECES if pipeline.task == "language_model" else 0)  # with the prompt
    text = {side: LiteText(vocabulary, room) for side, vocabulary in pipeline.vocabularies.items()}
    return {name: signature for name, signature in text_signatures(pipeline, text).items() if name != "generate"}


def piece_vector(vocabulary: Vocabulary) -> Any:
    """Return the piece of every id, (V,), an empty string for padding."""
    return tf.constant(["", *vocabulary.pieces(range(1, vocabulary.size))])


def text_interpreter(path: Path) -> Any:
    """Return an interpreter for a .tflite with the operations of TF Text."""
    from tensorflow.lite.python.interpreter import InterpreterWithCustomOps

    registrar = tensorflow_text(required=True).tflite_registrar
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this interpreter has moved, but its successor knows no TF Text
        return InterpreterWithCustomOps(model_path=str(path), custom_op_registerers=registrar.SELECT_TFTEXT_OPS)
