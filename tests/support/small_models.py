"""Models so small that every answer can be listed."""

import numpy as np

import zoo
from tests.support.checks import randomise
from zoo.constants import END, PAD, START

VOCABULARY = 6  # the end and three more that can be answered
LENGTH = 4
SOURCES = np.array([[3, 4, 5, 3, END], [5, END, PAD, PAD, PAD], [4, 4, 3, END, PAD]], "int32")
PROMPTS = np.array([[START, 4, 5, 3, 3], [START, PAD, PAD, PAD, PAD], [START, 5, 4, PAD, PAD]], "int32")
# Options, and the seed and the scale of random weights that answer each row with something of its own.
MODELS = {
    "seq2seq": ({"cell": "lstm"}, (0, 1.75)),
    "bahdanau_seq2seq": ({"cell": "gru", "bidirectional": True}, (0, 0.7)),
    "luong": ({}, (0, 0.7)),
    "location_seq2seq": ({"cell": "gru"}, (0, 0.7)),
    "self_attention_seq2seq": ({"attention": "general"}, (0, 0.7)),
    "tanh_rnn_lm": ({"layers": 2}, (2, 0.7)),
    "self_attention_lm": ({"cell": "lstm", "layers": 2}, (1, 0.7)),
}


def made(name, spread=3.0, end_bias=1.0):
    """Return a small model with random weights, its logits spread, and what to ask it."""
    options, (seed, scale) = MODELS[name]
    is_lm = name.endswith("_lm")
    sizes = ["vocabulary_size"] if is_lm else ["source_vocabulary_size", "target_vocabulary_size"]
    model = zoo.build(name, **dict.fromkeys(sizes, VOCABULARY), units=6, **options)
    randomise(model, seed, scale)
    model.logits.kernel.assign(model.logits.kernel * spread)
    model.logits.bias.assign(np.eye(VOCABULARY)[END] * end_bias)
    return model, PROMPTS if is_lm else SOURCES


def unpadded(ids):
    return tuple(int(i) for i in ids if i != PAD)
