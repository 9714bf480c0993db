import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support import small_models
from tests.support.checks import assert_close, randomise
from tests.support.parameters import few
from zoo.catalog import CATALOG, find
from zoo.constants import END, PAD, START
from zoo.errors import CallError
from zoo.fitting.losses import summed_loss
from zoo.fitting.optimizer import Adam
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
    sums = summed_loss("translation", tf.constant(NEXT), logits)
    for size in (1, 2, 3):
        loss, accuracy = made.evaluate(INPUTS, NEXT, batch_size=size, verbose=0)
        assert loss == pytest.approx(float(sums.loss / sums.count), rel=1e-5) and 0 <= accuracy <= 1


def test_label_smoothing_is_in_the_gradient_and_not_in_the_loss():
    plain, smooth = compiled(), compiled(label_smoothing=0.2)
    smooth.set_weights(plain.get_weights())
    assert smooth.evaluate(INPUTS, NEXT, verbose=0) == plain.evaluate(INPUTS, NEXT, verbose=0)
    with tf.GradientTape() as tape:
        logits = smooth(INPUTS, training=True)
        sums = summed_loss("translation", tf.constant(NEXT), logits, label_smoothing=0.2)
        loss = sums.soft / sums.count
    expected = tape.gradient(loss, smooth.logits.bias)
    seen = {}
    smooth.optimizer.apply = lambda gradients, variables: seen.update(
        {variable.path: gradient for gradient, variable in zip(gradients, variables, strict=True)}
    )
    logs = smooth.train_step((INPUTS, tf.constant(NEXT)))
    np.testing.assert_allclose(seen[smooth.logits.bias.path], expected, atol=1e-6)
    assert float(logs["loss"]) == pytest.approx(float(sums.loss / sums.count), rel=1e-5)


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
        sums = summed_loss("translation", tf.constant(NEXT), tf.constant(expected))
    assert all(np.array_equal(a, b) for a, b in zip(weights(made), own, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(own, averages, strict=True))
    made.fitting = True  # as in `fit`, whose validation is this
    assert made.evaluate(INPUTS, NEXT, verbose=0)[0] == pytest.approx(float(sums.loss / sums.count), rel=1e-5)
    made.fitting = False
    assert made.evaluate(INPUTS, NEXT, verbose=0)[0] != pytest.approx(float(sums.loss / sums.count), rel=1e-5)
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


@pytest.mark.parametrize("precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.conformance)])
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


@pytest.mark.conformance
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


TOKENS = {
    "translation": (INPUTS, NEXT),
    "language_model": (TARGET, NEXT),
    "classification": (SOURCE, np.array([2, 0, 1])),
}
SIZES = {
    "translation": {"source_vocabulary_size": 11, "target_vocabulary_size": 13},
    "language_model": {"vocabulary_size": 13},
    "classification": {"vocabulary_size": 11, "classes": 3},
}
OWN_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def small(name="bahdanau_seq2seq", **options):
    keras.utils.set_random_seed(0)
    return build(name, **SIZES[find(name).task], units=6, **options)


def oracle(name="seq2seq"):
    """Return a model whose guess is right at every token of NEXT, and at no padding."""
    made = small(name)
    shifted = tf.one_hot(NEXT, 13) + 2 * tf.one_hot(tf.zeros_like(NEXT) + 7, 13) * (NEXT == PAD)[..., None]
    made.to_logits = lambda hidden: 9 * shifted + 0 * tf.reduce_sum(hidden)
    return made


@pytest.mark.parametrize("name", few([entry.name for entry in CATALOG], "bahdanau_seq2seq", "self_attention_lm"))
def test_every_model_trains_by_plain_fit(name):
    inputs, targets = TOKENS[find(name).task]
    made = small(name)
    made.compile("adam")
    made.optimizer.learning_rate = 0.05
    before = made.evaluate(inputs, targets, verbose=0, return_dict=True)
    sums = summed_loss(made.task, tf.constant(targets), made(inputs))
    assert before["loss"] == pytest.approx(float(sums.loss / sums.count), rel=1e-5)
    history = made.fit(inputs, targets, epochs=6, verbose=0).history
    assert history.keys() == {"loss", "accuracy"} and history["loss"][-1] < history["loss"][0]


def test_fit_takes_arguments_by_place_as_keras_does():
    made = small()
    made.compile("adam")
    history = made.fit(INPUTS, NEXT, 3, 2, 0, None, 0.0, (INPUTS, NEXT)).history
    assert len(history["loss"]) == len(history["val_loss"]) == 2
    assert made.evaluate(INPUTS, NEXT, 3, 0, None, 1) == made.evaluate(INPUTS, NEXT, verbose=0)
    with pytest.raises(TypeError, match="multiple values for argument 'batch_size'"):
        made.fit(INPUTS, NEXT, 3, batch_size=3)


@pytest.mark.parametrize("loss", [None, OWN_LOSS])
def test_accuracy_is_1_where_all_tokens_are_right(loss):
    made = oracle()
    made.compile("sgd", loss, metrics=["accuracy"], run_eagerly=True)
    scores = made.evaluate(INPUTS, NEXT, verbose=0, return_dict=True)
    assert scores["accuracy"] == 1.0 and scores["loss"] < 0.1
    assert np.mean(np.argmax(made(INPUTS), -1) == NEXT) < 0.7  # over all places


def test_an_own_loss_is_averaged_over_tokens_and_its_step_is_of_keras():
    own, plain = small(), small()
    own.compile(keras.optimizers.SGD(1.0), OWN_LOSS)
    plain.compile(keras.optimizers.SGD(1.0))
    for made in (own, plain):
        made.fit(INPUTS, NEXT, verbose=0)
    assert own.evaluate(INPUTS, NEXT, verbose=0) == pytest.approx(plain.evaluate(INPUTS, NEXT, verbose=0)[0], rel=1e-5)
    for a, b in zip(weights(own), weights(plain), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_weights_of_examples_are_those_of_keras():
    """The weighted sum, divided by the number of tokens; the accuracy is not weighted."""
    given = np.array([2.0, 0.0, 1.0], "float32")
    made, own = small(), small()
    made.compile("sgd")
    own.compile("sgd", OWN_LOSS)
    for some in (given, given[:, None] * np.ones_like(NEXT)):
        made.compile("sgd")  # a traced step is for weights of one rank
        loss, accuracy = made.evaluate(INPUTS, NEXT, sample_weight=some, verbose=0)
        assert accuracy == made.evaluate(INPUTS, NEXT, verbose=0)[1]
        wide = np.broadcast_to(given[:, None], NEXT.shape)
        assert loss == pytest.approx(own.evaluate(INPUTS, NEXT, sample_weight=wide, verbose=0), rel=1e-5)
    assert loss != pytest.approx(made.evaluate(INPUTS, NEXT, verbose=0)[0], rel=1e-2)
    before = weights(made)
    made.fit(INPUTS, NEXT, sample_weight=np.zeros(3), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(weights(made), before, strict=True))
    made.compile(keras.optimizers.SGD(1.0))
    own.compile(keras.optimizers.SGD(1.0), OWN_LOSS)
    for one in (made, own):
        one.fit(INPUTS, NEXT, sample_weight=wide, verbose=0)
    for a, b in zip(weights(made), weights(own), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_weights_of_classes_are_those_of_keras(shape):
    inputs, labels = TOKENS["classification"]
    made, own = small("tanh_dnn"), small("tanh_dnn")
    made.compile(keras.optimizers.SGD(1.0))
    own.compile(keras.optimizers.SGD(1.0), OWN_LOSS)
    chosen = {0: 0.0, 1: 3.0, 2: 1.0}
    for one in (made, own):
        one.fit(inputs, labels.reshape(shape), class_weight=chosen, epochs=2, verbose=0)
    for a, b in zip(weights(made), weights(own), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_weights_of_classes_of_a_dataset_are_those_of_arrays():
    inputs, labels = TOKENS["classification"]
    some, other = small("tanh_dnn"), small("tanh_dnn")
    chosen = {0: 0.0, 1: 3.0}
    data = tf.data.Dataset.from_tensors((inputs, labels)).repeat(2)
    for one, given in ((some, {"x": inputs, "y": labels, "epochs": 2}), (other, {"x": data})):
        one.compile(keras.optimizers.SGD(1.0))
        one.fit(**given, class_weight=chosen, verbose=0)
    for a, b in zip(weights(some), weights(other), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    with pytest.raises(CallError, match="must be for classes from 0 to 2. Received: 7"):
        other.fit(data, class_weight={7: 1.0}, verbose=0)
    with pytest.raises(CallError, match="Received: batches with weights already"):
        other.fit(data.map(lambda x, y: (x, y, tf.ones([3]))), class_weight=chosen, verbose=0)


@pytest.mark.parametrize("loss", [None, OWN_LOSS])
def test_further_metrics_are_shown(loss):
    made = small()
    made.compile("adam", loss, metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(13, name="any")])
    history = made.fit(INPUTS, NEXT, validation_data=(INPUTS, NEXT), verbose=0).history
    assert history.keys() == {f"{part}{name}" for part in ("", "val_") for name in ("loss", "accuracy", "any")}
    assert history["any"] == [1.0] and history["val_any"] == [1.0]


def test_metrics_see_large_ids_in_mixed_precision():
    """In bfloat16 the ids 513 and 514 are the same number."""
    made = build("tanh_rnn_lm", vocabulary_size=600, units=4, dtype="mixed_bfloat16")
    made.to_logits = lambda hidden: tf.cast(tf.one_hot(tf.fill([1, 1], 514), 600), "bfloat16")
    made.compile("sgd", OWN_LOSS, metrics=["accuracy"], run_eagerly=True)
    assert made.evaluate(np.array([[START]]), np.array([[513]]), verbose=0)[1] == 0.0
    assert made.evaluate(np.array([[START]]), np.array([[514]]), verbose=0)[1] == 1.0


@pytest.mark.parametrize("compiled_by_xla", [False, True])
@pytest.mark.parametrize("name", list(small_models.MODELS))
def test_rows_of_padding_change_nothing(name, compiled_by_xla):
    """Rows of padding alone, as `few_shapes` adds them; in both ways to sum the loss."""

    def step(inputs, targets):
        made, _ = small_models.made(name)
        made.compile(keras.optimizers.SGD(1.0))
        made.jit_compile = compiled_by_xla  # how the loss is summed; the step itself runs eagerly
        return made.train_step((inputs, targets)), weights(made)

    def more_rows(ids):
        return np.pad(ids, [[0, 2], [0, 0]], constant_values=PAD)

    source, target, following = (np.minimum(ids, small_models.VOCABULARY - 1) for ids in (SOURCE, TARGET, NEXT))
    inputs = target if name.endswith("_lm") else {"source": source, "target": target}
    logs, after = step(inputs, following)
    more_logs, more_after = step(tf.nest.map_structure(more_rows, inputs), more_rows(following))
    for key, value in logs.items():
        assert_close(more_logs[key], value, 1e-6)
    for a, b in zip(after, more_after, strict=True):
        assert_close(a, b, 1e-5)


def test_no_step_is_compiled_by_xla_unasked(monkeypatch):
    """Keras does so by default where there is a GPU."""
    cpu, gpu = (tf.config.PhysicalDevice(f"/physical_device:{kind}:0", kind) for kind in ("CPU", "GPU"))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *kind: [cpu, gpu])
    made = small()
    made.compile("adam", jit_compile="auto")
    assert made.jit_compile
    made.compile("adam")
    assert not made.jit_compile


@pytest.mark.parametrize(
    "options",
    [
        {"jit_compile": True},
        pytest.param({"run_eagerly": True}, marks=pytest.mark.conformance),
        {"steps_per_execution": 3},
    ],
)
def test_every_way_to_run_a_step_gives_the_same_weights(options):
    plain, other, teachers = small(), small(), [small("bahdanau_seq2seq", layers=2)]
    plain.compile(keras.optimizers.SGD(0.5), teachers=teachers)
    other.compile(keras.optimizers.SGD(0.5), teachers=teachers, **options)
    for made in (plain, other):
        made.fit(INPUTS, NEXT, batch_size=1, epochs=2, verbose=0, shuffle=False)
    for a, b in zip(weights(plain), weights(other), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_saved_model_goes_on(tmp_path):
    made = small()
    made.compile("adam", label_smoothing=0.1, scheduled_sampling=0.5, scheduled_sampling_steps=7, seed=5)
    made.fit(INPUTS, NEXT, epochs=2, verbose=0)
    made.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.task_options == made.task_options and int(again.optimizer.iterations) == 2
    losses = [one.fit(INPUTS, NEXT, epochs=2, verbose=0, shuffle=False).history["loss"] for one in (made, again)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    own = small()
    own.compile("sgd", OWN_LOSS, metrics=["accuracy"])
    own.fit(INPUTS, NEXT, verbose=0)
    own.save(tmp_path / "own.keras")
    assert load_model(tmp_path / "own.keras").fit(INPUTS, NEXT, verbose=0).history.keys() == {"loss", "accuracy"}


def test_a_second_compile_replaces_the_first():
    made = small()
    made.compile("sgd", OWN_LOSS, metrics=["mse"])
    for _ in range(2):
        made.compile("sgd")
    assert [metric.name for metric in made.metrics] == ["loss", "accuracy"]
    assert made.evaluate(INPUTS, NEXT, verbose=0, return_dict=True).keys() == {"loss", "accuracy"}


def test_regularizers_are_in_the_gradient():
    plain, heavy = small("tanh_dnn"), small("tanh_dnn")
    heavy.logits.kernel_regularizer = keras.regularizers.L2(1.0)
    heavy.logits.kernel.regularizer = heavy.logits.kernel_regularizer
    inputs, labels = TOKENS["classification"]
    start = plain.logits.kernel.numpy()
    for made in (plain, heavy):
        made.compile(keras.optimizers.SGD(0.1))
        made.fit(inputs, labels, verbose=0)
    np.testing.assert_allclose(heavy.logits.kernel - plain.logits.kernel, -0.1 * 2 * start, atol=1e-5)


@pytest.mark.parametrize("use", ["keras", "own step"])
def test_averages_of_any_optimizer_are_for_validation(use):
    made = small()
    made.compile(keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5), OWN_LOSS if use == "keras" else None)
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.append([made.averaged, weights(made)])

        def on_epoch_end(self, epoch, logs=None):
            seen.append([made.averaged, weights(made)])

    made.fit(INPUTS, NEXT, epochs=3, verbose=0, validation_data=(INPUTS, NEXT), callbacks=[Watch()])
    assert [averaged for averaged, _ in seen] == [True, False] * 3
    assert not all(np.array_equal(a, b) for a, b in zip(seen[-1][1], seen[-2][1], strict=True))


def test_the_callbacks_of_keras_work(tmp_path):
    made = small()
    made.compile("adam")
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_loss", save_best_only=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "last.weights.h5", save_weights_only=True),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.TensorBoard(tmp_path / "logs"),
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1),
        keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
        keras.callbacks.TerminateOnNaN(),
    ]
    history = made.fit(INPUTS, NEXT, epochs=3, validation_data=(INPUTS, NEXT), verbose=0, callbacks=callbacks).history
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4 and list((tmp_path / "logs").rglob("events*"))
    best = load_model(tmp_path / "best.keras")
    assert best.evaluate(INPUTS, NEXT, verbose=0)[0] == pytest.approx(min(history["val_loss"]), rel=1e-5)
    again = small()
    again.compile("adam")
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    assert len(again.fit(INPUTS, NEXT, epochs=5, verbose=0, callbacks=[backup]).history["loss"]) == 2


@pytest.mark.parametrize("metrics", [None, ["sparse_categorical_accuracy"]], ids=["some logits", "all logits"])
@pytest.mark.parametrize("count", few([1, 2], 2))
def test_the_targets_are_partly_the_mean_probabilities_of_the_teachers(count, metrics):
    made, teachers = compiled(seed=1), [compiled(seed=seed, options={"layers": 2}) for seed in range(2, 2 + count)]
    for teacher in teachers:
        randomise(teacher)
    before = [weights(teacher) for teacher in teachers]
    mean = sum(tf.nn.softmax(teacher(INPUTS)) for teacher in teachers) / count
    options = {"label_smoothing": 0.2, "distillation": 0.7}
    with tf.GradientTape() as tape:
        sums = summed_loss("translation", tf.constant(NEXT), made(INPUTS), teacher_probabilities=mean, **options)
        loss = sums.soft / sums.count
    bias = made.logits.bias
    expected = bias - tape.gradient(loss, bias)
    made.compile(keras.optimizers.SGD(1.0), teachers=teachers, metrics=metrics, **options)
    logs = made.fit(INPUTS, NEXT, batch_size=3, verbose=0).history
    assert_close(bias, expected)
    assert logs["loss"][0] == pytest.approx(float(sums.loss / sums.count), rel=1e-5)
    assert len(made.trainable_variables) == len(compiled().trainable_variables)
    for teacher, old in zip(teachers, before, strict=True):
        for one, other in zip(weights(teacher), old, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_student_is_saved_without_its_teachers(tmp_path):
    made, teacher = small("tanh_dnn"), small("tanh_dnn")
    randomise(teacher)
    of_teacher = weights(teacher)
    made.compile("adam", teachers=[teacher])
    made.save_weights(tmp_path / "taught.weights.h5")
    made.save(tmp_path / "student.keras")
    assert load_model(tmp_path / "student.keras").teachers.models == ()
    for file in ("student.keras", "taught.weights.h5"):
        assert b"teacher" not in (tmp_path / file).read_bytes()
    small("tanh_dnn").save_weights(tmp_path / "untaught.weights.h5")
    made.load_weights(tmp_path / "untaught.weights.h5")
    made.load_weights(tmp_path / "taught.weights.h5")
    for one, other in zip(weights(teacher), of_teacher, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ({"distillation": 1.5}, "distillation=1.5"),
        ({"teachers": ["big"]}, "`teachers` must be models of task=translation, .*=13, .* Received: 'big'"),
        ({"teachers": "big"}, "`teachers` must be a list of models. Received: 'big'"),
        ({"scheduled_sampling": -1.0}, "scheduled_sampling=-1.0"),
        ({"scheduled_sampling_steps": 0}, "scheduled_sampling_steps=0"),
        ({"loss": OWN_LOSS, "label_smoothing": 0.1}, "give no `loss`"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(CallError, match=message):
        small().compile("adam", **options)
    with pytest.raises(CallError, match="a classifier reads no guess"):
        small("tanh_dnn").compile("adam", scheduled_sampling=0.5)


def test_wrong_teachers():
    others = [build("seq2seq", source_vocabulary_size=11 + i, target_vocabulary_size=14 - i, units=2) for i in (0, 1)]
    received = ("task=classification", "target_vocabulary_size=14", "source_vocabulary_size=12")
    for teacher, text in zip((small("tanh_dnn"), *others), received, strict=True):
        with pytest.raises(CallError, match=f"target_vocabulary_size=13, .*Received: .*{text}"):
            small().compile("adam", teachers=[teacher])
    with pytest.raises(CallError, match="give no `loss`"):
        small().compile("adam", OWN_LOSS, teachers=[small()])


def test_teachers_that_decide_nothing_are_not_asked():
    made, teacher = small("tanh_dnn"), small("tanh_dnn")
    teacher.hidden = lambda *_: pytest.fail("it was asked")
    made.compile("sgd", teachers=[teacher], distillation=0.0)
    made.fit(SOURCE, np.array([0, 1, 2]), verbose=0)


def test_batches_without_targets_are_refused():
    made = small("tanh_rnn_lm")
    made.compile("adam", run_eagerly=True)
    with pytest.raises(CallError, match=r"Expected batches of \(inputs, targets\)"):
        made.fit(TARGET, verbose=0)


@pytest.mark.parametrize("loss", [None, OWN_LOSS])
def test_the_end_of_the_data_is_no_step(loss):
    """Keras finds the end of a dataset of unknown size by a step; it must leave no trace."""
    made = small("tanh_dnn", dropout=0.5)
    made.compile("adam", loss)
    data = tf.data.Dataset.from_tensor_slices(TOKENS["classification"]).batch(2).filter(lambda *_: True)
    with pytest.warns(UserWarning, match="ran out of data"):
        made.fit(data, epochs=3, verbose=0)
    assert int(made.optimizer.iterations) == 6
    drawn = [int(one.numpy()[1]) for one in made.variables if one.path.endswith("seed_generator_state")]
    assert max(drawn) == 6 * 2  # the inputs of the layer, and the features


def test_adam_by_name_makes_the_steps_of_keras():
    made, own = small(), small()
    made.compile("Adam")
    own.compile(keras.optimizers.Adam())
    for one in (made, own):
        one.fit(INPUTS, NEXT, epochs=3, verbose=0, shuffle=False)
    assert type(made.optimizer) is Adam and not isinstance(own.optimizer, Adam)
    for a, b in zip(weights(made), weights(own), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_step_can_be_traced_with_a_signature():
    """The optimizer makes its variables outside the graph, so that their initial values wait for no batch."""
    made = small("tanh_dnn")
    made.compile("adam")
    signature = [(tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32))]
    step = tf.function(made.train_step, signature, autograph=False)
    assert step.get_concrete_function() and made.optimizer.built


@pytest.mark.parametrize("options", [{}, {"metrics": ["accuracy"]}])
def test_a_batch_of_padding_alone_changes_nothing(options):
    made = zoo.tanh_rnn_lm(9, units=4)
    made.compile(keras.optimizers.SGD(1.0), **options)
    before = [one.numpy() for one in made.trainable_variables]
    padding = np.zeros([2, 3], "int32")
    assert made.train_on_batch(padding, padding)[0] == 0
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, made.trainable_variables, strict=True))
    ids = np.array([[1, 5, 6], [1, 7, 2]], "int32")
    both = made.evaluate(np.concatenate([ids, padding]), np.concatenate([ids, padding]), batch_size=2, verbose=0)
    np.testing.assert_allclose(both, made.evaluate(ids, ids, verbose=0), rtol=1e-6)


def test_losses_that_layers_add_are_those_of_the_step():
    class Penalised(type(zoo.tanh_rnn_lm(9, units=4))):
        def hidden(self, *given, **options):
            features = super().hidden(*given, **options)
            self.add_loss(0.125 * tf.reduce_sum(features))
            return features

    made = Penalised(9, units=4)
    made.compile("sgd", run_eagerly=True)
    ids = np.array([[1, 5, 6], [1, 7, 2]], "int32")
    for length in (3, 2, 3):
        made.train_on_batch(ids[:, :length], ids[:, :length])
        assert len(made.losses) == 1


def test_class_weights_are_for_classifiers():
    made = zoo.tanh_rnn_lm(9, units=4)
    made.compile("sgd")
    ids = np.array([[1, 5, 6], [1, 7, 2]], "int32")
    with pytest.raises(CallError, match="`class_weight` is for classifiers"):
        made.fit(ids, ids, class_weight={5: 0.1}, verbose=0)
