"""Models of the Hub: fetched as data, from a server on this machine."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.hub import hub_with
from zoo.errors import CallError
from zoo.hub import fetch_from_hub, is_hub_address

TEXTS = ["le 28 octobre 1934", "vingt et un"]


def predict(where, server, home):
    """Run `zoo predict` in a process of its own, which reads the address of the Hub when it starts."""
    environment = {**os.environ, "HF_ENDPOINT": server.address, "HF_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "zoo", "predict", where, *TEXTS, "--json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_a_run_of_the_hub_answers(tiny_run, tmp_path):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    folder = tiny_run.save(tmp_path / "run")
    (folder / "saved_model.pb").write_bytes(b"a graph that nobody checked")
    (folder / "code.py").write_text("print('never fetched')")
    with hub_with("someone/numbers", folder) as server:
        done = predict("hf://someone/numbers", server, tmp_path / "home")
        assert done.returncode == 0, done.stderr
        fetched = {path.rsplit("/", 1)[-1] for path in server.asked if "/resolve/" in path}
        missing = predict("hf://someone/else", server, tmp_path / "home")
    assert [one["output"] for one in json.loads(done.stdout)] == [one.output for one in tiny_run.predict(TEXTS)]
    assert "model.keras" in fetched and not fetched & {"saved_model.pb", "code.py"}
    assert missing.returncode == 2 and "The Hub has no model hf://someone/else" in missing.stderr


def test_a_hub_that_does_not_answer(tmp_path):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    with hub_with("someone/numbers", tmp_path) as server:
        pass
    done = predict("hf://someone/numbers", server, tmp_path / "home")
    assert done.returncode == 1 and "Could not fetch hf://someone/numbers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("where", ["hf://", "hf://owner", "hf://owner/name/more", "hf://../name@", "hf://a b/c"])
def test_addresses_that_are_none(where):
    assert is_hub_address(where)
    with pytest.raises(CallError, match='An address of the Hub is "hf://owner/name"'):
        fetch_from_hub(where)


@pytest.mark.parametrize("where", ["run", "owner/name", "hf:/owner/name"])
def test_paths_are_no_addresses(where):
    assert not is_hub_address(where)
