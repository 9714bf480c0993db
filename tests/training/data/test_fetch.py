import hashlib
import threading

import pytest

from tests.training.data.file_server import CONTENT, Handler, remote_of
from zoo.atomic_files import sha256_of
from zoo.errors import WorkError
from zoo.training.data.fetch import fetch


def broken_off(server, folder, at=100_000):
    """Fetch from a server that closes the connection midway; return the partial file."""
    server.cut = at
    with pytest.raises(WorkError, match=f"the connection broke after {at} of {len(CONTENT)} bytes.*Run"):
        fetch(remote_of(server), folder)
    server.cut = None
    part = folder / "file.bin.part"
    assert part.read_bytes() == CONTENT[:at] and not (folder / "file.bin").exists()
    return part


def test_fetch_checks_and_names_the_file(server, tmp_path):
    seen = []
    digest = hashlib.sha256(CONTENT).hexdigest()
    remote = remote_of(server, size=len(CONTENT), sha256=digest)
    path = fetch(remote, tmp_path / "new", report=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT and sha256_of(path) == digest
    assert [file.name for file in path.parent.iterdir()] == ["file.bin"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert "Mozilla" in server.requests[0]["User-Agent"]


def test_a_file_that_is_there_is_not_fetched_again(server, tmp_path):
    fetch(remote_of(server), tmp_path)
    fetch(remote_of(server), tmp_path)
    assert len(server.requests) == 1


def test_resume(server, tmp_path):
    broken_off(server, tmp_path)
    assert fetch(remote_of(server), tmp_path).read_bytes() == CONTENT
    assert server.requests[1]["Range"] == "bytes=100000-"
    assert server.requests[1]["If-Range"] == '"first"'
    assert [file.name for file in tmp_path.iterdir()] == ["file.bin"]


def test_resume_where_the_server_ignores_ranges(server, tmp_path):
    broken_off(server, tmp_path)
    server.ranges = False
    assert fetch(remote_of(server), tmp_path).read_bytes() == CONTENT


def test_resume_of_a_file_that_has_changed_starts_again(server, tmp_path):
    broken_off(server, tmp_path)
    server.files["file.bin"], server.tag = CONTENT[::-1], '"second"'
    assert fetch(remote_of(server), tmp_path).read_bytes() == CONTENT[::-1]


def test_resume_of_a_file_that_is_shorter_now_starts_again(server, tmp_path):
    server.tag = None
    broken_off(server, tmp_path)
    server.files["file.bin"] = b"short"
    assert fetch(remote_of(server), tmp_path).read_bytes() == b"short"


def test_a_whole_partial_file_is_checked_without_a_request(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    remote = remote_of(server, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert fetch(remote, tmp_path).read_bytes() == CONTENT and not server.requests


def test_a_break_without_content_length_is_noticed(server, tmp_path):
    server.length, server.cut = False, 1_000
    with pytest.raises(WorkError, match="the connection broke after 1000 of"):
        fetch(remote_of(server, size=len(CONTENT)), tmp_path)
    assert (tmp_path / "file.bin.part").stat().st_size == 1_000


@pytest.mark.parametrize(
    ("known", "length", "expected"),
    [
        ({"sha256": "0" * 64}, True, f"expected the SHA-256 {'0' * 64}. Received: [0-9a-f]{{64}}"),
        ({"size": 7}, True, f"expected 7 bytes. The server offers {len(CONTENT)}"),
        ({"size": 7}, False, f"expected 7 bytes. Received: {len(CONTENT)}"),
    ],
)
def test_wrong_bytes_are_thrown_away(server, tmp_path, known, length, expected):
    server.length = length
    with pytest.raises(WorkError, match=expected):
        fetch(remote_of(server, **known), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_partial_file_of_something_else_is_thrown_away(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"something else")
    remote = remote_of(server, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    with pytest.raises(WorkError, match="expected the SHA-256"):
        fetch(remote, tmp_path)
    assert fetch(remote, tmp_path).read_bytes() == CONTENT


def test_an_answer_for_another_range(server, tmp_path, monkeypatch):
    part = broken_off(server, tmp_path)
    monkeypatch.setattr(Handler, "start_of_range", lambda self, content: 5)
    with pytest.raises(WorkError, match="expected the bytes from 100000 on. Received: Content-Range 'bytes 5-"):
        fetch(remote_of(server), tmp_path)
    assert part.read_bytes() == CONTENT[:100_000]


def test_the_server_refuses(server, tmp_path):
    with pytest.raises(
        WorkError, match="gone.bin: the server answered 404 Not Found. A file .* by hand goes to"
    ) as error:
        fetch(remote_of(server, "gone.bin"), tmp_path)
    assert str(tmp_path / "gone.bin") in str(error.value)


def test_a_file_fetched_by_hand_is_checked(server, tmp_path):
    remote = remote_of(server, "gone.bin", size=4, sha256=hashlib.sha256(b"mine").hexdigest())
    (tmp_path / "gone.bin").write_bytes(b"mine")
    assert fetch(remote, tmp_path).read_bytes() == b"mine"
    for wrong in (b"others", b"your"):
        (tmp_path / "gone.bin").write_bytes(wrong)
        with pytest.raises(WorkError, match="expected (4 bytes|the SHA-256 .*). Received"):
            fetch(remote, tmp_path)
        assert not (tmp_path / "gone.bin").exists() and not server.requests


def test_no_connection(server, tmp_path):
    server.server_close()
    with pytest.raises(WorkError, match="Could not download http://127.0.0.1.* by hand goes to .*/file.bin; then run"):
        fetch(remote_of(server), tmp_path)


def test_a_silent_server_times_out(server, tmp_path, monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr("zoo.training.data.fetch.TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(Handler, "do_GET", lambda self: waiting.wait(10))
    with pytest.raises(WorkError, match="Could not download .*timed out"):
        fetch(remote_of(server), tmp_path)
    waiting.set()
