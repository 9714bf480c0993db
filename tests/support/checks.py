"""The check that every layer of the zoo goes through, and small helpers for tests of layers."""

import inspect
import json
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import CallError


def normal(*shape, seed=0, scale=1.0, dtype="float32"):
    """Return numbers of a normal distribution."""
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def randomise(layer, seed=0, scale=0.5):
    """Set every weight of a built layer, biases too, to random numbers; return the layer."""
    dice = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(scale * dice.normal(size=weight.shape))
    return layer


def weights_of(layer, dtype="float64"):
    """Return the weights of a layer by name, as arrays."""
    return {weight.name: keras.ops.convert_to_numpy(weight).astype(dtype) for weight in layer.weights}


def assert_close(actual, expected, tolerance=1e-5):
    """Check two nests of tensors for equal shapes and values."""
    actual, expected = _arrays(actual), _arrays(expected)
    assert [one.shape for one in actual] == [one.shape for one in expected]
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def assert_same_gradients(actual, expected, tolerance=1e-6):
    """Check gradients: the largest difference of each, relative to its largest element. None may be zero."""
    assert not any(one is None for one in [*actual, *expected])
    for one, other in zip(_arrays(actual), _arrays(expected), strict=True):
        size = np.abs(other).max()
        assert size > 1e-6, "a gradient that is zero tests nothing"
        assert np.abs(one - other).max() <= tolerance * size


def gradients_of(function, tensors, layer, *, graph=False):
    """Return the gradients for the tensors and the weights of a layer, under `tf.function` if asked for.

    They are those of the sum of all outputs of `function(*tensors)`, each number weighed by a random one.
    """

    def run(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs = keras.tree.flatten(function(*tensors))
            loss = sum(
                tf.reduce_sum(one * normal(*one.shape, seed=i, dtype="float64")) for i, one in enumerate(outputs)
            )
        return tape.gradient(loss, [*tensors, *layer.trainable_variables])

    return (tf.function(run) if graph else run)(*map(tf.constant, tensors))


def plain(layer):
    """Return the weights of a layer by name, as tensors whose gradients are recorded."""
    return {weight.name: tf.convert_to_tensor(weight) for weight in layer.weights}


def pad_time(array, before, after, value=0.0):
    """Pad axis 1."""
    widths = [(0, 0), (before, after)] + [(0, 0)] * (np.ndim(array) - 2)
    return np.pad(array, widths, constant_values=value)


def _arrays(nest):
    tensors = [tensor for tensor in keras.tree.flatten(nest) if tensor is not None]
    return [np.asarray(keras.ops.convert_to_numpy(tensor)) for tensor in tensors]


def _floats(nest):
    return [one for one in keras.tree.flatten(nest) if one is not None and "float" in keras.ops.dtype(one)]


def check_layer(cls, options, inputs, *, functional=True, policies=("mixed_bfloat16", "float64")):
    """Put a layer through config, build, eager and graph calls, shapes, wrong axes, options of weights, fit, reload.

    Args:
        cls: the class of the layer.
        options: the arguments of its constructor.
        inputs: the positional arguments of its call, arrays or lists of arrays.
        functional: put it into a functional model too, to fit one step and to save.
        policies: the dtype policies to run it in.

    Returns:
        The layer, built, with random weights.
    """
    layer = cls(**options)
    _check_config(cls, options, layer)
    outputs = layer(*inputs)
    randomise(layer)
    _check_build(cls, layer, inputs)
    outputs = layer(*inputs)
    _check_graph(layer, inputs, outputs)
    _check_shapes(layer, inputs, outputs)
    _check_wrong_axes(layer, inputs)
    _check_weight_options(cls, options, inputs)
    _check_frozen(cls, options, inputs)
    for policy in policies:
        _check_dtype(cls(**options, dtype=policy), layer, inputs, outputs)
    if functional:
        _check_fit(layer, inputs)
        _check_reload(layer, inputs)
    return layer


def _check_config(cls, options, layer):
    config = layer.get_config()
    assert {name: config[name] for name in options if name != "attention"} == {
        name: value for name, value in options.items() if name != "attention"
    }
    assert cls.from_config(json.loads(json.dumps(config))).get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer), safe_mode=True)
    assert type(again) is cls and again.get_config() == config


def _check_build(cls, layer, inputs):
    """A layer built from shapes has the weights of one built by its first call."""
    built = cls.from_config(layer.get_config())
    shapes = [one.shape for one in inputs[: len(inspect.signature(cls.build).parameters) - 1]]
    built.build(*shapes)
    assert built.built
    assert [(one.name, one.shape) for one in built.weights] == [(one.name, one.shape) for one in layer.weights]
    built.set_weights(layer.get_weights())
    assert_close(built(*inputs), layer(*inputs), 1e-6)


def _unknown(one):
    """Return the shape of an input of which only the number of features is known."""
    return (*[None] * (one.ndim - 1), one.shape[-1])


def _check_graph(layer, inputs, outputs):
    specs = keras.tree.map_structure(lambda one: tf.TensorSpec(_unknown(one), one.dtype), inputs)
    graph = tf.function(lambda *args: layer(*args), input_signature=specs)
    assert_close(graph(*inputs), outputs)


def _check_shapes(layer, inputs, outputs):
    """The shapes that the layer foretells are right, and so are those of a symbolic call of unknown sizes."""
    outputs = [one for one in keras.tree.flatten(outputs) if one is not None]
    tensors = keras.tree.map_structure(lambda one: keras.KerasTensor(_unknown(one), str(one.dtype)), inputs)
    symbolic = [one for one in keras.tree.flatten(layer.compute_output_spec(*tensors)) if one is not None]
    for one, other in zip(symbolic, outputs, strict=True):
        assert one.dtype == keras.ops.dtype(other) and len(one.shape) == len(other.shape)
        assert all(size in (None, known) for size, known in zip(one.shape, other.shape, strict=True))
    assert type(layer).compute_output_shape is not keras.layers.Layer.compute_output_shape
    count = len(inspect.signature(layer.compute_output_shape).parameters)
    shapes = keras.tree.map_structure(lambda one: one.shape, inputs)[:count]
    assert _shapes(layer.compute_output_shape(*shapes)) == [tuple(one.shape) for one in outputs]


def _check_wrong_axes(layer, inputs):
    """Inputs with an axis too many, and sequences without steps, are errors that name the layer and the argument."""
    arguments = dict(zip(inspect.signature(layer.call).parameters, inputs, strict=False))
    for name, axes in layer.call_axes.items():
        wrong = {"must have the axes": np.ones((2, 2, 2, 2), "float32")}
        if axes[0].startswith("B T"):
            wrong["must have at least one step"] = arguments[name][:, :0]
        for message, value in wrong.items():
            with pytest.raises(CallError, match=f'`{name}` of the layer "{layer.name}".* {message}.*Received: shape'):
                layer(**{**arguments, name: value})


def _check_weight_options(cls, options, inputs):
    """Each role has an initializer, a regularizer and a constraint, which its weights use and the config keeps."""
    plain_config = cls(**options).get_config()
    for role in cls.roles:
        given = {f"{role}_initializer": "ones", f"{role}_regularizer": "l1", f"{role}_constraint": "non_neg"}
        layer = cls(**options, **given)
        layer(*inputs)
        weights = [weight for weight in layer.weights if weight.regularizer]
        assert {id(weight) for weight in layer.weights if weight.constraint} == {id(weight) for weight in weights}
        assert all((keras.ops.convert_to_numpy(weight) == 1).all() for weight in weights)
        assert len(layer.losses) == len(weights) and all(float(loss) > 0 for loss in layer.losses)
        config = json.loads(json.dumps(layer.get_config()))
        assert config.keys() - plain_config.keys() == given.keys()
        again = cls.from_config(config)
        assert json.loads(json.dumps(again.get_config())) == config
        again(*inputs)
        assert len(again.losses) == len(weights)
        assert all(name in cls.__doc__ for name in given)


def _check_frozen(cls, options, inputs):
    """A layer that is made with `trainable=False` has no weight that a model would train; so has its copy."""
    frozen = cls.from_config(cls(**options).get_config() | {"trainable": False})
    for layer in (frozen, cls.from_config(frozen.get_config())):
        layer(*inputs)
        assert not any(weight.trainable for weight in layer.weights)


def _shapes(nest):
    """Return a flat list of the shapes in a nest of tuples and lists."""
    if nest is None:
        return []
    if isinstance(nest, tuple) and all(size is None or isinstance(size, int) for size in nest):
        return [nest]
    return [shape for one in nest for shape in _shapes(one)]


def _check_dtype(other, layer, inputs, outputs):
    """In another dtype the layer computes in the dtype it should, and about the same."""
    other(*inputs)
    other.set_weights(layer.get_weights())
    results = _floats(other(*inputs))
    assert {keras.ops.dtype(one) for one in results} == {other.dtype_policy.compute_dtype}
    assert {one.dtype for one in other.weights} <= {other.dtype_policy.variable_dtype}
    tolerance = 1e-5 if other.compute_dtype == "float64" else 0.1
    assert_close([keras.ops.cast(one, "float32") for one in results], _floats(outputs), tolerance)


def _model(layer, inputs):
    symbols = keras.tree.map_structure(lambda one: keras.Input(_unknown(one)[1:]), inputs)
    return keras.Model(symbols, keras.tree.flatten(layer(*symbols))[0])


def _check_fit(layer, inputs):
    """One step of training changes every weight."""
    model = _model(type(layer).from_config(layer.get_config()), inputs)
    model.set_weights(layer.get_weights())
    if not model.trainable_weights:
        return
    model.compile(keras.optimizers.SGD(0.1), "mse")
    target = normal(*keras.ops.shape(model(inputs)), seed=1)
    history = model.fit(inputs, target, epochs=1, batch_size=len(target), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for weight, before in zip(model.weights, layer.get_weights(), strict=True):
        assert np.abs(keras.ops.convert_to_numpy(weight) - before).max() > 0, weight.path


def _check_reload(layer, inputs):
    """A saved model answers as before."""
    model = _model(type(layer).from_config(layer.get_config()), inputs)
    model.set_weights(layer.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        loaded = keras.saving.load_model(f"{folder}/model.keras", safe_mode=True)
    assert_close(loaded(inputs), model(inputs), 1e-6)
