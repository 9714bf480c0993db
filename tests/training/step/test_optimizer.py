import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.fitting.optimizer import AVERAGE_EVERY, Adam
from zoo.training.settings import Settings
from zoo.training.step.optimizer import Schedule, make_optimizer


def rates(kind, steps, warm_up=10, total=100, peak=0.5):
    schedule = Schedule(peak, kind, warm_up, total)
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("kind", ["cosine", "inverse_sqrt", "constant"])
def test_every_schedule_rises_in_a_line(kind):
    np.testing.assert_allclose(rates(kind, [0, 5, 10]), [0.05, 0.275, 0.5], rtol=1e-6)


def test_what_follows():
    np.testing.assert_allclose(rates("constant", [10, 50, 99, 500]), [0.5] * 4)
    np.testing.assert_allclose(rates("inverse_sqrt", [40, 90]), [0.5 / 2, 0.5 / 3], rtol=1e-6)
    halfway = 0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi / 2)) / 2)
    np.testing.assert_allclose(rates("cosine", [55, 100, 500]), [halfway, 0.005, 0.005], rtol=1e-5)


@pytest.mark.parametrize("kind", ["cosine", "inverse_sqrt", "constant"])
def test_no_warm_up(kind):
    assert rates(kind, [0], warm_up=0) == [0.5]


def stepped(settings, gradients, start=1.0, name="kernel"):
    """Return the optimizer and the weight after each step."""
    optimizer, weight = make_optimizer(settings, 100), keras.Variable([start], name=name)
    optimizer.build([weight])
    weights = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor([gradient])], [weight])
        weights.append(float(weight[0]))
    return optimizer, weight, weights


STEADY = Settings(schedule="constant", warm_up=0.0, learning_rate=0.1, clip=1e6)


def test_the_average_is_its_formula():
    """Decay n / (n + 9) in update n until that is more than `ema` of so many steps."""
    settings = Settings(schedule="constant", warm_up=0.0, learning_rate=0.1, ema=0.85)
    gradients = np.random.default_rng(0).normal(1, 2, 6 * AVERAGE_EVERY + 3)
    optimizer, weight, weights = stepped(settings, gradients.tolist())
    average = 0.0
    for n, one in enumerate(weights[::AVERAGE_EVERY]):
        decay = min(0.85**AVERAGE_EVERY, n / (n + 9))
        average = decay * average + (1 - decay) * one
    optimizer.finalize_variable_values([weight])
    assert float(weight[0]) == pytest.approx(average, rel=1e-5)
    assert abs(average - weights[-1]) > 1e-4


def test_averages_are_variables_of_the_optimizer():
    def variables(ema):
        return stepped(Settings(ema=ema), [1.0])[0].variables

    assert len(variables(0.9)) == len(variables(0.0)) + 1


def test_weight_decay_shrinks_what_has_no_gradient():
    _, _, plain = stepped(STEADY, [0.0])
    _, _, decayed = stepped(Settings(**{**vars(STEADY), "weight_decay": 0.5}), [0.0])
    assert plain == [1.0] and decayed == [pytest.approx(1 - 0.1 * 0.5)]


@pytest.mark.parametrize("name", ["bias", "recurrent_bias"])
def test_biases_do_not_decay(name):
    assert stepped(Settings(**{**vars(STEADY), "weight_decay": 0.5}), [0.0], name=name)[2] == [1.0]


def test_gradients_are_clipped_to_their_common_norm():
    settings = Settings(**{**vars(STEADY), "clip": 0.5})
    optimizer, weights = make_optimizer(settings, 100), [keras.Variable([1.0]), keras.Variable([1.0])]
    optimizer.apply([keras.ops.convert_to_tensor([value]) for value in (3.0, 4.0)], weights)
    first_moments = [float(variable[0]) for variable in optimizer._momentums]  # (1 - beta_1) * clipped gradient
    np.testing.assert_allclose(first_moments, [0.1 * 0.3, 0.1 * 0.4], rtol=1e-5)


def test_the_norm_of_an_embeddings_gradient_is_that_of_its_rows():
    """Not of the slices that they are added up from: those of a word that comes twice."""
    from zoo.models.build import build

    model = build("tanh_rnn_lm", vocabulary_size=5, units=3)
    seen = []
    optimizer = make_optimizer(STEADY, 100)
    optimizer.apply = lambda gradients, variables: seen.extend(gradients)
    model.compile(optimizer=optimizer, run_eagerly=True)
    ids = tf.constant([[1, 4, 4, 4, 3]])
    model.train_step((ids, ids))
    assert seen and all(tf.is_tensor(one) for one in seen)
    shapes = [tuple(one.shape) for one in model.trainable_variables]
    assert [tuple(one.shape) for one in seen] == shapes and (5, 3) in shapes


def test_config_round_trip():
    optimizer = make_optimizer(Settings(ema=0.99, weight_decay=0.1, schedule="inverse_sqrt"), 50)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is Adam and again.get_config() == optimizer.get_config()
    assert isinstance(again._learning_rate, Schedule)
