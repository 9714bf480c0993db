"""`compile` and `fit` under a strategy that the user has made."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support.cluster import configs
from tests.support.paths import ROOT, SUPPORT

ENVIRONMENT = {
    **os.environ,
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
}


def results(folder, how):
    """Run a fit in as many processes as it needs and return what each of them found."""
    clusters = configs(2) if how == "workers" else [None]
    outs = [folder / f"{how}-{number}.json" for number in range(len(clusters))]
    running = []
    try:
        for config, out in zip(clusters, outs, strict=True):
            environment = ENVIRONMENT | ({"TF_CONFIG": json.dumps(config)} if config else {})
            command = [sys.executable, str(SUPPORT / "own_strategy.py"), how, str(out)]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            running.append(subprocess.Popen(command, env=environment, **pipes))
        for process in running:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors[-3000:]
    finally:
        for process in running:
            process.kill()
    return [json.loads(out.read_text(encoding="utf-8")) for out in outs]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return results(tmp_path_factory.mktemp("alone"), "alone")[0]


@pytest.mark.conformance
@pytest.mark.parametrize("how", ["mirrored", "workers"])
def test_several_replicas_equal_one_process(how, tmp_path, alone):
    assert alone["task"]["replicas"] == 1
    for found in results(tmp_path, how):
        assert found["task"]["replicas"] == 2
        for part in ("history", "scores"):
            assert found["task"][part].keys() == alone["task"][part].keys()
            for name, values in alone["task"][part].items():
                np.testing.assert_allclose(found["task"][part][name], values, rtol=0, atol=1e-6)
        for one, other in zip(found["task"]["weights"], alone["task"]["weights"], strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
        for one, other in zip(found["classes"]["weights"], alone["classes"]["weights"], strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
        assert found["classes"]["spread"] == 0.0  # the copies of a weight stay equal
        # An own loss is a mean on each replica, as everywhere in Keras: near one process, not equal to it.
        assert found["own"]["history"].keys() == alone["own"]["history"].keys()
        assert np.isfinite(found["own"]["history"]["loss"]).all()
