"""What the layers with a cell share with the RNN layers of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import assert_close, normal, randomise, weights_of
from zoo.errors import CallError
from zoo.layers import (
    LSTMN,
    AttentionDecoder,
    BahdanauAttention,
    GRUCell,
    InputFeedingDecoder,
    LocationDecoder,
    LSTMCell,
    Recurrent,
    RecurrentStack,
    SelfAttentionRNN,
    StructuredSelfAttention,
    TanhCell,
    TanhDense,
    TanhRNN,
)
from zoo.layers.cells import CELLS

B, T, N, UNITS = 3, 5, 3, 4
X = normal(B, T, N)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 0, 1]], bool)
KINDS = [(TanhRNN, {}), (Recurrent, {"cell": "lstm"}), (SelfAttentionRNN, {}), (SelfAttentionRNN, {"cell": "gru"})]


def made(cls, **options):
    layer = cls(UNITS, **options)
    layer.build(X.shape)
    return randomise(layer)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("cls", "options"), KINDS)
def test_go_backwards_is_the_layer_on_the_reversed_sequence(cls, options, reverse):
    options = {**options, "reverse": reverse, "return_sequences": True, "return_state": True}
    if cls is SelfAttentionRNN:
        options["return_weights"] = True
    forward, backward = made(cls, **options), made(cls, go_backwards=True, **options)
    for mask in (None, MASK):
        flipped = None if mask is None else mask[:, ::-1]
        assert_close(backward(X, mask=mask), forward(X[:, ::-1], mask=flipped))
    last = made(cls, go_backwards=True, **{**options, "return_sequences": False})
    assert_close(last(X, mask=MASK)[0], backward(X, mask=MASK)[2 if cls is SelfAttentionRNN else 1])


def test_go_backwards_and_reverse_differ_in_the_order_only():
    backward, reverse = (made(TanhRNN, return_sequences=True, **{name: True}) for name in ("go_backwards", "reverse"))
    assert_close(backward(X, mask=MASK), reverse(X, mask=MASK).numpy()[:, ::-1])
    theirs = keras.layers.SimpleRNN(UNITS, return_sequences=True, go_backwards=True)
    theirs.build(X.shape)
    theirs.set_weights(backward.get_weights())
    assert_close(backward(X), theirs(X))


def test_the_mask_of_the_outputs_is_in_their_order():
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    outputs = made(TanhRNN, return_sequences=True, go_backwards=True)(embedded)
    np.testing.assert_array_equal(outputs._keras_mask, (ids != 0)[:, ::-1])


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize(("cls", "options"), KINDS)
def test_bidirectional(cls, options, return_sequences, merge_mode):
    options = {**options, "return_sequences": return_sequences}
    layer = keras.layers.Bidirectional(cls(UNITS, **options), merge_mode=merge_mode)
    layer.build(X.shape)
    randomise(layer)
    forward, backward = made(cls, **options), made(cls, reverse=True, **options)
    forward.set_weights(layer.forward_layer.get_weights())
    backward.set_weights(layer.backward_layer.get_weights())
    merge = {
        "concat": lambda a, b: np.concatenate([a, b], -1),
        "sum": np.add,
        "mul": np.multiply,
        "ave": lambda a, b: (a + b) / 2,
        None: lambda a, b: (a, b),
    }[merge_mode]
    for mask in (None, MASK):
        assert_close(layer(X, mask=mask), merge(forward(X, mask=mask).numpy(), backward(X, mask=mask).numpy()))


@pytest.mark.parametrize(("cls", "options"), KINDS)
def test_bidirectional_is_reloaded(cls, options, tmp_path):
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    options = {
        **options,
        "return_sequences": True,
        "kernel_regularizer": "l2",
        "return_state": cls is not SelfAttentionRNN,
    }
    inputs = keras.Input([None], dtype="int32")
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(inputs)
    outputs = keras.tree.flatten(keras.layers.Bidirectional(cls(UNITS, **options))(embedded))
    model = randomise(keras.Model(inputs, outputs))
    assert outputs[0].shape == (None, None, 2 * UNITS) and len(model.losses) == 2
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_close(loaded(ids), model(ids), 1e-6)
    assert len(loaded.losses) == 2


def test_bidirectional_of_a_reversed_layer_runs_in_both_directions():
    layer = keras.layers.Bidirectional(TanhRNN(UNITS, reverse=True, return_sequences=True), merge_mode=None)
    layer.build(X.shape)
    randomise(layer)
    for part, reverse in zip((layer.forward_layer, layer.backward_layer), (True, False), strict=True):
        alone = made(TanhRNN, reverse=reverse, return_sequences=True)
        alone.set_weights(part.get_weights())
        assert_close(layer(X)[0 if reverse else 1], alone(X))


@pytest.mark.parametrize(("cell", "cls"), [("tanh", TanhCell), ("gru", GRUCell), ("lstm", LSTMCell)])
def test_the_rnn_layer_of_keras_runs_our_cells(cell, cls, tmp_path):
    layer = made(Recurrent, cell=cell, return_sequences=True, return_state=True)
    inputs = keras.Input((None, N))
    theirs = keras.layers.RNN(cls(UNITS), return_sequences=True, return_state=True, zero_output_for_mask=True)
    model = keras.Model(inputs, theirs(inputs))
    model.set_weights(layer.get_weights())
    assert_close(theirs(X), layer(X))
    assert_close(theirs(X, mask=MASK), layer(X, mask=MASK))
    assert theirs.cell.output_size == UNITS
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)(X), layer(X))


def test_stacked_cells_and_wrappers_of_keras_run_our_layers():
    stacked = keras.layers.RNN([TanhCell(UNITS), LSTMCell(5)], return_sequences=True)
    model = keras.Sequential(
        [keras.Input((None, N)), stacked, TanhRNN(2, return_sequences=True), keras.layers.TimeDistributed(TanhDense(7))]
    )
    randomise(model)
    first, second = made(Recurrent, return_sequences=True), Recurrent(5, cell="lstm", return_sequences=True)
    second.build((None, None, UNITS))
    first.set_weights(model.get_weights()[:3])
    second.set_weights(model.get_weights()[3:6])
    assert_close(stacked(X), second(first(X)))
    assert model.output_shape == (None, None, 7)
    assert_close(model(X), model.layers[2](model.layers[1](stacked(X))))


@pytest.mark.parametrize("cell", CELLS)
def test_states_of_a_cell_are_as_in_keras(cell):
    theirs = {"tanh": keras.layers.SimpleRNNCell, "gru": keras.layers.GRUCell, "lstm": keras.layers.LSTMCell}[cell](4)
    ours = CELLS[cell](4)
    assert ours.state_size == theirs.state_size and ours.output_size == theirs.output_size
    assert_close(ours.get_initial_state(batch_size=2), theirs.get_initial_state(batch_size=2))
    assert_close(Recurrent(4, cell=cell).get_initial_state(2), theirs.get_initial_state(2))


@pytest.mark.parametrize("cls", [TanhRNN, SelfAttentionRNN])
def test_a_single_tensor_is_an_initial_state(cls):
    state = normal(B, UNITS, seed=2)
    assert_close(made(cls)(X, initial_state=state), made(cls)(X, initial_state=[state]))
    decoder = AttentionDecoder(UNITS)
    assert_close(decoder(X, X, initial_state=state), decoder(X, X, initial_state=[state]))
    with pytest.raises(CallError, match="must be a list of 2 tensors for a LSTMCell. Received: 1."):
        made(cls if cls is SelfAttentionRNN else Recurrent, cell="lstm")(X, initial_state=state)


def test_states_of_the_decoder_follow_the_weights():
    decoder = AttentionDecoder(UNITS, cell="lstm", return_state=True, return_weights=True)
    outputs, weights, *states = decoder(X, X)
    assert weights.shape == (B, T, T) and len(states) == 2
    assert_close(states[0], outputs[:, -1])
    first, _, *states = decoder(X[:, :2], X)
    second, *_ = decoder(X[:, 2:], X, initial_state=states)
    assert_close(np.concatenate([first, second], 1), outputs)


@pytest.mark.parametrize("cls", [TanhRNN, SelfAttentionRNN])
def test_wrong_shapes(cls):
    layer = made(cls, name="reader")
    with pytest.raises(
        CallError, match=r'`inputs` of the layer "reader".*must have the axes \(B, T, n\). Received: shape'
    ):
        layer(X[:, 0])
    with pytest.raises(CallError, match=r"must have at least one step. Received: shape \(3, 0, 3\)."):
        layer(X[:, :0])
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(X[..., :2])
    with pytest.raises(CallError, match="axes"):
        keras.Model(symbol := keras.Input([N]), layer(symbol))


def test_unknown_shapes_are_accepted():
    layer = made(TanhRNN)

    @tf.function(input_signature=[tf.TensorSpec([None, None, N])])
    def run(x):
        return layer(x)

    assert_close(run(X), layer(X))
    assert weights_of(layer).keys() == {"kernel", "recurrent_kernel", "bias"}


def test_an_encoder_and_a_decoder_in_a_functional_model(tmp_path):
    source, target = keras.Input([None, N]), keras.Input([None, 2])
    outputs, *states = Recurrent(UNITS, cell="lstm", return_sequences=True, return_state=True)(source)
    decoder = AttentionDecoder(UNITS, cell="lstm", return_weights=True, return_state=True)
    results = decoder(target, outputs, initial_state=states)
    assert [result.shape for result in results[:2]] == [(None, None, UNITS), (None, None, None)] and len(results) == 4
    model, inputs = keras.Model([source, target], results), [X, normal(B, 7, 2, seed=1)]
    outputs, *states = model.layers[2](X)
    assert_close(model(inputs), decoder(inputs[1], outputs, initial_state=states))
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)(inputs), model(inputs), 1e-6)


@pytest.mark.parametrize(("cls", "options"), KINDS)
def test_the_mask_of_embeddings_is_used_beside_initial_states(cls, options):
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    layer = made(cls, return_state=True, **options)
    states = [normal(2, UNITS, seed=i) for i in range(layer.cell.state_count)]
    assert_close(layer(embedded, initial_state=states), layer(embedded, mask=ids != 0, initial_state=states))


@pytest.mark.parametrize("cls", [AttentionDecoder, LocationDecoder, InputFeedingDecoder])
def test_the_mask_of_embeddings_is_used_by_a_decoder_and_passed_on(cls):
    ids, values = np.array([[1, 2, 0], [3, 0, 0]]), normal(2, T, UNITS, seed=5)
    embedded = keras.layers.Embedding(4, N, mask_zero=True)(ids)
    layer = cls(UNITS, return_state=True, return_weights=True)
    layer.build((None, None, N), (None, None, UNITS))
    randomise(layer)
    results = layer(embedded, values)
    assert_close(results, layer(tf.constant(embedded.numpy()), values, mask=ids != 0))
    np.testing.assert_array_equal(results[0]._keras_mask, ids != 0)
    assert not any(hasattr(one, "_keras_mask") for one in results[1:])


@pytest.mark.parametrize("dtype", ["int32", "float32"])
@pytest.mark.parametrize("cls", [TanhRNN, SelfAttentionRNN, LSTMN, RecurrentStack, StructuredSelfAttention])
def test_masks_of_numbers(cls, dtype):
    """As tokenizers make them."""
    layer = made(cls)
    assert_close(layer(X, mask=MASK.astype(dtype)), layer(X, mask=MASK))


def test_masks_of_numbers_for_values():
    decoder = AttentionDecoder(UNITS)
    decoder.build((None, None, N), (None, None, N))
    masks = {"mask": MASK, "values_mask": MASK}
    numbers = {name: mask.astype("int32") for name, mask in masks.items()}
    assert_close(decoder(X, X, **numbers), decoder(X, X, **masks))
    attention = BahdanauAttention(UNITS)
    assert_close(attention([X, X], mask=[None, MASK.astype("int32")]), attention([X, X], mask=[None, MASK]))


def test_bidirectional_of_an_lstmn():
    layer = keras.layers.Bidirectional(LSTMN(UNITS))
    assert layer(X, mask=MASK).shape == (B, 2 * UNITS)
    with pytest.raises(CallError, match="An LSTMN begins from zeros"):
        LSTMN(UNITS)(X, initial_state=[X[:, 0], X[:, 0]])


def test_a_given_attention_of_another_dtype_is_refused():
    for cls in (AttentionDecoder, SelfAttentionRNN):
        with pytest.raises(CallError, match="computes in float32, the layer in float64: give both the same `dtype`"):
            cls(UNITS, attention=BahdanauAttention(UNITS), dtype="float64")


def test_an_attention_of_a_frozen_layer_is_frozen():
    attention = BahdanauAttention(UNITS)
    SelfAttentionRNN(UNITS, attention=attention, trainable=False)(X)
    assert not any(weight.trainable for weight in attention.weights)


def test_states_without_room_for_another_step_are_refused():
    layer = made(SelfAttentionRNN, return_state=True)
    _, *states = layer(X, room=1)
    _, states = layer.step(X[:, 0], states)
    with pytest.raises(CallError, match="have room for 6 steps: call the layer with more `room`"):
        layer.step(X[:, 0], states)


def test_an_initializer_without_a_config():
    class Fixed(keras.initializers.Initializer):
        def __init__(self, value):
            self.value = value

        def __call__(self, shape, dtype=None):
            return tf.fill(shape, tf.cast(self.value, dtype))

    layer = TanhDense(UNITS, kernel_initializer=Fixed(0.5))
    layer(X)
    assert (layer.kernel.numpy() == 0.5).all()
