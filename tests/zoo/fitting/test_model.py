import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.checks import randomise
from zoo.constants import END, PAD, START
from zoo.fitting.losses import summed_loss, summed_smoothing
from zoo.models.build import build
from zoo.run_folder import load_model
from zoo.training.settings import Settings
from zoo.training.step.optimizer import make_optimizer
from zoo.training.step.precision import precision_policy

SOURCE = np.array([[4, 5, 6, 7, END], [8, 9, END, PAD, PAD], [10, END, PAD, PAD, PAD]], "int32")
TARGET = np.array([[START, 5, 6, 7], [START, 12, 4, PAD], [START, PAD, PAD, PAD]], "int32")
NEXT = np.array([[5, 6, 7, END], [12, 4, END, PAD], [END, PAD, PAD, PAD]], "int32")
INPUTS = {"source": SOURCE, "target": TARGET}


def compiled(*, precision="float32", jit=False, seed=0, options=None, **settings):
    """Return a small model, ready to fit for 100 steps."""
    keras.utils.set_random_seed(seed)
    chosen = Settings(**{"schedule": "constant", "warm_up": 0.0, "learning_rate": 0.01, **settings})
    with precision_policy(precision):
        model = build(
            "bahdanau_seq2seq", source_vocabulary_size=11, target_vocabulary_size=13, units=6, **options or {}
        )
    model.compile(
        make_optimizer(chosen, 100),
        label_smoothing=chosen.label_smoothing,
        scheduled_sampling=chosen.scheduled_sampling,
        scheduled_sampling_steps=4,
        seed=chosen.seed,
        jit_compile=jit,
    )
    return model


def fit(made, epochs=8):
    history = made.fit(INPUTS, NEXT, epochs=epochs, batch_size=3, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all()
    return history["loss"]


def weights(made):
    return [variable.numpy() for variable in made.trainable_variables]


def test_the_loss_is_the_mean_over_all_tokens_whatever_the_batches():
    made = compiled()
    logits = made(INPUTS)
    total, count = summed_loss("translation", tf.constant(NEXT), logits)
    for size in (1, 2, 3):
        loss, accuracy = made.evaluate(INPUTS, NEXT, batch_size=size, verbose=0)
        assert loss == pytest.approx(float(total / count), rel=1e-5) and 0 <= accuracy <= 1


def test_label_smoothing_is_in_the_gradient_and_not_in_the_loss():
    plain, smooth = compiled(), compiled(label_smoothing=0.2)
    smooth.set_weights(plain.get_weights())
    assert smooth.evaluate(INPUTS, NEXT, verbose=0) == plain.evaluate(INPUTS, NEXT, verbose=0)
    with tf.GradientTape() as tape:
        logits = smooth(INPUTS, training=True)
        total, count = summed_loss("translation", tf.constant(NEXT), logits)
        loss = (total + 0.2 * summed_smoothing("translation", tf.constant(NEXT), logits)) / count
    expected = tape.gradient(loss, smooth.logits.bias)
    seen = {}
    smooth.optimizer.apply = lambda gradients, variables: seen.update(
        {variable.path: gradient for gradient, variable in zip(gradients, variables, strict=True)}
    )
    logs = smooth.train_step((INPUTS, tf.constant(NEXT)))
    np.testing.assert_allclose(seen[smooth.logits.bias.path], expected, atol=1e-6)
    assert float(logs["loss"]) == pytest.approx(float(total / count), rel=1e-5)


def test_averaged_weights_are_for_evaluation_alone(tmp_path):
    made = compiled(ema=0.9)
    before = weights(made)
    with made.evaluation_weights():  # no step yet: nothing to average
        assert all(np.array_equal(a, b) for a, b in zip(weights(made), before, strict=True))
    for _ in range(5):
        made.train_step((INPUTS, tf.constant(NEXT)))
    own = weights(made)
    averages = [average.numpy() for average in made.optimizer._model_variables_moving_average]
    with made.evaluation_weights():
        assert all(np.array_equal(a, b) for a, b in zip(weights(made), averages, strict=True))
        with made.evaluation_weights():
            pass
        assert all(np.array_equal(a, b) for a, b in zip(weights(made), averages, strict=True))
        expected = made(INPUTS).numpy()
        total, count = summed_loss("translation", tf.constant(NEXT), expected)
    assert all(np.array_equal(a, b) for a, b in zip(weights(made), own, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(own, averages, strict=True))
    assert made.evaluate(INPUTS, NEXT, verbose=0)[0] == pytest.approx(float(total / count), rel=1e-5)
    made.save_for_inference(tmp_path / "model.keras")
    np.testing.assert_allclose(load_model(tmp_path / "model.keras")(INPUTS), expected, atol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(weights(made), own, strict=True))


def test_the_weights_come_back_when_the_block_fails():
    made = compiled(ema=0.9)
    made.train_step((INPUTS, tf.constant(NEXT)))
    made.train_step((INPUTS, tf.constant(NEXT)))
    own = weights(made)
    with pytest.raises(KeyboardInterrupt), made.evaluation_weights():
        raise KeyboardInterrupt
    assert all(np.array_equal(a, b) for a, b in zip(weights(made), own, strict=True)) and not made.averaged


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_like_float32(precision, tmp_path):
    exact, mixed = compiled(), compiled(precision=precision, ema=0.5)
    mixed.set_weights(exact.get_weights())
    scaled = isinstance(mixed.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")
    np.testing.assert_allclose(fit(mixed, 20), fit(exact, 20), rtol=0.05)
    with mixed.evaluation_weights():
        assert mixed.averaged
        expected = mixed(INPUTS)
    mixed.save_for_inference(tmp_path / "model.keras")
    kept = load_model(tmp_path / "model.keras")
    assert kept.compute_dtype == "float32" and expected.dtype != tf.float32
    np.testing.assert_allclose(kept(INPUTS), tf.cast(expected, tf.float32), atol=0.1)


def test_scheduled_sampling_rises_from_nothing():
    """The first step reads right tokens alone, a later one guesses; the same seed gives the same weights."""
    made = compiled(scheduled_sampling=1.0)
    randomise(made)
    assert np.array_equal(made._with_guesses(INPUTS)["target"], TARGET)
    made.optimizer.iterations.assign(4)
    mixed = made._with_guesses(INPUTS)["target"].numpy()
    guesses = np.argmax(made(INPUTS), -1)
    there = (TARGET != PAD)[:, 1:] & (guesses[:, :-1] > END)
    assert there.any() and np.array_equal(mixed[:, 1:], np.where(there, guesses[:, :-1], TARGET[:, 1:]))
    runs = [compiled(scheduled_sampling=0.5, options={"dropout": 0.2}) for _ in range(2)]
    for one in runs:
        fit(one)
    assert all(np.array_equal(a, b) for a, b in zip(*map(weights, runs), strict=True))
