"""Decoding over a shortlist, against a model that gives the other pieces no probability."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.checks import assert_close, randomise
from zoo.constants import END, NEVER, PAD
from zoo.decoding import beam_search, greedy, id_functions
from zoo.decoding.shortlist import over_candidates
from zoo.recurrence.scan import inference_graph
from zoo.shortlist import Shortlist

SOURCES, TARGETS, LENGTH = 9, 30, 8
IDS = np.array([[3, 4, 5, 3, END], [6, END, PAD, PAD, PAD], [7, 8, 3, END, PAD]], "int32")
SEARCHES = {"greedy": (greedy, {}), "beam": (beam_search, {"beam_width": 3})}
MODELS = {"seq2seq": {}, "bahdanau_seq2seq": {"cell": "gru"}, "bahdanau_seq2seq tied": {"tie_embeddings": True}}


def made(name):
    sizes = {"source_vocabulary_size": SOURCES, "target_vocabulary_size": TARGETS, "units": 8}
    model = randomise(zoo.build(name.split()[0], **sizes, **MODELS[name]), 0, 1.0)
    model.logits.bias.assign(np.eye(TARGETS)[END] * 2.0)
    table = np.random.default_rng(2).integers(4, TARGETS, [SOURCES, 3]).astype("int32")
    table[[PAD, END]] = PAD
    model.shortlist = Shortlist(table=table, always=np.array([0, 1, 2, 3, 11], "int32"), target_size=TARGETS)
    return model


def answer_alone(model, search, ids, options):
    """Return the answer to one row by a model whose other pieces are masked by their biases."""
    bias = model.logits.bias.numpy()
    masked = np.full(TARGETS, NEVER, "float32")
    masked[model.shortlist.candidates(ids[0])] = 0
    model.logits.bias.assign(bias + masked)
    answer = search(model, ids, max_length=LENGTH, **options)
    model.logits.bias.assign(bias)
    return answer


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_the_answer_over_its_own_candidates(name, search):
    model, (search, options) = made(name), SEARCHES[search]
    answers = over_candidates(search, model, IDS, max_length=LENGTH, **options)
    for row, ids in enumerate(IDS):
        expected = answer_alone(model, search, ids[None], options)
        length = expected["ids"].shape[-1]
        assert answers["ids"].numpy()[row, ..., :length].tolist() == expected["ids"].numpy()[0].tolist()
        assert not answers["ids"].numpy()[row, ..., length:].any()
        assert_close(answers["score"][row], expected["score"][0], 1e-5)
    whole = search(model, IDS, max_length=LENGTH, **options)["ids"].numpy()
    assert whole.shape != answers["ids"].shape or (whole != answers["ids"].numpy()).any()  # the shortlist matters


@pytest.mark.parametrize("litert", [False, True])
def test_the_endpoints_decode_over_it(litert):
    model = made("bahdanau_seq2seq")

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def graph(ids):
        return id_functions(model)["tokens"](ids)

    with inference_graph(litert=litert):
        answer = graph(tf.constant(IDS))
    expected = over_candidates(greedy, model, IDS)
    assert answer["ids"].numpy().tolist() == expected["ids"].numpy().tolist()
    assert_close(answer["score"], expected["score"], 1e-5)
    model.shortlist = None
    assert id_functions(model)["tokens"](IDS)["ids"].numpy().tolist() == greedy(model, IDS)["ids"].numpy().tolist()
