import gzip
import os

import numpy as np
import pytest

import zoo
from zoo.errors import CallError
from zoo.text import Vocabulary
from zoo.training.data import rows
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.corpora import read_corpus
from zoo.training.data.examples import encode
from zoo.training.data.numbers import generate
from zoo.training.run import prepare
from zoo.training.settings import Settings

EXAMPLES = list(generate("train", 60))
COLUMNS = {
    "translation": lambda example: f"{example.source}\t{example.target}",
    "classification": lambda example: f"{example.source}\t{example.kind}",
    "language_model": lambda example: example.target,
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks that end in the middle of shards."""
    for module in ("rows", "shards", "examples"):
        monkeypatch.setattr(f"zoo.training.data.{module}.CHUNK", 7)


def written(folder, lines, name="data"):
    """Write lines into one file and into three shards, of which one is packed; return the file and the pattern."""
    shards = folder / f"{name} shards"
    shards.mkdir()
    for part, some in (("1.gz", lines[:20]), ("2", lines[20:25]), ("3", lines[25:])):
        content = "".join(f"{line}\n" for line in some).encode()
        (shards / part).write_bytes(gzip.compress(content) if part.endswith("gz") else content)
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return str(folder / name), str(shards / "*")


@pytest.mark.parametrize("task", COLUMNS)
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_shards_have_the_batches_of_one_file(tmp_path, task, alpha):
    file, pattern = written(tmp_path, [COLUMNS[task](example) for example in EXAMPLES])
    whole, sharded = read_corpus(file, task=task), read_corpus(pattern, task=task, scratch=tmp_path / "scratch")
    assert list(sharded.sources) == whole.sources and list(sharded.targets) == whole.targets
    assert (sharded.digest, len(sharded), sharded.origin) == (whole.digest, 60, pattern)
    made = prepare.learn_vocabularies(whole, task, Settings(vocabulary_size=150))
    labels = sorted(set(sharded.targets))
    options = {"max_length": 12, "subword_alpha": alpha, "seed": 2}  # some are too long
    (one, steps), (other, _) = (
        (examples, steps_per_epoch(examples, 8))
        for examples in (encode(corpus, task, made, labels, **options) for corpus in (whole, sharded))
    )
    assert 0 < one.dropped == other.dropped and other.sources.values.dtype == np.uint16
    first, second = (
        batches(examples, 8, shuffle_seed=4, first_epoch=2).map(lambda *batch: batch).take(steps + 3)
        for examples in (one, other)
    )
    for batch, same in zip(first, second, strict=True):
        for ids, others in zip(flat(batch), flat(same), strict=True):
            np.testing.assert_array_equal(ids, others)
    assert list((tmp_path / "scratch").iterdir()) == []  # nothing is left behind, not even by a process that is killed


def flat(batch):
    inputs, targets = batch
    return [*(inputs.values() if isinstance(inputs, dict) else [inputs]), targets]


def test_two_patterns_are_parallel(tmp_path):
    french, english = (
        written(tmp_path, [getattr(example, side) for example in EXAMPLES], side) for side in ("source", "target")
    )
    whole, sharded = (read_corpus(",".join(pair), task="translation") for pair in zip(french, english, strict=True))
    assert whole.digest == sharded.digest
    vocabulary = Vocabulary.learn(whole.sources, size=100)
    data = zoo.pairs(french[1], english[1], vocabulary, vocabulary, batch_size=8)
    one = zoo.pairs(*(side[0] for side in (french, english)), vocabulary, vocabulary, batch_size=8)
    assert data.epochs.record == one.epochs.record and len(data) == len(one)
    os.remove(tmp_path / "source shards" / "3")
    with pytest.raises(CallError, match=r"Received: 2 for .*source shards/\* and 3 for .*target shards/\*\."):
        read_corpus(f"{french[1]},{english[1]}", task="translation")


def test_size_keeps_the_first(tmp_path):
    file, pattern = written(tmp_path, [COLUMNS["translation"](example) for example in EXAMPLES])
    for size in (3, 20, 23, 99):
        corpus = read_corpus(pattern, task="translation", size=size)
        assert corpus.digest == read_corpus(file, task="translation", size=size).digest


def test_the_place_of_an_example(tmp_path):
    _, pattern = written(tmp_path, [COLUMNS["classification"](example) for example in EXAMPLES])
    corpus = read_corpus(pattern, task="classification")
    folder = tmp_path / "data shards"
    places = [(0, "1.gz, line 1"), (19, "1.gz, line 20"), (20, "2, line 1"), (59, "3, line 35")]
    for index, place in places:
        assert corpus.where(index) == str(folder / place)
    words = {"source": Vocabulary.learn(corpus.sources, size=100)}
    with pytest.raises(CallError, match=r"data shards/\S+, line \d+: label .* is not one of "):
        encode(corpus, "classification", words, sorted(set(corpus.targets))[1:], max_length=99)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("2", b"", "2: expected one example a line. Received: an empty file."),
        ("2", b"un\tone\ndeux\n", "2, line 2: expected source TAB target. Received no tab: 'deux'."),
        ("3", b"un\tone\nd\xe9j\xe0\tdone\n", "3, line 2: expected UTF-8 text. Received: the byte 0xe9."),
        ("1.gz", gzip.compress(b"un\tone\n" * 999)[:-9], "1.gz: expected a whole gzip file. Received: a damaged one"),
        ("1.gz", gzip.compress(b"un\tone\n")[:-8] + bytes(8), "1.gz: expected a whole gzip file. Received: a damaged"),
    ],
    ids=["empty", "no tab", "not UTF-8", "cut off", "wrong checksum"],
)
def test_a_bad_shard_is_named(tmp_path, name, content, expected):
    _, pattern = written(tmp_path, [COLUMNS["translation"](example) for example in EXAMPLES])
    (tmp_path / "data shards" / name).write_bytes(content)
    with pytest.raises(CallError) as caught:
        read_corpus(pattern, task="translation")
    assert str(tmp_path / "data shards" / expected) in str(caught.value)


def test_no_file_matches(tmp_path):
    with pytest.raises(CallError, match=r"No file matches .*none-\*\.tsv,"):
        read_corpus(tmp_path / "none-*.tsv", task="translation")


def test_a_pattern_may_stand_for_any_folders(tmp_path):
    for number, folder in enumerate(("g", "g/x", "g/x/y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "some.tsv").write_text(f"{number}\tone\n")
    assert list(read_corpus(tmp_path / "g/**/*.tsv", task="translation").sources) == ["0", "1", "2"]


def test_folders_may_have_commas(tmp_path):
    folder = tmp_path / "lr=1,bs=2"
    folder.mkdir()
    for name, line in (("a.fr", "un"), ("a.en", "one"), ("b.fr", "deux"), ("b.en", "two")):
        (folder / name).write_text(f"{line}\n")
    assert read_corpus(f"{folder}/a.fr,{folder}/a.en", task="translation").targets == ["one"]
    assert list(read_corpus(f"{folder}/*.fr,{folder}/*.en", task="translation").targets) == ["one", "two"]
    assert list(read_corpus(f"{folder}/?.fr", task="language_model").sources) == ["un", "deux"]
    with pytest.raises(CallError, match="two parallel files joined by one comma"):
        read_corpus(f"{folder}/a.fr,{folder}/none.en", task="translation")


def test_a_file_may_be_named_like_a_pattern(tmp_path):
    (tmp_path / "a[1].tsv").write_text("un\tone\n")
    corpus = read_corpus(tmp_path / "a[1].tsv", task="translation")
    assert corpus.sources == ["un"] and not corpus.shards


def test_the_origin_in_a_config_is_absolute(tmp_path, monkeypatch):
    folder = tmp_path / "a[1]"
    folder.mkdir()
    _, pattern = written(folder, [COLUMNS["translation"](example) for example in EXAMPLES])
    monkeypatch.chdir(folder)
    corpus = read_corpus("data shards/*", task="translation")
    origin = prepare.describe(corpus)["origin"]
    monkeypatch.chdir("/")
    assert read_corpus(origin, task="translation").digest == corpus.digest


def test_a_vocabulary_is_learnt_from_a_part_of_a_large_corpus(monkeypatch):
    monkeypatch.setattr(prepare, "LEARNT", 20)
    learnt = []
    monkeypatch.setattr(Vocabulary, "learn", lambda texts, **_: learnt.append(list(texts)))
    corpus = read_corpus("numbers-fr-en", task="language_model", size=60)
    prepare.learn_vocabularies(corpus, "language_model", Settings())
    assert learnt == [corpus.sources[::3]] and rows.CHUNK == 7
