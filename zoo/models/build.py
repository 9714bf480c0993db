"""The builders: one function a model, and the dict that names them.

A builder hands all of its arguments on (`locals()`) and adds what makes it that model.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import keras

from zoo.catalog import find
from zoo.errors import CallError, nearest
from zoo.models.classifier import DenseClassifier, RecurrentClassifier
from zoo.models.language_model import LanguageModel
from zoo.models.seq2seq import Seq2Seq


def tanh_dnn(
    vocabulary_size: int,
    classes: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
) -> keras.Model:
    """Build the dense network as a text classifier: ids (B, T) to logits (B, classes).

    Arguments and source as `zoo.models.classifier.DenseClassifier`.
    """
    return DenseClassifier(**locals(), name="tanh_dnn")


def tanh_rnn(
    vocabulary_size: int,
    classes: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    cell: str = "tanh",
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
) -> keras.Model:
    """Build the recurrent network as a text classifier: ids (B, T) to logits (B, classes).

    Arguments and source as `zoo.models.classifier.RecurrentClassifier`.
    """
    return RecurrentClassifier(**locals(), name="tanh_rnn")


def tanh_rnn_lm(
    vocabulary_size: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    cell: str = "tanh",
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Build the recurrent network as a language model: ids (B, T) to logits (B, T, vocabulary_size).

    Arguments and source as `zoo.models.language_model.LanguageModel`.
    """
    return LanguageModel(**locals(), name="tanh_rnn_lm")


def seq2seq(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    encoder_units: int | None = None,
    cell: str = "tanh",
    bidirectional: bool = False,
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Build the encoder-decoder without attention.

    Arguments, call arguments and source as `zoo.models.seq2seq.Seq2Seq`.
    """
    return Seq2Seq(**locals(), attention=None, name="seq2seq")


def bahdanau_seq2seq(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    encoder_units: int | None = None,
    cell: str = "tanh",
    attention: str = "bahdanau",
    bidirectional: bool = False,
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Build the encoder-decoder with attention.

    Arguments, call arguments and source as `zoo.models.seq2seq.Seq2Seq`.
    """
    return Seq2Seq(**locals(), name="bahdanau_seq2seq")


def self_attention_rnn(
    vocabulary_size: int,
    classes: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    cell: str = "tanh",
    attention: str = "bahdanau",
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
) -> keras.Model:
    """Build the self-attending network as a text classifier: ids (B, T) to logits (B, classes).

    Arguments and source as `zoo.models.classifier.RecurrentClassifier`.
    """
    return RecurrentClassifier(**locals(), self_attention=True, name="self_attention_rnn")


def self_attention_lm(
    vocabulary_size: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    cell: str = "tanh",
    attention: str = "bahdanau",
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Build the self-attending network as a language model: ids (B, T) to logits (B, T, vocabulary_size).

    Arguments and source as `zoo.models.language_model.LanguageModel`.
    """
    return LanguageModel(**locals(), self_attention=True, name="self_attention_lm")


def self_attention_seq2seq(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    *,
    units: int = 256,
    embedding_units: int | None = None,
    encoder_units: int | None = None,
    cell: str = "tanh",
    attention: str = "bahdanau",
    bidirectional: bool = False,
    layers: int = 1,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    state_dropout: float = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Build the encoder-decoder whose encoder attends to its own past and whose decoder attends to the encoder.

    Arguments, call arguments and source as `zoo.models.seq2seq.Seq2Seq`.
    """
    return Seq2Seq(**locals(), self_attention=True, name="self_attention_seq2seq")


MODELS: dict[str, Callable[..., keras.Model]] = {
    "tanh_dnn": tanh_dnn,
    "tanh_rnn": tanh_rnn,
    "tanh_rnn_lm": tanh_rnn_lm,
    "seq2seq": seq2seq,
    "bahdanau_seq2seq": bahdanau_seq2seq,
    "self_attention_rnn": self_attention_rnn,
    "self_attention_lm": self_attention_lm,
    "self_attention_seq2seq": self_attention_seq2seq,
}


def check_options(name: str, options: Iterable[str]) -> None:
    """Refuse options that a model does not have.

    Raises:
        CallError: an unknown model or option; the message gives the nearest.
    """
    parameters = inspect.signature(MODELS[find(name).name]).parameters
    for option in options:
        if option not in parameters:
            known = ", ".join(parameters)
            raise CallError(f'{name} has no option "{option}". It has: {known}.{nearest(option, parameters)}')


def build(name: str, **options: Any) -> keras.Model:
    """Build the model of that name.

    Args:
        name: one of `zoo.names()`.
        options: the arguments of its builder.

    Raises:
        CallError: an unknown model or option (the message gives the nearest), or one that is missing.
    """
    check_options(name, options)
    builder = MODELS[name]
    for parameter in inspect.signature(builder).parameters.values():
        if parameter.default is parameter.empty and parameter.name not in options:
            raise CallError(f"{name} needs `{parameter.name}`, a positive integer.")
    return builder(**options)
