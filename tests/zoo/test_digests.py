"""The digests of an export: a file that is changed, cut or missing is named."""

import json

import pytest

from zoo.digests import add_digests, check_digests, write_digests
from zoo.errors import CallError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_text("first")
    (tmp_path / "inner" / "b").write_text("second")
    write_digests(tmp_path, tmp_path / "sha256.json")
    return tmp_path


def test_every_file_is_listed_and_later_files_can_be_added(folder):
    check_digests(folder, folder / "sha256.json")
    assert set(json.loads((folder / "sha256.json").read_text())) == {"a", "inner/b"}
    (folder / "c").write_text("third")
    add_digests(folder, folder / "sha256.json", ["c"])
    check_digests(folder, folder / "sha256.json")
    (folder / "c").write_text("changed")
    with pytest.raises(CallError, match="c is not what `zoo export` wrote"):
        check_digests(folder, folder / "sha256.json")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("inner/b", "seconc", "inner/b is not what `zoo export` wrote"),
        ("inner/b", None, "it has no inner/b"),
        ("sha256.json", None, "it has no sha256.json"),
        ("sha256.json", "{", "is damaged: sha256.json"),
        ("sha256.json", "[1]", "is damaged: sha256.json"),
        ("sha256.json", '{"a": 1}', "a is not what `zoo export` wrote"),
    ],
)
def test_damage_is_named(file, content, message, folder):
    (folder / file).unlink() if content is None else (folder / file).write_text(content)
    with pytest.raises(CallError, match=message):
        check_digests(folder, folder / "sha256.json")
