import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.zoo.models.test_models import SOURCE, TARGET, made
from zoo.errors import CallError

IDS = "must be token ids (B, T), an array or tensor of integers. Received: "
KEYS = '`inputs` must be a dict with the keys "source" and "target", each token ids (B, T), an array or tensor of inte'
WRONG_IDS = [
    (SOURCE.astype("float32"), IDS + "dtype float32."),
    (SOURCE > 0, IDS + "dtype bool."),
    (tf.constant([["a"]]), IDS + "dtype string."),
    (SOURCE[0], IDS + "shape (5,)."),
    (tf.constant(SOURCE[None]), IDS + "shape (1, 3, 5)."),
    (SOURCE[:, :0], "must have at least one id in each row; pad empty rows with 0. Received: shape (3, 0)."),
    ([[4, 5]], IDS + "list of 1."),
    (None, IDS + "NoneType."),
    ({"source": SOURCE}, IDS + "dict."),
    (keras.Input([None]), IDS + "dtype float32."),
]
WRONG_INPUTS = [
    ([SOURCE, TARGET], "Received: list of 2."),
    ((SOURCE, TARGET), "Received: tuple of 2."),
    (SOURCE, "Received: ndarray."),
    ({}, "Received: no keys."),
    ({"source": SOURCE}, "Received: the keys 'source'."),
    ({"source": SOURCE, "target": TARGET, "next": TARGET}, "Received: the keys 'source', 'target', 'next'."),
]


@pytest.mark.parametrize("name", ["tanh_dnn", "self_attention_lm"])
@pytest.mark.parametrize(("ids", "message"), WRONG_IDS)
def test_ids(name, ids, message):
    with pytest.raises(CallError) as caught:
        made(name)(ids)
    assert str(caught.value) == f'The model "{name}": `inputs` {message}'


@pytest.mark.parametrize(("ids", "message"), WRONG_IDS)
@pytest.mark.parametrize("key", ["source", "target"])
def test_ids_of_a_dict(key, ids, message):
    with pytest.raises(CallError) as caught:
        made("seq2seq")({"source": SOURCE, "target": TARGET, key: ids})
    assert str(caught.value) == f'The model "seq2seq": `{key}` {message}'


@pytest.mark.parametrize(("inputs", "message"), WRONG_INPUTS)
def test_keys(inputs, message):
    with pytest.raises(CallError) as caught:
        made("seq2seq")(inputs)
    assert str(caught.value).startswith(f'The model "seq2seq": {KEYS}') and str(caught.value).endswith(message)


def test_fit_and_predict_end_with_the_same_error():
    model = made("tanh_rnn")
    model.compile("sgd", "mse")
    for call in (lambda x: model.fit(x, np.zeros([3, 3]), verbose=0), lambda x: model.predict(x, verbose=0)):
        with pytest.raises(CallError, match="`inputs` must be token ids .* Received: dtype float32."):
            call(SOURCE.astype("float32"))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_all_integers_are_ids(dtype):
    np.testing.assert_array_equal(made("tanh_rnn")(SOURCE.astype(dtype)), made("tanh_rnn")(SOURCE))
    np.testing.assert_array_equal(made("tanh_rnn")(inputs=tf.constant(SOURCE)), made("tanh_rnn")(SOURCE))


def test_the_check_leaves_nothing_in_a_graph():
    model = made("tanh_rnn")
    checked = tf.function(model).get_concrete_function(tf.TensorSpec([None, None], tf.int32))
    kinds = {node.op for node in checked.graph.as_graph_def().node}
    assert not any("Assert" in kind or "Equal" in kind for kind in kinds - {"NotEqual"})
