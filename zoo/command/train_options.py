"""The options of `zoo train`: those of the model and those of the training, each with its help."""

import argparse
from typing import Any

_INTEGER: dict[str, Any] = {"type": int, "metavar": "N"}
_NUMBER: dict[str, Any] = {"type": float, "metavar": "X"}
_SWITCH: dict[str, Any] = {"action": argparse.BooleanOptionalAction}

MODEL_OPTIONS: dict[str, dict[str, Any]] = {
    "units": {**_INTEGER, "help": "size of the state of a layer"},
    "embedding_units": {**_INTEGER, "help": "size of the vector of a piece; as --units unless told"},
    "encoder_units": {**_INTEGER, "help": "size of the state of a layer of the encoder, a direction; as --units"},
    "layers": {**_INTEGER, "help": "recurrent layers of the encoder or classifier"},
    "cell": {"choices": ["tanh", "gru", "lstm"], "help": "the recurrent cell"},
    "attention": {"choices": ["bahdanau", "dot", "general"], "help": "how query and values are scored"},
    "bidirectional": {**_SWITCH, "help": "read the text both ways"},
    "tie_embeddings": {**_SWITCH, "help": "one matrix for the target's embeddings and the logits"},
    "dropout": {**_NUMBER, "help": "share of the inputs and outputs of layers left out in training"},
    "embedding_dropout": {**_NUMBER, "help": "share of the embeddings left out in training"},
    "state_dropout": {**_NUMBER, "help": "share of the states left out in training, the same at every step"},
}

TRAINING_OPTIONS: dict[str, dict[str, Any]] = {
    "epochs": {**_INTEGER, "help": "the most passes over the training set"},
    "patience": {**_INTEGER, "help": "stop after so many epochs without a better validation score"},
    "monitor": {
        "choices": ["accuracy", "loss", "perplexity", "bleu", "chrf", "exact_match"],
        "help": "the validation score that chooses the epoch and ends the training",
    },
    "watch_size": {**_INTEGER, "help": "validation examples to translate after each epoch"},
    "batch_size": {**_INTEGER, "help": "examples a step"},
    "batch_tokens": {**_INTEGER, "help": "instead, the most pieces of the longer side in a step"},
    "learning_rate": {**_NUMBER, "help": "of Adam, at its highest"},
    "schedule": {"choices": ["cosine", "inverse_sqrt", "constant"], "help": "of the learning rate"},
    "warm_up": {**_NUMBER, "help": "share of all steps in which the learning rate rises"},
    "clip": {**_NUMBER, "help": "the norm that gradients are clipped to"},
    "weight_decay": {**_NUMBER, "help": "of the weights, apart from the gradient"},
    "label_smoothing": {**_NUMBER, "help": "share of the probability spread over all tokens"},
    "scheduled_sampling": {**_NUMBER, "help": "share of the model's own guesses among what it is fed, at the end"},
    "ema": {**_NUMBER, "help": "average the weights with this decay, 0.999 perhaps"},
    "max_length": {**_INTEGER, "help": "leave out examples with more pieces than this on a side"},
    "vocabulary_size": {**_INTEGER, "help": "the most pieces of a vocabulary"},
    "text": {"metavar": "KIND", "help": "of the vocabularies: unigram, char, word, or one for each side: char,word"},
    "subword_alpha": {**_NUMBER, "help": "cut words anew in each epoch: near 1 mostly the best way, 0.2 any; 0: never"},
    "train_size": {**_INTEGER, "help": "read only so many training examples"},
    "precision": {
        "choices": ["float32", "mixed_bfloat16", "mixed_float16"],
        "help": "default: mixed on a GPU, else float32",
    },
    "jit": {**_SWITCH, "help": "compile the training step with XLA; default: on a GPU"},
    "checkpoint_seconds": {**_NUMBER, "help": "how often to write a checkpoint inside an epoch"},
    "deterministic": {**_SWITCH, "help": "the same bits in every run, a little slower"},
    "seed": {**_INTEGER, "help": "of the weights, the dropout and the order of examples"},
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them all to a parser, in two groups."""
    for title, options in (("the model", MODEL_OPTIONS), ("the training", TRAINING_OPTIONS)):
        group = parser.add_argument_group(title)
        for name, about in options.items():
            group.add_argument(f"--{name.replace('_', '-')}", **about)
