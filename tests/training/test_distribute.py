import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.cluster import configs
from tests.support.paths import ROOT, SUPPORT
from zoo.errors import CallError, WorkError
from zoo.fitting.replicas import shard, sum_replicas
from zoo.training.distribute import explain_lost_worker, from_chief, strategy, writable_run
from zoo.training.fit import train
from zoo.training.run.history import read_history

ENVIRONMENT = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
REPLICAS = [sys.executable, str(SUPPORT / "replicas.py")]
DEVICES = 2
FAST = ["--epochs", "60", "--patience", "99", "--units", "8", "--batch-size", "24", "--vocabulary-size", "120"]


@pytest.fixture
def processes():
    """Start processes with `processes(command, TF_CONFIG)`; whatever happens, none outlives the test."""
    running = []

    def start(command, config=None, **options):
        environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
        if config:
            environment["TF_CONFIG"] = json.dumps(config)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running.append(subprocess.Popen(command, env=environment, **pipes, **options))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended(process, timeout):
    """Wait for a process and return its exit status and what it wrote to standard error."""
    _, errors = process.communicate(timeout=timeout)
    return process.returncode, errors


def assert_same(a, b):
    """Compare two results of `fit` in replicas.py."""
    assert a["history"].keys() == b["history"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in a["history"].items():
        np.testing.assert_allclose(values, b["history"][name], rtol=0, atol=1e-6)
    assert len(a["weights"]) == len(b["weights"])
    for one, other in zip(a["weights"], b["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_one_replica_costs_nothing():
    values, data = (tf.constant(1.0), [None]), tf.data.Dataset.range(3)
    assert sum_replicas(values) is values
    assert shard(data, strategy()) is data
    scores = {"loss": 1.0}
    assert from_chief(scores) is scores
    assert strategy() is tf.distribute.get_strategy()
    with writable_run(Path("run")) as place:
        assert place == Path("run")


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.UnavailableError(None, None, "cluster check alive failed"),
        tf.errors.InternalError(None, None, "/job:worker/replica:0/task:1 heartbeat timeout"),
    ],
)
def test_a_worker_that_has_gone_is_told_with_what_to_do(error):
    with pytest.raises(WorkError, match=r"Start all workers again with `zoo train --resume some/run`"):
        with explain_lost_worker(Path("some/run")):
            raise error


def test_a_run_of_other_checkpoints_is_another_run(tmp_path):
    from zoo.training.distribute import _digest

    for name, content in (("config.json", "{}"), ("checkpoints/epoch-0001-step-000002/SHA256SUMS", "1234  state")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    before = _digest(tmp_path)
    assert _digest(tmp_path) == before
    (tmp_path / name).write_text("1235  state")  # as long as before
    assert _digest(tmp_path) != before


def test_other_errors_are_not_taken_for_a_worker_that_has_gone():
    with pytest.raises(tf.errors.InternalError), explain_lost_worker(Path("run")):
        raise tf.errors.InternalError(None, None, "a bug")


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """What some devices of one process show."""
    out = tmp_path_factory.mktemp("mirrored") / "out.json"
    subprocess.run(
        [*REPLICAS, "mirrored", out, str(DEVICES)], env=_environment(), check=True, timeout=600, capture_output=True
    )
    return json.loads(out.read_text(encoding="utf-8"))


def _environment():
    return {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}


@pytest.mark.conformance
def test_several_devices_equal_one(mirrored):
    assert (mirrored["strategy"], mirrored["replicas"]) == ("MirroredStrategy", DEVICES)
    assert_same(mirrored["alone"], mirrored["together"])


@pytest.mark.conformance
def test_several_devices_learn_from_a_teacher_as_one_does(mirrored):
    assert_same(mirrored["taught alone"], mirrored["taught together"])
    assert mirrored["taught alone"]["history"]["loss"] != mirrored["alone"]["history"]["loss"]


@pytest.mark.conformance
def test_shards_make_up_the_batches_and_can_be_empty(mirrored):
    assert len(mirrored["shards"]) == len(mirrored["batches"])
    for shards, batch in zip(mirrored["shards"], mirrored["batches"], strict=True):
        assert shards == [batch[i::DEVICES] for i in range(DEVICES)]
    assert any(shard == [] for shards in mirrored["shards"] for shard in shards)


@pytest.mark.conformance
def test_replicas_drop_each_their_own(mirrored):
    before, after, again = mirrored["dropout"]
    assert after and after == again
    for one, other in zip(before, after, strict=True):
        assert all(state == other[0] for state in one)
        assert len({tuple(state) for state in other}) == DEVICES


@pytest.mark.conformance
def test_keras_still_cannot_build_from_shards(mirrored):
    # When this fails, ReplicaFit._maybe_symbolic_build may only have to build the optimizer.
    assert mirrored["plain build"]


@pytest.mark.conformance
def test_keras_still_sums_gradients_after_it_has_clipped_them(mirrored):
    # When this fails, _take_summed_gradients can go.
    assert mirrored["plain change"] == -DEVICES
    assert mirrored["change"] == -1


def test_keras_still_keeps_a_part_of_a_metric_on_each_replica():
    # When this fails, GlobalMean can go.
    assert keras.metrics.Mean().total.value.synchronization == tf.VariableSynchronization.ON_READ


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """What each of two workers shows."""
    folder = tmp_path_factory.mktemp("workers")
    running = [
        subprocess.Popen(
            [*REPLICAS, "worker", folder / f"{i}.json"],
            env={**_environment(), "TF_CONFIG": json.dumps(config)},
            stderr=subprocess.PIPE,
        )
        for i, config in enumerate(configs(2))
    ]
    try:
        for process in running:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors.decode()[-3000:]
    finally:
        for process in running:
            process.kill()
    return [json.loads((folder / f"{i}.json").read_text(encoding="utf-8")) for i in range(2)]


@pytest.mark.conformance
def test_two_workers_equal_one(workers):
    from tests.support.replicas import fit

    one, taught = fit("tanh_dnn"), fit("tanh_dnn", taught=True)
    for worker in workers:
        assert_same(one, worker["together"])
        assert_same(taught, worker["taught"])
    assert one["history"]["loss"] != taught["history"]["loss"]


@pytest.mark.conformance
def test_workers_that_do_not_see_the_same_are_told(workers):
    assert [worker["differs"] for worker in workers] == ["differs", "differs"]


@pytest.mark.conformance
def test_workers_decide_by_what_the_chief_has(workers):
    assert [worker["from chief"] for worker in workers] == [{"loss": 1.5}] * 2


@pytest.mark.conformance
def test_keras_still_averages_logs_over_their_first_axis(workers):
    # When this fails, ReplicaFit._as_logs can go.
    assert all(worker["plain logs"] for worker in workers)


def zoo_train(processes, *arguments):
    """Start `zoo train` on two workers."""
    return [processes([sys.executable, "-m", "zoo", "train", *arguments], config) for config in configs(2)]


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_stops_the_others_and_resume_goes_on(processes, tiny_data, tmp_path, victim):
    data = tiny_data["classification"]
    call = ["tanh_dnn", "--train", data["train"], "--valid", data["valid"], *FAST]
    whole, run = tmp_path / "whole", tmp_path / "run"
    for worker in zoo_train(processes, *call, "--out", str(whole)):
        assert ended(worker, 600)[0] == 0

    started = zoo_train(processes, *call, "--out", str(run))
    wait_for(lambda: len(read_history(run)) >= 3, 300)
    started[victim].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    status, errors = ended(started[1 - victim], 120)
    assert time.monotonic() - killed < 30
    assert status == 1, errors[-3000:]
    assert "zoo: a worker has gone" in errors and f"Start all workers again with `zoo train --resume {run}`" in errors
    assert "Traceback" not in errors
    assert 3 <= len(read_history(run)) < 60

    for worker in zoo_train(processes, "--resume", str(run)):
        assert ended(worker, 600)[0] == 0
    assert_same_runs(whole, run)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_zoo_train_on_two_workers_equals_one(processes, tiny_data, tiny_settings, tmp_path, tiny_run):
    options = {"--epochs": tiny_settings.epochs, "--batch-size": 32, "--vocabulary-size": 120, "--units": 16}
    options["--seed"] = tiny_settings.seed
    data = tiny_data["translation"]
    call = [str(part) for pair in options.items() for part in pair]
    out = tmp_path / "run"
    started = zoo_train(processes, "bahdanau_seq2seq", "--train", data["train"], "--valid", data["valid"], *call,
                        "--out", str(out))  # fmt: skip
    outcomes = [ended(worker, 600) for worker in started]
    assert [status for status, _ in outcomes] == [0, 0], outcomes
    assert "epoch 2/2" in outcomes[0][1] and "epoch 2/2" not in outcomes[1][1]
    assert {path.name for path in out.iterdir()} == {path.name for path in tiny_run.path.iterdir()}
    assert len(list((out / "logs").rglob("events*"))) == len(list((tiny_run.path / "logs").rglob("events*")))
    assert_same_runs(tiny_run.path, out)


def wait_for(condition, timeout):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout
        time.sleep(0.2)


def assert_same_runs(a, b):
    from zoo.pipeline import load_run

    rows = zip(read_history(a), read_history(b), strict=True)
    for one, other in rows:
        for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy"):
            assert abs(one[name] - other[name]) <= 1e-6 * max(1.0, abs(one[name])), (name, one, other)
    for one, other in zip(load_run(a).model.get_weights(), load_run(b).model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_a_bad_tf_config_is_told_before_any_text_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CONFIG", "{}")
    with pytest.raises(CallError, match="TF_CONFIG"):
        train("tanh_dnn", train="nowhere", valid="nowhere", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
