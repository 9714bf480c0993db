"""The comparison of the text signatures of a SavedModel."""

from types import SimpleNamespace

import pytest
import tensorflow as tf

from tests.support.untrained import TEXTS
from zoo.errors import WorkError
from zoo.export.parity.text_signatures import compare_text_signatures


@pytest.mark.parametrize(
    ("model", "names"), [("bahdanau_seq2seq", ("score", "beam")), ("self_attention_lm", ("score", "generate"))]
)
def test_every_text_signature_is_compared(model, names, fresh, exported):
    pytest.importorskip("tensorflow_text", reason="tensorflow-text is not installed")
    run = fresh(model)
    signatures = dict(tf.saved_model.load(exported(run, "saved_model")["path"]).signatures)
    predictor = run
    for name in names:

        def spoilt(right=signatures[name], **inputs):
            answer = right(**inputs)
            return {key: value * 1.01 if value.dtype.is_floating else value for key, value in answer.items()}

        with pytest.raises(WorkError, match=f"the text signature {name} does not score as Keras does"):
            compare_text_signatures(predictor, SimpleNamespace(signatures=signatures | {name: spoilt}), TEXTS)
