"""A fit of one's own that is killed and started again by the same script."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import CallError, WorkError
from zoo.run_folder import MODEL, load_model
from zoo.training.data.numbers import generate
from zoo.training.run.checkpoints import checkpoints
from zoo.training.run.history import read_history

EXAMPLES = list(generate("train", 40))
FRENCH = [example.source for example in EXAMPLES]
KINDS = [example.kind for example in EXAMPLES]
VOCABULARY = zoo.Vocabulary.learn(FRENCH, size=80)
OWN_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    tf.config.experimental.enable_op_determinism()


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise Killed


def script(
    folder, *, kill=99, epochs=3, units=6, loss=None, dropout=0.3, fit=None, compile=None, callbacks=(), **options
):
    """Train as a script of the user would; return all variables at the end."""
    keras.utils.set_random_seed(1)
    data = zoo.labelled(FRENCH, KINDS, VOCABULARY, batch_size=8, seed=4)
    valid = zoo.labelled(FRENCH[:9], KINDS[:9], VOCABULARY, classes=zoo.labels_of(KINDS), shuffle=False)
    model = zoo.tanh_dnn(VOCABULARY.size, len(zoo.labels_of(KINDS)), units=units, dropout=dropout)
    optimizer = zoo.Adam(0.01, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, loss, metrics=["accuracy"], **compile or {})
    keep = zoo.ExactResume(folder, data, **{"monitor": "val_loss", "checkpoint_seconds": 0.0, **options})
    fit = {"validation_data": valid, **(fit or {})}
    model.fit(data, epochs=epochs, verbose=0, callbacks=[Kill(kill), *callbacks, keep], **fit)
    return [one.numpy().tobytes() for one in (*model.variables, *optimizer.variables)]


@pytest.mark.filterwarnings("error:Your input ran out of data")
@pytest.mark.parametrize("loss", [None, pytest.param(OWN_LOSS, marks=pytest.mark.conformance)])
def test_a_killed_fit_ends_with_the_bits_of_one_that_was_not(tmp_path, loss):
    whole = script(tmp_path / "whole", loss=loss)
    steps = len(zoo.labelled(FRENCH, KINDS, VOCABULARY, batch_size=8))
    for kill, seconds in ((steps + 2, 0.0), (3, 9e9), (0, 0.0)):  # in an epoch; before the next checkpoint; at once
        with pytest.raises(Killed):
            script(tmp_path / "run", kill=kill, loss=loss, checkpoint_seconds=seconds)
    assert checkpoints(tmp_path / "run")[0].name == "epoch-0001-step-000002"
    assert script(tmp_path / "run", loss=loss) == whole
    rows = [[{**row, "seconds": 0} for row in read_history(tmp_path / name)] for name in ("whole", "run")]
    assert rows[0] == rows[1] and len(rows[0]) == 3
    best = [load_model(tmp_path / name / MODEL).get_weights() for name in ("whole", "run")]
    assert all(np.array_equal(a, b) for a, b in zip(*best, strict=True))
    assert script(tmp_path / "run", loss=loss, kill=0) == whole  # finished: no step is done


@pytest.mark.conformance
def test_more_epochs_go_on(tmp_path):
    script(tmp_path / "run", epochs=1)
    assert script(tmp_path / "run", epochs=3) == script(tmp_path / "whole")


@pytest.mark.conformance
def test_several_steps_an_execution_are_counted(tmp_path):
    options = {"compile": {"steps_per_execution": 2}}
    whole = script(tmp_path / "whole", **options)
    with pytest.raises(Killed):
        script(tmp_path / "run", kill=1, **options)
    assert checkpoints(tmp_path / "run")[0].name == "epoch-0000-step-000002"
    assert script(tmp_path / "run", **options) == whole


def test_patience_and_no_monitor(tmp_path):
    script(tmp_path / "none", epochs=1, monitor=None)
    assert not (tmp_path / "none" / MODEL).exists() and checkpoints(tmp_path / "none")
    script(tmp_path / "best", epochs=9, monitor="val_accuracy", mode="min", patience=1)
    rows = [row["val_accuracy"] for row in read_history(tmp_path / "best")]
    assert len(rows) < 9 and rows[-1] >= min(rows[:-1])


def test_a_file_that_it_does_not_write_is_left_alone(tmp_path):
    script(tmp_path / "run", epochs=1, monitor=None)
    (tmp_path / "run" / MODEL).write_bytes(b"the model of another callback")
    script(tmp_path / "run", epochs=2, monitor=None)
    assert (tmp_path / "run" / MODEL).read_bytes() == b"the model of another callback"


def test_a_validation_of_every_second_epoch(tmp_path):
    script(tmp_path / "run", epochs=1, fit={"validation_freq": 2})
    script(tmp_path / "run", epochs=3, fit={"validation_freq": 2})
    assert ["val_loss" in row for row in read_history(tmp_path / "run")] == [False, True, False]
    assert (tmp_path / "run" / MODEL).exists()


@pytest.mark.parametrize(("monitor", "fit"), [("val_los", {}), ("loss_of_something", {"validation_data": None})])
def test_a_monitor_that_is_no_score_is_told_after_the_checkpoint(monitor, fit, tmp_path):
    with pytest.raises(CallError, match=f"`monitor` must be one of .*loss.* Received: '{monitor}'"):
        script(tmp_path / "run", monitor=monitor, fit=fit)
    assert checkpoints(tmp_path / "run")[0].name == "epoch-0001-step-000000"


def test_the_learning_rate_of_another_callback_is_kept(tmp_path):
    class Rates(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    rates = []
    own = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.5**epoch), Rates()]
    script(tmp_path / "run", epochs=2, callbacks=own)
    script(tmp_path / "run", epochs=3, callbacks=own)
    steps = len(rates) // 3
    assert rates == [0.5**epoch for epoch in range(3) for _ in range(steps)]


def test_an_epoch_that_was_stopped_inside_goes_on_there(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    script(tmp_path / "run", callbacks=[Stop()])
    assert checkpoints(tmp_path / "run")[0].name == "epoch-0000-step-000001"
    assert read_history(tmp_path / "run") == []
    assert script(tmp_path / "run") == script(tmp_path / "whole")


def test_another_training_is_refused(tmp_path):
    script(tmp_path / "run", epochs=1)
    with pytest.raises(CallError, match="the training is not the one .*: model.units was 6 and is now 7"):
        script(tmp_path / "run", units=7)
    with pytest.raises(CallError, match="task.label_smoothing was 0.0 and is now 0.1"):
        script(tmp_path / "run", compile={"label_smoothing": 0.1})
    teacher = zoo.tanh_dnn(VOCABULARY.size, len(zoo.labels_of(KINDS)), units=2)
    with pytest.raises(CallError, match="teachers.digests was None and is now"):
        script(tmp_path / "run", compile={"teachers": [teacher]})


def test_a_new_monitor_is_refused(tmp_path):
    """The epochs that are done were not chosen by it."""
    script(tmp_path / "none", epochs=1, monitor=None)
    with pytest.raises(CallError, match="monitor.name was None and is now val_loss"):
        script(tmp_path / "none")
    script(tmp_path / "loss", epochs=1)
    with pytest.raises(CallError, match="monitor.name was val_loss and is now val_accuracy"):
        script(tmp_path / "loss", monitor="val_accuracy")


def test_weights_of_classes(tmp_path):
    """Keras's own would hide the number of batches."""
    weights = {"class_weight": {0: 2.0}}
    whole, plain = (script(tmp_path / name, epochs=2, fit=fit) for name, fit in (("whole", weights), ("plain", None)))
    with pytest.raises(Killed):
        script(tmp_path / "run", epochs=2, fit=weights, kill=7)
    assert script(tmp_path / "run", epochs=2, fit=weights) == whole != plain


def test_a_second_model_of_the_process_goes_on(tmp_path):
    """Keras gives it another name."""

    class Own(type(zoo.tanh_dnn(9, 2, units=2))):
        pass

    def fit(epochs):
        data = zoo.labelled(FRENCH, KINDS, VOCABULARY, batch_size=8, seed=4)
        model = Own(VOCABULARY.size, len(zoo.labels_of(KINDS)), units=3)
        model.compile("adam")
        keep = zoo.ExactResume(tmp_path, data)
        model.fit(data, epochs=epochs, verbose=0, callbacks=[keep])
        return model.name, len(read_history(tmp_path))

    (first, one), (second, two) = fit(1), fit(2)
    assert first != second and (one, two) == (1, 2)


def test_a_run_that_is_finished_leaves_the_data_whole(tmp_path):
    with pytest.raises(Killed):
        script(tmp_path, kill=7)
    data = zoo.labelled(FRENCH, KINDS, VOCABULARY, batch_size=8, seed=4)
    model = zoo.tanh_dnn(VOCABULARY.size, len(zoo.labels_of(KINDS)), units=6, dropout=0.3)
    model.compile(zoo.Adam(0.01, use_ema=True, ema_momentum=0.9), metrics=["accuracy"])
    model.fit(data, epochs=1, verbose=0, callbacks=[zoo.ExactResume(tmp_path, data, monitor="val_loss")])
    assert len(list(data)) == int(data.cardinality())


def test_a_model_that_is_none_of_the_zoo(tmp_path):
    data = zoo.labelled(FRENCH, KINDS, VOCABULARY)
    inputs = keras.Input([None], dtype="int32")
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(VOCABULARY.size, 4)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(len(zoo.labels_of(KINDS)))(pooled))
    model.compile("sgd", OWN_LOSS)
    with pytest.raises(CallError, match="is for models of the zoo. Received: Functional"):
        model.fit(data, verbose=0, callbacks=[zoo.ExactResume(tmp_path, data)])


def test_divergence_with_accumulated_gradients_is_told(tmp_path):
    data = zoo.labelled(FRENCH, KINDS, VOCABULARY, batch_size=8)
    model = zoo.tanh_dnn(VOCABULARY.size, len(zoo.labels_of(KINDS)), units=6)
    optimizer = keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)
    model.compile(optimizer, lambda y, logits: tf.reduce_sum(logits, -1) * float("nan"))
    with pytest.raises(WorkError, match="no longer a number"):
        model.fit(data, verbose=0, callbacks=[zoo.ExactResume(tmp_path, data)])


def test_wrong_calls(tmp_path):
    data = zoo.texts(FRENCH, VOCABULARY)
    for wrong in (data.prefetch(1), zoo.texts(FRENCH, VOCABULARY, shuffle=False), FRENCH):
        with pytest.raises(CallError, match="must be a dataset of `zoo.pairs`"):
            zoo.ExactResume(tmp_path, wrong)
    with pytest.raises(CallError, match="`patience` needs a `monitor`"):
        zoo.ExactResume(tmp_path, data, patience=3)
    with pytest.raises(CallError, match="`patience` must be a positive integer. Received: patience=0"):
        zoo.ExactResume(tmp_path, data, monitor="val_loss", patience=0)
    with pytest.raises(CallError, match='mode="up"|mode=.up.'):
        zoo.ExactResume(tmp_path, data, mode="up")
    with pytest.raises(CallError, match="all .* steps of an epoch"):
        script(tmp_path / "run", fit={"steps_per_epoch": 2})


def test_a_loss_that_is_no_number_stops(tmp_path):
    with pytest.raises(WorkError, match="no longer a number .* with a lower learning rate"):
        script(tmp_path / "run", loss=lambda y, logits: tf.reduce_sum(logits, -1) * float("nan"))
