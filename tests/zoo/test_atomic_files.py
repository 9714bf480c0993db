import errno
import hashlib
import os
import signal
import subprocess
import sys

import pytest

import zoo.atomic_files
from zoo.atomic_files import check_apart, check_free, new_file, new_folder, sha256_of
from zoo.errors import CallError, WorkError

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
ENDINGS = [(ValueError("no"), ValueError), (KeyboardInterrupt(), KeyboardInterrupt), (FULL, WorkError)]


def tree(folder):
    """Return every file and folder below, hidden ones too, with the contents of the files."""
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else None for path in folder.rglob("*")}


def old_folder(path):
    path.mkdir()
    (path / "old").write_text("old")


def test_a_new_folder_appears_when_the_block_ends(tmp_path):
    with new_folder(tmp_path / "deep" / "out") as draft:
        (draft / "a").write_text("1")
        assert not (tmp_path / "deep" / "out").exists()
    assert tree(tmp_path) == {"deep": None, "deep/out": None, "deep/out/a": "1"}
    assert (tmp_path / "deep" / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("ending", "seen"), ENDINGS)
def test_a_folder_that_fails_leaves_nothing(tmp_path, ending, seen):
    with pytest.raises(seen), new_folder(tmp_path / "out") as draft:
        (draft / "a").write_text("1")
        raise ending
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(("ending", "seen"), ENDINGS)
def test_a_folder_that_fails_keeps_the_old_one(tmp_path, ending, seen):
    old_folder(tmp_path / "out")
    with pytest.raises(seen), new_folder(tmp_path / "out", force=True) as draft:
        (draft / "a").write_text("1")
        raise ending
    assert tree(tmp_path) == {"out": None, "out/old": "old"}


def test_the_second_of_two_processes_does_not_replace_the_first(tmp_path):
    with pytest.raises(WorkError, match="Could not write"), new_folder(tmp_path / "out") as draft:
        (draft / "a").write_text("second")
        with new_folder(tmp_path / "out") as other:
            (other / "a").write_text("first")
    assert tree(tmp_path) == {"out": None, "out/a": "first"}


@pytest.mark.parametrize("out", ["data", "data/in.tsv", ".", "data/../data"])
def test_an_output_does_not_replace_an_input(tmp_path, monkeypatch, out):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallError, match="would take the place of"):
        check_apart(out, tmp_path / "other", tmp_path / "data" / "in.tsv")
    check_apart("data/run", tmp_path / "data" / "in.tsv")


def test_a_full_disk_is_reported(tmp_path):
    with pytest.raises(WorkError, match="out: No space left on device"), new_folder(tmp_path / "out"):
        raise FULL


@pytest.fixture
def two_steps(monkeypatch):
    """A file system that cannot exchange two names in one step."""
    monkeypatch.setattr(zoo.atomic_files, "_exchange", lambda first, second: False)


def test_force_replaces_a_folder_in_two_steps(tmp_path, two_steps):
    test_force_replaces_a_folder(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is of Linux")
def test_force_replaces_a_folder_in_one_step(tmp_path, monkeypatch):
    old_folder(tmp_path / "out")
    with new_folder(tmp_path / "out", force=True) as draft:
        (draft / "a").write_text("1")
        monkeypatch.setattr(os, "rename", lambda *_: pytest.fail("two steps"))
    assert tree(tmp_path) == {"out": None, "out/a": "1"}


def killed(folder, moment):
    """Let a process make a new folder `out` and kill itself before the call of this name."""
    code = f"""
import os, signal, sys, zoo.atomic_files
from zoo.atomic_files import new_folder
def kill(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
rename, calls = os.rename, []
def second(*names):
    calls.append(names)
    kill() if len(calls) == 2 else rename(*names)
with new_folder(sys.argv[1], force=True) as draft:
    (draft / "a").write_text("1")
    {moment}
"""
    process = subprocess.run([sys.executable, "-c", code, str(folder / "out")], timeout=300)
    assert process.returncode == -signal.SIGKILL


MOMENTS = {
    "in the block": "kill()",
    "after the exchange": "zoo.atomic_files.shutil.rmtree = kill",
    "between two renames": "zoo.atomic_files._exchange = lambda *_: False; os.rename = second",
}


@pytest.mark.skipif(sys.platform != "linux", reason="SIGKILL, locks and renameat2")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_process_loses_nothing_and_its_draft_is_removed(tmp_path, moment):
    old_folder(tmp_path / "out")
    killed(tmp_path, MOMENTS[moment])
    before = tree(tmp_path)
    assert any(name.endswith(".part") for name in before)
    assert ("out" in before) == (moment != "between two renames")
    with pytest.raises(CallError, match="already exists"), new_folder(tmp_path / "out"):
        pytest.fail("the block must not run")
    new = moment == "after the exchange"
    assert tree(tmp_path) == {"out": None, **({"out/a": "1"} if new else {"out/old": "old"})}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks on Windows")
def test_only_a_draft_without_a_lock_is_removed(tmp_path):
    (tmp_path / ".out.12345678.part").mkdir()
    with new_folder(tmp_path / "out") as first:
        (first / "x").write_text("1")
        assert not (tmp_path / ".out.12345678.part").exists()
        with pytest.raises(KeyError), new_folder(tmp_path / "out") as second:
            assert (first / "x").exists() and second.exists()
            raise KeyError
    assert tree(tmp_path) == {"out": None, "out/x": "1"}


def test_force_replaces_a_folder(tmp_path):
    old_folder(tmp_path / "out")
    with new_folder(tmp_path / "out", force=True) as draft:
        (draft / "a").write_text("1")
        assert (tmp_path / "out" / "old").exists()
    assert tree(tmp_path) == {"out": None, "out/a": "1"}


def test_force_replaces_a_file_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("old")
    with new_folder(tmp_path / "out", force=True) as draft:
        (draft / "a").write_text("1")
    assert tree(tmp_path) == {"out": None, "out/a": "1"}


def test_without_force_an_existing_folder_is_kept(tmp_path):
    old_folder(tmp_path / "out")
    with pytest.raises(CallError, match="out already exists.*--force"), new_folder(tmp_path / "out"):
        pytest.fail("the block must not run")
    assert tree(tmp_path) == {"out": None, "out/old": "old"}


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize(("ending", "seen"), ENDINGS)
def test_a_move_that_fails_keeps_the_old_folder(tmp_path, monkeypatch, two_steps, failing, ending, seen):
    old_folder(tmp_path / "out")
    rename, calls = os.rename, []

    def fail_once(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise ending
        rename(source, target)

    with pytest.raises(seen), new_folder(tmp_path / "out", force=True) as draft:
        (draft / "a").write_text("1")
        monkeypatch.setattr(os, "rename", fail_once)
    assert tree(tmp_path) == {"out": None, "out/old": "old"}
    assert len(calls) >= failing


def test_a_move_that_cannot_be_undone_loses_nothing(tmp_path, monkeypatch, two_steps):
    old_folder(tmp_path / "out")
    rename, calls = os.rename, []

    def fail_from_the_second(source, target):
        calls.append(target)
        if len(calls) > 1:
            raise FULL
        rename(source, target)

    with pytest.raises(WorkError), new_folder(tmp_path / "out", force=True):
        monkeypatch.setattr(os, "rename", fail_from_the_second)
    assert [path.read_text() for path in tmp_path.rglob("was/out/old")] == ["old"]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CallError, match="Cannot write beside .*out"), new_folder(tmp_path / "file" / "out"):
        pytest.fail("the block must not run")


def test_a_new_file_replaces_the_old_when_the_block_ends(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with new_file(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert draft.suffix == ".json"  # Keras and matplotlib go by it
    assert tree(tmp_path) == {"a.json": "new"}


def test_a_new_file_makes_its_folder(tmp_path):
    with new_file(tmp_path / "deep" / "a") as draft:
        draft.write_text("new")
    assert tree(tmp_path) == {"deep": None, "deep/a": "new"}


@pytest.mark.parametrize(("ending", "seen"), ENDINGS)
@pytest.mark.parametrize("old", [None, "old"])
def test_a_file_that_fails_keeps_the_old_one(tmp_path, ending, seen, old):
    path = tmp_path / "a.json"
    if old:
        path.write_text(old)
    with pytest.raises(seen), new_file(path) as draft:
        draft.write_text("half")
        raise ending
    assert tree(tmp_path) == ({"a.json": "old"} if old else {})


def test_a_file_below_a_file_fails_with_a_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkError, match="Could not write .*a.json"), new_file(tmp_path / "file" / "a.json"):
        pytest.fail("the block must not run")


def test_check_free(tmp_path):
    check_free(tmp_path / "new")
    check_free(tmp_path, force=True)
    with pytest.raises(CallError, match="already exists"):
        check_free(tmp_path)


def test_sha256_of_a_file_of_several_parts(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * (1 << 20) + b"y")
    assert sha256_of(tmp_path / "a") == hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest()
