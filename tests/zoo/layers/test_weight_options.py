import inspect
import json

import keras
import numpy as np
import pytest

from tests.support.checks import assert_close, normal
from zoo.errors import CallError
from zoo.layers import (
    AttentionDecoder,
    BahdanauAttention,
    GRUCell,
    LSTMCell,
    LuongAttention,
    Recurrent,
    SelfAttentionRNN,
    TanhCell,
    TanhDense,
    TanhRNN,
)

X = normal(2, 4, 3)
CELL_WEIGHTS = {"kernel": ["kernel"], "recurrent": ["recurrent_kernel"], "bias": ["bias"]}
LAYERS = {
    TanhDense: {"kernel": ["kernel"], "bias": ["bias"]},
    TanhCell: CELL_WEIGHTS,
    GRUCell: {**CELL_WEIGHTS, "bias": ["bias", "recurrent_bias"]},
    LSTMCell: CELL_WEIGHTS,
    TanhRNN: CELL_WEIGHTS,
    Recurrent: CELL_WEIGHTS,
    SelfAttentionRNN: CELL_WEIGHTS,
    AttentionDecoder: CELL_WEIGHTS,
    BahdanauAttention: {"kernel": ["query_kernel", "key_kernel"], "scale": ["scale"]},
}


def built(cls, **options):
    layer = cls(5, **options)
    layer.build(*[X.shape] * (2 if cls in (AttentionDecoder, BahdanauAttention) else 1))
    return layer


@pytest.mark.parametrize("cls", LAYERS)
def test_each_role_has_its_weights(cls):
    for role, names in LAYERS[cls].items():
        layer = built(cls, **{f"{role}_regularizer": keras.regularizers.L2(0.5), f"{role}_constraint": "unit_norm"})
        for part in ("regularizer", "constraint"):
            found = [weight.name for weight in layer.weights if getattr(weight, part)]
            assert found == names
        values = [keras.ops.convert_to_numpy(weight) for weight in layer.weights if weight.regularizer]
        assert_close(layer.losses, [0.5 * np.sum(value**2) for value in values])


@pytest.mark.parametrize("cls", LAYERS)
def test_help_states_them(cls):
    for role in LAYERS[cls]:
        for kind in ("initializer", "regularizer", "constraint"):
            assert f"{role}_{kind}" in inspect.getdoc(cls)


@pytest.mark.parametrize("cls", LAYERS)
def test_an_old_config_loads(cls):
    """A config says nothing of weights whose options are the defaults, as before there were any."""
    config = cls(5).get_config()
    assert not any(name.endswith(("_initializer", "_regularizer", "_constraint")) for name in config)
    config.pop("go_backwards", None)
    assert cls.from_config(config).get_config() == cls(5, name=config["name"]).get_config()


@pytest.mark.parametrize(
    "value", ["he_normal", keras.initializers.HeNormal(), {"class_name": "HeNormal", "config": {"seed": 3}}]
)
def test_names_objects_and_configs(value):
    layer = TanhRNN(5, kernel_initializer=value)
    assert isinstance(layer.kernel_initializer, keras.initializers.HeNormal)
    again = TanhRNN.from_config(json.loads(json.dumps(layer.get_config())))
    assert isinstance(again.cell.kernel_initializer, keras.initializers.HeNormal)


def test_none_and_defaults():
    for options in ({}, {"kernel_initializer": "glorot_uniform", "kernel_regularizer": None}):
        layer = TanhDense(5, **options)
        assert layer.kernel_initializer == "glorot_uniform" and layer.kernel_regularizer is None
    config = TanhDense(5, kernel_initializer=None).get_config()
    assert config["kernel_initializer"] is None and "kernel_regularizer" not in config
    assert np.std(built(TanhDense, kernel_initializer=None).kernel) > 0.1


def test_two_kernels_have_different_values():
    layer = built(BahdanauAttention, kernel_initializer="he_normal")
    assert np.abs(layer.query_kernel - layer.key_kernel).max() > 0.1
    general = LuongAttention("general", kernel_initializer="zeros")
    general.build(X.shape, X.shape)
    assert not np.any(general.kernel)


def test_the_forget_gate_starts_at_one_as_in_keras():
    theirs = keras.layers.LSTMCell(5, bias_initializer=keras.initializers.Constant(0.25))
    theirs.build(X.shape)
    layer = built(LSTMCell, bias_initializer=keras.initializers.Constant(0.25))
    assert_close(layer.bias, theirs.bias)


def test_training_uses_them():
    inputs = keras.Input((4, 3))
    layer = TanhRNN(5, kernel_constraint="non_neg", kernel_regularizer=keras.regularizers.L2(10.0))
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    loss = model.fit(X, np.zeros((2, 5)), verbose=0).history["loss"][0]
    assert loss > 5 and (keras.ops.convert_to_numpy(layer.cell.kernel) >= 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kernel_regularizer": "l3"},
            "`kernel_regularizer` must be a Keras regularizer, its name or None. Received: ",
        ),
        ({"kernel_initializer": 3}, "`kernel_initializer` must be a Keras initializer"),
        ({"bias_constraint": "positive"}, "Received: bias_constraint='positive'."),
    ],
)
def test_errors(options, message):
    for cls in (TanhDense, TanhRNN):
        with pytest.raises(CallError) as caught:
            cls(5, **options)
        assert message in str(caught.value)


def test_an_unknown_role_is_an_error():
    with pytest.raises(ValueError, match="scale_initializer"):
        TanhDense(5, scale_initializer="ones")
