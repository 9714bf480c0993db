"""The page's SentencePiece, run by node, against Python's."""

import gzip
import json
import random
import shutil
import subprocess

import pytest

from tests.support.odd_texts import KINDS, odd_texts
from tests.support.paths import ROOT, SUPPORT
from tests.support.shared_data import SHARED, needs_shared
from zoo.constants import UNKNOWN
from zoo.errors import WorkError
from zoo.export.web.vocabulary import vocabulary_files
from zoo.text import Vocabulary
from zoo.training.data.numbers import generate

SITE = ROOT / "export" / "web" / "site"
SCRIPT = SUPPORT / "node" / "vocabulary.mjs"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


def written(vocabulary, side, folder, *, reads):
    """Write what a site holds of a vocabulary."""
    shutil.copytree(SITE / "js", folder / "js", dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    for name, content in vocabulary_files(vocabulary, side, reads=reads).items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def by_node(folder, side, texts, ids):
    question = json.dumps({"texts": texts, "ids": ids}).encode()
    command = ["node", str(SCRIPT), str(folder), side]
    answer = subprocess.run(command, input=question, capture_output=True, check=True, timeout=60)
    return json.loads(answer.stdout)


def assert_equal(vocabulary, texts, folder, *, seed=1):
    dice = random.Random(seed)
    ids = [[dice.randrange(vocabulary.size) for _ in range(dice.randrange(12))] for _ in range(2000)]
    ids += [[UNKNOWN, UNKNOWN, 5], [1, 2, 3], [0, 0], []]
    written(vocabulary, "source", folder, reads=True)
    answer = by_node(folder, "source", texts, ids)
    assert answer["encoded"] == vocabulary.encode(texts)
    assert answer["decoded"] == [vocabulary.decode(one) for one in ids]
    written(vocabulary, "target", folder, reads=False)
    assert by_node(folder, "target", [], ids)["decoded"] == answer["decoded"]


@needs_node
@pytest.mark.parametrize(
    "kind", [kind if kind == "unigram" else pytest.param(kind, marks=pytest.mark.conformance) for kind in KINDS]
)
def test_cuts_and_joins_as_python_does(kind, tmp_path):
    lines = [one.source for one in generate("train", 500)]
    vocabulary = Vocabulary.learn(lines, size=200, kind=kind)
    texts = odd_texts(7, 2000) + lines + ["", " ", "l" * 300, "\u2581", "a\u2581\u2581b "]
    assert sum(UNKNOWN in ids for ids in vocabulary.encode(texts)) > 500
    assert_equal(vocabulary, texts, tmp_path)


@needs_node
@needs_shared
@pytest.mark.parametrize("kind", KINDS)
def test_cuts_a_validation_set_as_python_does(kind, tmp_path):
    sides = []
    for language in ("fr", "en", "de"):
        content = gzip.decompress((SHARED / "multi30k" / f"val.{language}.gz").read_bytes())
        sides.append(content.decode().splitlines())
    vocabulary = Vocabulary.learn(sides[0], size=1500, kind=kind)
    assert_equal(vocabulary, [line for side in sides for line in side], tmp_path)


@needs_node
def test_scores_that_tie_only_in_float32(tmp_path):
    """Scores that no rounding has made exact: sums in float64 would choose other cuts."""
    from sentencepiece import sentencepiece_model_pb2

    vocabulary = Vocabulary.learn([one.source for one in generate("train", 300)], size=150)
    model = sentencepiece_model_pb2.ModelProto.FromString(vocabulary.proto)
    dice = random.Random(3)
    for piece in model.pieces[4:]:
        piece.score = -dice.choice([1.1, 2.2, 3.3]) * len(piece.piece) - dice.choice([0, 1e-7])
    assert_equal(Vocabulary(model.SerializeToString()), odd_texts(5, 2000) + ["lll" * 50, "deux cents" * 9], tmp_path)


def nearly_tied():
    """Return a vocabulary in which two cuts of "aaa" have sums that are equal in float32, and not in float64."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(Vocabulary.from_characters(["a"]).proto)
    del model.pieces[4:]
    for piece, score in (("\u2581", -2.0), ("a", -3.0), ("aa", -4 - 1.5 * 2**-20)):
        model.pieces.add(piece=piece, score=score)
    model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
    model.trainer_spec.vocab_size = len(model.pieces)
    model.normalizer_spec.add_dummy_prefix = True
    return Vocabulary(model.SerializeToString())


@needs_node
def test_a_word_that_is_written_as_a_control_piece(tmp_path):
    from sentencepiece import sentencepiece_model_pb2

    lines = [one.source for one in generate("train", 100)]
    model = sentencepiece_model_pb2.ModelProto.FromString(Vocabulary.learn(lines, size=80, kind="word").proto)
    model.normalizer_spec.add_dummy_prefix = False
    assert_equal(Vocabulary(model.SerializeToString()), ["<s>", "</s>", "<unk>", "<pad>", "a <s>", *lines], tmp_path)


@needs_node
def test_sums_are_compared_before_they_are_rounded(tmp_path):
    vocabulary = nearly_tied()
    assert vocabulary.pieces(vocabulary.encode(["aaa"])[0]) == ["\u2581", "aa", "a"]
    assert_equal(vocabulary, ["a" * count for count in range(30)] + odd_texts(5, 200), tmp_path)


@needs_node
@pytest.mark.parametrize("options", [{}, {"lower": True, "strip_punctuation": True}])
def test_listed_words_and_characters(options, tmp_path):
    lines = [example.source for example in generate("train", 300)]
    words = Vocabulary.from_words(sorted({word for line in lines for word in line.split()}), **options)
    characters = Vocabulary.from_characters(sorted(set("".join(lines))), **options)
    texts = [*odd_texts(9, 1000), *lines[:100], "", " ", "  a", "A\tB, c"]
    for name, vocabulary in {"words": words, "characters": characters}.items():
        (tmp_path / name).mkdir()
        assert_equal(vocabulary, texts, tmp_path / name)


def test_a_wordpiece_vocabulary_is_refused():
    vocabulary = Vocabulary.from_wordpiece(["[UNK]", "un", "##e"])
    with pytest.raises(WorkError, match="The page cannot read the target vocabulary, which is of the kind WordPiece"):
        vocabulary_files(vocabulary, "target", reads=False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda model: setattr(model.trainer_spec, "model_type", 2), "neither unigram nor char nor word"),
        (lambda model: setattr(model.trainer_spec, "byte_fallback", True), "byte fallback"),
        (lambda model: setattr(model.trainer_spec, "treat_whitespace_as_suffix", True), "spaces at the end"),
        (lambda model: setattr(model.pieces[9], "type", 4), "user-defined"),
    ],
)
def test_what_the_page_cannot_read(change, expected):
    from sentencepiece import sentencepiece_model_pb2

    class Stub:
        kind = "unigram"
        proto = Vocabulary.learn(["un deux trois"], size=30).proto

    model = sentencepiece_model_pb2.ModelProto.FromString(Stub.proto)
    change(model)
    Stub.proto = model.SerializeToString()
    with pytest.raises(WorkError, match=expected):
        vocabulary_files(Stub, "source", reads=True)
