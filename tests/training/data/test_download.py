import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.shared_data import SHARED, needs_shared
from zoo.atomic_files import sha256_of
from zoo.errors import CallError, WorkError
from zoo.training.data import download as download_module
from zoo.training.data.corpora import read_corpus
from zoo.training.data.download import PUBLIC, PublicSet, download
from zoo.training.data.fetch import Remote, fetch
from zoo.training.data.splits import split_pairs

CONTENT = bytes(range(256)) * 2_000


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files` as the settings of the server say."""

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        content = server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = self.start_of_range(content)
        if start > len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : server.cut])

    def start_of_range(self, content):
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, self.server.tag)
        if not asked or not self.server.ranges or not fresh:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.files, httpd.requests = {"file.bin": CONTENT}, []
        httpd.ranges, httpd.cut, httpd.tag, httpd.length = True, None, '"first"', True
        httpd.address = f"http://127.0.0.1:{httpd.server_port}/"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def remote_of(server, name="file.bin", **known):
    return Remote(server.address + name, **known)


def broken_off(server, folder, at=100_000):
    """Fetch from a server that closes the connection midway; return the partial file."""
    server.cut = at
    with pytest.raises(WorkError, match=f"the connection broke after {at} of {len(CONTENT)} bytes.*Run"):
        fetch(remote_of(server), folder)
    server.cut = None
    part = folder / "file.bin.part"
    assert part.read_bytes() == CONTENT[:at] and not (folder / "file.bin").exists()
    return part


def zipped(text, name="fra.txt"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def tatoeba(server, content):
    server.files["fra-eng.zip"] = content
    upstream = PUBLIC["tatoeba-fr-en"]
    return {"tatoeba-fr-en": PublicSet((remote_of(server, "fra-eng.zip"),), upstream.terms, upstream.build)}


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
    with pytest.raises(WorkError, match="gone.bin: the server answered 404 Not Found"):
        fetch(remote_of(server, "gone.bin"), tmp_path)


def test_no_connection(server, tmp_path):
    server.server_close()
    with pytest.raises(WorkError, match="Could not download http://127.0.0.1"):
        fetch(remote_of(server), tmp_path)


def test_a_silent_server_times_out(server, tmp_path, monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr("zoo.training.data.fetch.TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(Handler, "do_GET", lambda self: waiting.wait(10))
    with pytest.raises(WorkError, match="Could not download .*timed out"):
        fetch(remote_of(server), tmp_path)
    waiting.set()


def test_tatoeba(server, tmp_path):
    lines = [f"Sentence {i}.\tPhrase {i}.\tCC-BY 2.0 (France) #{i}" for i in range(400)]
    content = zipped("\n".join([*lines, "Sentence 0.\tAutre phrase.\tCC-BY", ""]))
    folder = download("tatoeba-fr-en", tmp_path / "data", sources=tatoeba(server, content), progress=False)
    splits = {split: read_corpus(folder / f"{split}.tsv", task="translation") for split in ("train", "valid", "test")}
    assert {split: len(corpus) for split, corpus in splits.items()} == {"train": 361, "valid": 20, "test": 20}
    pairs = dict(pair for corpus in splits.values() for pair in zip(corpus.sources, corpus.targets, strict=True))
    assert pairs["Phrase 7."] == "Sentence 7." and pairs["Autre phrase."] == "Sentence 0."
    note = (folder / "SOURCE.txt").read_text()
    assert hashlib.sha256(content).hexdigest() in note and "CC-BY 2.0" in note and server.address in note
    assert (folder / "fra-eng.zip").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_cmudict(server, tmp_path):
    entries = [f"word{i} W ER{i % 3} D T{i}" for i in range(399)] + ["word7(2) S EH1 V AH0 N", "aalto AA1 L # a name"]
    content = zipped("\n".join([*entries, ""]), name="cmudict/data/cmudict.dict")
    server.files["file.bin"] = content
    sources = {"cmudict": PublicSet((remote_of(server),), "BSD", PUBLIC["cmudict"].build)}
    folder = download("cmudict", tmp_path / "data", sources=sources, progress=False)
    splits = [read_corpus(folder / f"{split}.tsv", task="translation") for split in ("train", "valid", "test")]
    assert [len(corpus) for corpus in splits] == [360, 20, 20]
    pairs = dict(pair for corpus in splits for pair in zip(corpus.sources, corpus.targets, strict=True))
    assert len(pairs) == 400 and pairs["word7"] == "W ER1 D T7" and pairs["aalto"] == "AA1 L"
    assert (folder / "file.bin").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html>no zip</html>", "expected a zip file with fra.txt in it. Received: File is not a zip file"),
        (zipped("a\tb", name="other.txt"), "expected a zip file with fra.txt in it. Received: .*no item named"),
        (zipped(b"\xff\xfe\tb"), "expected a zip file with fra.txt in it. Received: 'utf-8' codec"),
        (zipped("no tab at all"), "expected lines of English TAB French in fra.txt. Received: none"),
        (zipped("a\tb").replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"), "is encrypted"),
    ],
)
def test_a_damaged_archive_is_thrown_away(server, tmp_path, content, expected):
    with pytest.raises(WorkError, match=expected):
        download("tatoeba-fr-en", tmp_path / "data", sources=tatoeba(server, content), progress=False)
    assert not (tmp_path / "data").exists()
    sources = tatoeba(server, zipped("a\tb\tc"))
    assert (download("tatoeba-fr-en", tmp_path / "data", sources=sources, progress=False) / "train.tsv").exists()


def test_a_flipped_bit_in_the_archive_is_noticed(server, tmp_path):
    content = bytearray(zipped("\n".join(f"Sentence {i}.\tPhrase {i}." for i in range(400))))
    content[len(content) // 2] ^= 1
    with pytest.raises(WorkError, match="expected a zip file with fra.txt in it"):
        download("tatoeba-fr-en", tmp_path / "data", sources=tatoeba(server, bytes(content)), progress=False)


def test_several_files_go_on_where_they_stopped(server, tmp_path, capsys):
    server.files["second.bin"] = b"second"
    files = (remote_of(server), remote_of(server, "second.bin", sha256="0" * 64))
    sources = {"both": PublicSet(files, "free", PUBLIC["multi30k"].build)}
    with pytest.raises(WorkError, match="second.bin: expected the SHA-256"):
        download("both", tmp_path / "data", sources=sources)
    assert not (tmp_path / "data").exists()
    sources["both"] = PublicSet((files[0], remote_of(server, "second.bin")), "free", PUBLIC["multi30k"].build)
    folder = download("both", tmp_path / "data", sources=sources)
    assert sorted(path.name for path in folder.iterdir()) == ["SOURCE.txt", "file.bin", "second.bin"]
    assert len(server.requests) == 3
    printed = capsys.readouterr()
    assert not printed.out and "second.bin" in printed.err


def test_built_in(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.training.data.corpora.DEFAULT_SIZES", {"train": 40, "valid": 20, "test": 20})
    folder = download("numbers-fr-en", tmp_path / "data", progress=False)
    for split, size in (("train", 40), ("valid", 20), ("test", 20)):
        corpus = read_corpus(folder / f"{split}.tsv", task="translation")
        assert corpus.digest == read_corpus("numbers-fr-en", task="translation", split=split, size=size).digest
    assert "numbers-fr-en" in (folder / "SOURCE.txt").read_text()


def test_an_unknown_name(tmp_path):
    with pytest.raises(CallError, match="one of .*Received: 'tatoeba'. Did you mean \"tatoeba-fr-en\""):
        download("tatoeba", tmp_path / "data")


def test_a_folder_that_is_there(server, tmp_path):
    sources = {"one": PublicSet((remote_of(server),), "free", PUBLIC["multi30k"].build)}
    (tmp_path / "data").mkdir()
    with pytest.raises(CallError, match="already exists"):
        download("one", tmp_path / "data", sources=sources, progress=False)
    assert not server.requests
    download("one", tmp_path / "data", sources=sources, progress=False, force=True)
    assert (tmp_path / "data" / "file.bin").exists()


def test_split_pairs_keeps_shared_sentences_together():
    pairs = [(f"f{i}", f"e{i // 3}") for i in range(600)] + [(f"f{i}", f"x{i}") for i in range(0, 600, 7)]
    splits = split_pairs(pairs)
    assert sorted(pair for split in splits.values() for pair in split) == sorted(pairs)
    assert splits["valid"] and splits["test"]
    for side in (0, 1):
        sentences = [{pair[side] for pair in splits[split]} for split in ("train", "valid", "test")]
        assert sum(map(len, sentences)) == len(set().union(*sentences))
    assert split_pairs(pairs[::-1]) == splits


def test_split_pairs_leaves_large_groups_to_train():
    splits = split_pairs([("same", f"e{i}") for i in range(1_000)] + [(f"f{i}", f"g{i}") for i in range(1_000)])
    assert {split: len(pairs) for split, pairs in splits.items()} == {"train": 1_800, "valid": 100, "test": 100}
    assert sum(source == "same" for source, _ in splits["train"]) == 1_000


@needs_shared
def test_multi30k_digests_are_those_of_the_real_files():
    for remote in PUBLIC["multi30k"].files:
        path = SHARED / "multi30k" / remote.name
        assert (path.stat().st_size, sha256_of(path)) == (remote.size, remote.sha256)


def test_public_sets_are_addressed_safely():
    for chosen in download_module.PUBLIC.values():
        assert chosen.terms and all(remote.address.startswith("https://") for remote in chosen.files)
