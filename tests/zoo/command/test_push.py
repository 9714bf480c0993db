"""`zoo push`: a preset goes to a Hub on this machine and is read from there again."""

import shutil

import pytest

import zoo
from tests.support.hub import TOKEN, hub_with, talk_to
from zoo.digests import DIGESTS, add_digests
from zoo.presets.card import CARD

pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")


@pytest.fixture
def preset(tiny_preset, tmp_path):
    """A copy of the tiny preset with a card, and with a file that is none of its own."""
    copy = shutil.copytree(tiny_preset, tmp_path / "tiny")
    (copy / CARD).write_text("---\nlicense: mit\n---\n\n# tiny\n", encoding="utf-8")
    add_digests(copy, copy / DIGESTS, [CARD])
    (copy / "notes.py").write_text("print('mine')")
    (copy / "notes.txt").write_text("not to be published")
    return copy


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A Hub with an empty model, which the test's process talks to."""
    (tmp_path / "empty").mkdir()
    with hub_with("someone/tiny", tmp_path / "empty") as server:
        talk_to(server, monkeypatch, tmp_path / "cache")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


def test_a_preset_is_published_and_read_again(call, preset, server):
    report = call.json("push", preset, "hf://someone/tiny")
    assert report["url"].endswith("someone/tiny")
    assert server.files.keys() == {path.name for path in preset.iterdir()} - {"notes.py", "notes.txt"} | {"README.md"}
    assert server.files["README.md"] == (preset / CARD).read_bytes()
    texts = ["un", "deux"]
    answers = [[one.output for one in zoo.load(where).predict(texts)] for where in (preset, "hf://someone/tiny")]
    assert answers[0] == answers[1]


def test_what_is_not_published(call, preset, server, tiny_preset):
    for where in (tiny_preset, preset.parent):
        status, _, err = call("push", where, "hf://someone/tiny")
        assert status == 2 and "cannot be published: expected what `zoo export --to preset` wrote, with the card" in err
    status, _, err = call("push", preset, "someone/tiny")
    assert status == 2 and 'An address of the Hub is "hf://owner/name"' in err
    (preset / "model.keras").write_bytes(b"x")
    status, _, err = call("push", preset, "hf://someone/tiny")
    assert status == 2 and "model.keras is not what `zoo export` wrote" in err
    assert not server.asked and not server.files


def test_what_is_public_is_not_published_as_private(call, preset, server):
    status, _, err = call("push", preset, "hf://someone/tiny", "--private")
    assert status == 2 and "hf://someone/tiny is there and public: nothing was uploaded." in err and not server.files
    server.private = True
    assert call("push", preset, "hf://someone/tiny", "--private")[0] == 0 and server.files


def test_without_the_right_to_write(call, preset, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    status, _, err = call("push", preset, "hf://someone/tiny")
    assert status == 2 and "The Hub does not let you write hf://someone/tiny" in err and not server.files
