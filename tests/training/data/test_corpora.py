import gzip
import hashlib

import pytest

from tests.support.shared_data import SHARED, needs_shared
from zoo.errors import CallError
from zoo.training.data import spoken
from zoo.training.data.corpora import BUILT_IN, Corpus, read_corpus, write_tsv
from zoo.training.data.numbers import generate


def gzipped(content):
    return gzip.compress(content, mtime=0)  # the same bytes, and so the same names of tests, in every process


def written(folder, content, name="train.tsv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def refusal(data, **options):
    with pytest.raises(CallError) as caught:
        read_corpus(data, **{"task": "translation", **options})
    return str(caught.value)


def test_tsv(tmp_path):
    path = written(tmp_path, "un\tone\ndeux\ttwo\n")
    corpus = read_corpus(path, task="translation")
    assert (corpus.sources, corpus.targets) == (["un", "deux"], ["one", "two"])
    assert len(corpus) == 2 and corpus.origin == path
    assert corpus.where(1) == f"{path}, line 2"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_byte_order_mark_carriage_returns_and_blank_last_line(tmp_path, start, end):
    corpus = read_corpus(written(tmp_path, f"{start}un\tone\r\ndeux\ttwo{end}"), task="translation")
    assert (corpus.sources, corpus.targets) == (["un", "deux"], ["one", "two"])


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85", "\r"])
def test_only_a_line_feed_ends_a_line(tmp_path, mark):
    corpus = read_corpus(written(tmp_path, f"un{mark}deux\tone\n"), task="translation")
    assert corpus.sources == [f"un{mark}deux"]


def test_gzip_is_told_by_its_first_bytes(tmp_path):
    packed = written(tmp_path, gzipped(b"un\tone\n"), "packed.tsv")
    plain = written(tmp_path, "un\tone\n", "plain.tsv.gz")
    assert read_corpus(packed, task="translation").sources == ["un"]
    assert read_corpus(plain, task="translation").sources == ["un"]


def test_parallel_files(tmp_path):
    paths = written(tmp_path, "un\ndeux\ttrois\n", "a.fr"), written(tmp_path, gzipped(b"one\ntwo"), "a.en")
    corpus = read_corpus(",".join(paths), task="translation")
    assert (corpus.sources, corpus.targets) == (["un", "deux\ttrois"], ["one", "two"])
    assert corpus.where(1) == f"{paths[0]},{paths[1]}, line 2"


def test_a_file_name_may_hold_a_comma(tmp_path):
    assert len(read_corpus(written(tmp_path, "un\tone\n", "a,b.tsv"), task="translation")) == 1


def test_language_model_reads_plain_lines_and_skips_empty_ones(tmp_path):
    path = written(tmp_path, "one\n\n  \ntwo\tthree\n")
    corpus = read_corpus(path, task="language_model")
    assert (corpus.sources, corpus.targets) == (["one", "two\tthree"], [])
    assert corpus.where(1) == f"{path}, line 4"


def test_size_keeps_the_first(tmp_path):
    path = written(tmp_path, "a\tb\nc\td\ne\tf\n")
    assert read_corpus(path, task="translation", size=2).sources == ["a", "c"]
    assert len(read_corpus(path, task="translation", size=9)) == 3


def test_digest_is_of_the_content(tmp_path):
    first = read_corpus(written(tmp_path, "a\tb\nc\td\n", "1.tsv"), task="translation")
    packed = read_corpus(written(tmp_path, gzipped(b"a\tb\r\nc\td"), "2.tsv"), task="translation")
    other = read_corpus(written(tmp_path, "a\tb\nc\te\n", "3.tsv"), task="translation")
    lines = read_corpus(written(tmp_path, "a\nc\nb\nd\n", "4.txt"), task="language_model")
    assert first.digest == packed.digest
    assert len({first.digest, other.digest, lines.digest}) == 3
    assert first.digest == hashlib.sha256(b"1:2" + b"1:a1:c" + b"1:b1:d").hexdigest()


def test_built_in_translation():
    corpus = read_corpus("numbers-fr-en", task="translation", split="valid", size=50)
    assert corpus.sources == [example.source for example in generate("valid", 50)]
    assert corpus.targets == [example.target for example in generate("valid", 50)]
    assert corpus.where(0) == "numbers-fr-en:valid, example 1"


def test_built_in_name_with_a_split_decides():
    named = read_corpus("numbers-fr-en:test", task="translation", split="train", size=20)
    assert named == read_corpus("numbers-fr-en", task="translation", split="test", size=20)


def test_built_in_for_the_other_tasks():
    examples = generate("test", 40)
    labelled = read_corpus("numbers-fr-en:test", task="classification", size=40)
    assert labelled.sources == [example.source for example in examples]
    assert labelled.targets == [example.kind for example in examples]
    plain = read_corpus("numbers-fr-en:test", task="language_model", size=40)
    assert (plain.sources, plain.targets) == ([example.target for example in examples], [])


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_default_size(name):
    corpus = read_corpus(name, task="translation", split="test")
    assert (len(corpus), corpus.origin) == (2_000, f"{name}:test")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_spoken_for_every_task(language):
    examples = spoken.generate(language, "valid", 40)
    name = f"spoken-{language}:valid"
    pairs = read_corpus(name, task="translation", size=40)
    assert list(zip(pairs.sources, pairs.targets, strict=True)) == [(e.source, e.target) for e in examples]
    labelled = read_corpus(name, task="classification", size=40)
    assert (labelled.sources, labelled.targets) == (pairs.sources, [example.kind for example in examples])
    plain = read_corpus(name, task="language_model", size=40)
    assert (plain.sources, plain.targets) == (pairs.targets, [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("un\tone\ndeux\n", "train.tsv, line 2: expected source TAB target. Received no tab: 'deux'."),
        ("un\tone\n\ndeux\ttwo\n", "train.tsv, line 2: expected source TAB target. Received no tab: ''."),
        ("un\tone\tuno\n", "train.tsv, line 1: expected source TAB target. Received 3 columns: 'un\\tone\\tuno'."),
        ("un\tone\n \ttwo\n", "train.tsv, line 2: expected a source. Received: nothing but white space."),
        ("un\tone\ndeux\t\u2003\n", "train.tsv, line 2: expected a target. Received: nothing but white space."),
        (b"un\tone\n\xe9t\xe9\tsummer\n", "train.tsv, line 2: expected UTF-8 text. Received: the byte 0xe9."),
        ("", "train.tsv: expected one example a line. Received: an empty file."),
        ("\n \n", "train.tsv: expected one example a line. Received: an empty file."),
        (gzipped(b"un\tone\n")[:-9], "train.tsv: expected a whole gzip file. Received: a damaged one"),
        (gzipped(b"un\tone\n")[:-8] + b"12345678", "expected a whole gzip file. Received: a damaged one"),
        (b"\x1f\x8bnothing", "train.tsv: expected a whole gzip file. Received: a damaged one"),
    ],
)
def test_unusable_tsv(tmp_path, content, expected):
    path = written(tmp_path, content)
    message = refusal(path)
    assert expected in message and path in message


def test_a_label_is_called_a_label(tmp_path):
    path = written(tmp_path, "good\t\n")
    assert f"{path}, line 1: expected a label" in refusal(path, task="classification")


def test_a_long_line_is_shown_cut(tmp_path):
    assert len(refusal(written(tmp_path, "x" * 10_000))) < 400


def test_parallel_files_of_different_length(tmp_path):
    paths = written(tmp_path, "un\ndeux\n", "a.fr"), written(tmp_path, "one\n", "a.en")
    assert f"{paths[0]} with 2 and {paths[1]} with 1" in refusal(",".join(paths))


def test_parallel_files_with_an_empty_line(tmp_path):
    paths = written(tmp_path, "un\ndeux\ntrois\n", "a.fr"), written(tmp_path, "one\n\nthree\n", "a.en")
    assert f"{paths[1]}, line 2: expected a target" in refusal(",".join(paths))


@pytest.mark.parametrize("data", ["a,b,c", "a,", ",", ""])
def test_not_two_files(data):
    assert f"Received: {data!r}" in refusal(data)


def test_language_model_refuses_parallel_files():
    assert "Received two parallel files: 'a,b'" in refusal("a,b", task="language_model")


def test_missing_file_and_folder(tmp_path):
    missing = str(tmp_path / "none.tsv")
    assert refusal(missing).startswith(f"No such file: {missing}. Expected a .tsv file")
    assert f"Received: the folder {tmp_path}" in refusal(str(tmp_path))
    assert "Cannot read" in refusal("a\0b")
    assert "Cannot read" in refusal("x" * 5_000)


def test_misspelt_built_in_name():
    assert 'Did you mean "numbers-fr-en"?' in refusal("number-fr-en")
    assert 'Did you mean "numbers-fr-en"?' in refusal("numbers-en-fr:test")
    assert 'Did you mean "spoken-fr"?' in refusal("spoke-fr:test")
    assert "a built-in corpus (numbers-fr-en, spoken-en, spoken-fr)" in refusal("missing.tsv")
    assert "Did you mean" not in refusal("data/missing.tsv")


def test_misspelt_split():
    assert "Received: 'tset'. Did you mean \"test\"?" in refusal("numbers-fr-en:tset")
    assert "Received: 'vaild'. Did you mean \"valid\"?" in refusal("numbers-fr-en", split="vaild")


def test_misspelt_task():
    assert 'Did you mean "translation"?' in refusal("numbers-fr-en", task="translate")


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_size_must_be_positive(size):
    assert f"Received: size={size}" in refusal("numbers-fr-en", size=size)


def test_write_and_read_again(tmp_path):
    corpus = read_corpus("numbers-fr-en:test", task="translation", size=100)
    write_tsv(tmp_path / "new" / "out.tsv", corpus)
    again = read_corpus(tmp_path / "new" / "out.tsv", task="translation")
    assert (again.sources, again.targets, again.digest) == (corpus.sources, corpus.targets, corpus.digest)


@pytest.mark.parametrize("corpus", [Corpus(["a"], [], "here", ""), Corpus(["a\tb"], ["c"], "here", "")])
def test_what_cannot_be_written(tmp_path, corpus):
    with pytest.raises(CallError, match="here"):
        write_tsv(tmp_path / "out.tsv", corpus)
    assert not list(tmp_path.iterdir())


@needs_shared
@pytest.mark.parametrize(
    ("data", "task", "count"),
    [
        ("tatoeba-fr-en/valid.tsv.gz", "translation", 2_000),
        ("multi30k/val.fr.gz,multi30k/val.en.gz", "translation", 1_014),
        ("sst2/dev.tsv.gz", "classification", 872),
        ("multi30k/train.de.gz", "language_model", 29_000),
    ],
)
def test_real_data(data, task, count):
    assert len(read_corpus(",".join(str(SHARED / part) for part in data.split(",")), task=task)) == count
