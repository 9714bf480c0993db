"""Models of the Hub: fetched as data, from a server on this machine."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import zoo
from tests.support.hub import hub_with, talk_to
from zoo.errors import CallError, WorkError
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


@pytest.fixture
def fetch(monkeypatch, tmp_path):
    """A function that fetches the files of a folder from a Hub on this machine, in this process."""
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

    def fetched(folder):
        with hub_with("someone/numbers", folder) as server:
            talk_to(server, monkeypatch, tmp_path / "cache")
            return fetch_from_hub("hf://someone/numbers"), server.asked

    return fetched


def test_a_preset_of_the_hub_answers(tiny_preset, fetch):
    folder, _ = fetch(tiny_preset)
    texts = ["un", "deux"]
    lite, keras = zoo.load(folder), zoo.load(folder, keras=True)
    assert lite.model is None and [one.output for one in lite.predict(texts)] == [
        one.output for one in keras.predict(texts)
    ]


def test_code_and_what_is_in_folders_is_not_fetched(fetch, tmp_path):
    kept = ["config.json", "README.md", "shortlist.npz"]
    left = ["inner/config.json", "saved_model.pb", "model.pkl", "code.py", "x.safetensors", "x.npz"]
    for name in kept + left:
        (tmp_path / "repo" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / name).write_text("{}")
    folder, asked = fetch(tmp_path / "repo")
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)
    assert not [path for path in asked if "/resolve/" in path and path.endswith(tuple(left))]


def test_what_was_fetched_is_read_where_no_hub_answers(tiny_preset, fetch, monkeypatch, tmp_path):
    repo = shutil.copytree(tiny_preset, tmp_path / "repo")
    (repo / ".gitattributes").write_text("*.keras filter=lfs")  # the Hub adds it to every model
    folder, _ = fetch(repo)
    hub = pytest.importorskip("huggingface_hub")
    assert not (folder / ".gitattributes").exists()

    def no_answer(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr(hub.HfApi, "model_info", no_answer)
    assert fetch_from_hub("hf://someone/numbers") == folder
    with pytest.raises(WorkError, match="Could not fetch hf://someone/else: no network"):
        fetch_from_hub("hf://someone/else")


def test_a_model_of_which_a_file_did_not_arrive_is_not_read(tiny_preset, fetch, monkeypatch):
    folder, _ = fetch(tiny_preset)
    hub = pytest.importorskip("huggingface_hub")
    (folder / "model.keras").unlink()
    fetched = hub.snapshot_download

    def breaks_off(*given, local_files_only=False, **options):
        if local_files_only:
            return fetched(*given, local_files_only=True, **options)
        raise ConnectionError("the connection broke off")

    monkeypatch.setattr(hub, "snapshot_download", breaks_off)
    with pytest.raises(WorkError, match="Could not fetch hf://someone/numbers: the connection broke off"):
        fetch(tiny_preset)


def test_a_model_that_is_too_large_is_not_fetched(tiny_preset, fetch, monkeypatch):
    monkeypatch.setattr("zoo.hub.LARGEST", 1000)
    with pytest.raises(CallError, match="hf://someone/numbers is too large: its files may have 1,000 bytes together"):
        fetch(tiny_preset)


def test_a_saved_model_or_a_pickle_of_the_hub_is_refused(fetch, tmp_path):
    (tmp_path / "repo").mkdir()
    for name in ("saved_model.pb", "pytorch_model.bin", "model.pkl", "README.md"):
        (tmp_path / "repo" / name).write_bytes(b"x")
    folder, _ = fetch(tmp_path / "repo")
    with pytest.raises(CallError, match="is neither a run folder"):
        zoo.load(folder)


def test_a_saved_model_in_the_cache_is_not_run(fetch, tmp_path, monkeypatch):
    """Another tool may have fetched the whole repository."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "README.md").write_text("x")
    folder, _ = fetch(tmp_path / "repo")
    (folder / "saved_model.pb").write_bytes(b"a graph")
    monkeypatch.setattr("zoo.export.load.fetch_from_hub", lambda where: folder)
    with pytest.raises(CallError, match="is neither a run folder .* nor an artefact"):
        zoo.load("hf://someone/numbers")


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
