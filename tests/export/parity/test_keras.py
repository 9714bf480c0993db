"""The comparison of all that a model can be asked: answers, scores of given texts, and every hypothesis of a beam."""

import copy

import numpy as np
import pytest

from tests.support.untrained import TEXTS
from zoo.errors import WorkError
from zoo.export.parity.keras import compare_with_keras


@pytest.mark.parametrize("spoil", ["scored", "scored attention", "tokens", "best", "others", "attention", "ids"])
def test_scores_and_every_hypothesis_are_compared(spoil, tiny_run):
    expected, actual = tiny_run, copy.copy(tiny_run)
    actual.functions = dict(tiny_run.functions)

    def spoilt(name, change):
        function = actual.functions[name]
        actual.functions[name] = lambda ids, **more: change(dict(function(ids, **more)))

    def times(answer, place, factor):
        answer["score"] = np.array(answer["score"])
        answer["score"][:, place] *= factor
        return answer

    changes = {
        "best": lambda answer: times(answer, 0, 1.01),
        "others": lambda answer: times(answer, slice(1, None), 1.01),
        "attention": lambda answer: answer | {"attention": answer["attention"] + 0.01},
        "ids": lambda answer: answer | {"ids": answer["ids"][:, ::-1]},  # those of other hypotheses
    }
    scored = {
        "scored": lambda answer: answer | {"score": answer["score"] * 1.01},
        "scored attention": lambda answer: answer | {"attention": answer["attention"] + 0.01},
        "tokens": lambda answer: answer | {"tokens": answer["tokens"] + 1},
    }
    message = "does not search as Keras does"
    if spoil in scored:
        message = "does not score as Keras does"
        spoilt("score_tokens", scored[spoil])
    else:
        spoilt("beam_tokens", changes[spoil])
    with pytest.raises(WorkError, match=message):
        compare_with_keras(expected, actual, TEXTS, "it")
