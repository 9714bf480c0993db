import gzip
import random
import subprocess
import sys
from functools import cache

import pytest

from tests.support.shared_data import SHARED, needs_shared
from zoo.constants import END, MAX_SOURCE_PIECES, PAD, START, UNKNOWN
from zoo.errors import CallError, WorkError
from zoo.graph_text import GraphText
from zoo.text import KINDS, Vocabulary, source_ids
from zoo.training.data.numbers import generate

TASKS = ("translation", "classification", "language_model")
LINES = [example.source for example in generate("train", 300)]

ODD = [
    *["", " ", "   ", "\0", "\0\0a", "a\0b", "a\0", "\x01\x02\t\n\r x", "\x7f", "\x85", "\u2028"],
    *["😀 👨‍👩‍👧", "你好 мир", "日本語", "𐌰𐌱", "\ufffd", "\U000e0001", "\ufeffa"],
    *["שלום עולם", "عربى", "\u200f\u202ea\u202c", "e\u0301", "ﬁ Ａ", "ﷺ" * 50, "\u00a0a\u00a0"],
    *["<s>", "</s> x", "<pad>", "<unk>", "▁", "▁▁a", "a▁b", " ⁇ "],
    *["x" * 10_000, "vingt " * 2_000, "é" * 511, "é" * 512],
]


def noise(count, highest, seed=0):
    """Return strings of random characters."""
    dice = random.Random(seed)
    codes = [code for code in range(highest) if not 0xD800 <= code < 0xE000]
    return ["".join(map(chr, dice.choices(codes, k=20))) for _ in range(count)]


@cache
def shared_lines():
    """Return the lines of every file of the shared data, by name; both columns of a .tsv count as text."""
    files = sorted(SHARED.glob("*/*.gz"))
    assert files, f"{SHARED} is empty"
    texts = {}
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
            rows = [line.rstrip("\n").split("\t", 1 if ".tsv" in file.name else 0) for line in lines]
        columns = list(zip(*rows, strict=True))
        for number, column in enumerate(columns):
            texts[f"{file.parent.name}/{file.name}[{number}]"] = column
    return texts


def assert_same(vocabulary, texts, task):
    """Check that a text has the same ids, pieces and decoded text in the graph as outside of it."""
    import tensorflow as tf

    graph = GraphText(vocabulary)
    for start in range(0, len(texts), 2_000):
        some = texts[start : start + 2_000]
        expected, _ = source_ids(vocabulary, some, task)
        ids = graph.source_ids(tf.constant(some), task).numpy()
        assert [row[: len(one)].tolist() for row, one in zip(ids, expected, strict=True)] == expected
        assert [(row != PAD).sum() for row in ids] == [len(one) for one in expected]
        assert [text.decode() for text in graph.decode(ids).numpy()] == [vocabulary.decode(one) for one in expected]


@pytest.fixture(scope="module", params=KINDS)
def vocabulary(request):
    return Vocabulary.learn([*LINES, "日本語 😀 שלום"], size=300, kind=request.param)


@pytest.fixture(scope="module")
def small():
    return Vocabulary.learn(LINES, size=120)


def test_special_ids_are_fixed(vocabulary):
    assert (PAD, START, END, UNKNOWN) == (0, 1, 2, 3)
    assert vocabulary.pieces([0, 1, 2, 3]) == ["<pad>", "<s>", "</s>", "<unk>"]
    assert UNKNOWN in vocabulary.encode(["ℵ"])[0]


def test_size_is_the_most_pieces(vocabulary):
    assert 4 < vocabulary.size <= 300
    assert Vocabulary.learn(LINES, size=100_000).size < 1_000


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind):
    vocabulary = Vocabulary.learn(LINES, size=2_000, kind=kind)
    encoded = vocabulary.encode(LINES)
    assert [vocabulary.decode(ids) for ids in encoded] == LINES
    assert all(UNKNOWN < i < vocabulary.size for ids in encoded for i in ids)


def test_kinds_cut_differently():
    pieces = {}
    for kind in KINDS:
        vocabulary = Vocabulary.learn(LINES, size=2_000, kind=kind)
        pieces[kind] = vocabulary.pieces(vocabulary.encode([LINES[0]])[0])
    assert pieces["word"] == [f"▁{word}" for word in LINES[0].split()]
    assert pieces["char"] == list(f"▁{LINES[0]}".replace(" ", "▁"))
    assert len(pieces["word"]) < len(pieces["unigram"]) < len(pieces["char"])


def test_learning_twice_gives_the_same_vocabulary(small):
    assert Vocabulary.learn(LINES, size=120).proto == small.proto


def test_decode_leaves_out_padding_start_and_end(small):
    ids = small.encode(["vingt et un"])[0]
    assert small.decode([START, *ids[:2], PAD, *ids[2:], END, PAD]) == "vingt et un"


def test_save_and_load(small, tmp_path):
    small.save(tmp_path / "source.model")
    loaded = Vocabulary.load(tmp_path / "source.model")
    assert loaded.proto == small.proto and loaded.encode(LINES) == small.encode(LINES)
    assert [path.name for path in tmp_path.iterdir()] == ["source.model"]


def test_save_where_nothing_can_be_written(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkError, match="Could not write"):
        small.save(tmp_path / "file" / "source.model")


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (LINES, {"size": 20}, "No unigram vocabulary of 20 pieces"),
        (LINES, {"size": 3, "kind": "word"}, "No word vocabulary of 3 pieces"),
        (LINES, {"size": 0}, "No unigram vocabulary of 0 pieces"),
        (LINES, {"size": "many"}, "No unigram vocabulary of many pieces"),
        (LINES, {"size": 120, "kind": "bpe"}, 'unigram, char, word. Received: "bpe"'),
        ([], {"size": 120}, "No unigram vocabulary"),
        (["", "  "], {"size": 120}, "No unigram vocabulary"),
    ],
)
def test_what_cannot_be_learnt(lines, options, message):
    with pytest.raises(CallError, match=message):
        Vocabulary.learn(lines, **options)


@pytest.mark.parametrize("content", [b"", b"no vocabulary", b"\0" * 100])
def test_damaged_file(tmp_path, content):
    path = tmp_path / "source.model"
    path.write_bytes(content)
    with pytest.raises(CallError, match=rf"source\.model is damaged.*{len(content)} bytes"):
        Vocabulary.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(CallError, match="Cannot read the vocabulary .*none.model: No such file"):
        Vocabulary.load(tmp_path / "none.model")
    with pytest.raises(CallError, match="Cannot read the vocabulary"):
        Vocabulary.load(tmp_path)


def test_source_ids_close_with_end_or_open_with_start(small):
    (ids,) = small.encode(["vingt"])
    assert source_ids(small, ["vingt", ""], "translation") == ([[*ids, END], [END]], [False, False])
    assert source_ids(small, ["vingt"], "classification") == ([[*ids, END]], [False])
    assert source_ids(small, ["vingt", ""], "language_model") == ([[START, *ids], [START]], [False, False])
    assert source_ids(small, [], "translation") == ([], [])


@pytest.mark.parametrize("task", TASKS)
def test_source_ids_are_cut_at_the_bound(task):
    vocabulary = Vocabulary.learn(LINES, size=200, kind="char")
    fits = "x" * (MAX_SOURCE_PIECES - 2)  # and one piece for the space before
    ids, cut = source_ids(vocabulary, [fits, f"{fits}x"], task)
    assert cut == [False, True]
    assert [len(one) for one in ids] == [MAX_SOURCE_PIECES, MAX_SOURCE_PIECES]
    assert ids[0] == ids[1]
    assert (ids[1][0] == START) if task == "language_model" else (ids[1][-1] == END)


@pytest.mark.parametrize("task", TASKS)
def test_graph_reads_odd_text_alike(vocabulary, task):
    pytest.importorskip("tensorflow_text")
    assert_same(vocabulary, [*ODD, *noise(200, 0x110000), *noise(200, 0x300)], task)


def test_graph_cuts_alike_where_two_ways_are_as_probable():
    """Regression: the errors of rounding decided, and each build of SentencePiece makes its own."""
    pytest.importorskip("tensorflow_text")
    dice = random.Random(0)
    words = ["".join(dice.choice("aeilnst") * dice.randrange(1, 5) for _ in range(6)) for _ in range(4_000)]
    vocabulary = Vocabulary.learn([*LINES, *words[:500]], size=400)
    assert_same(vocabulary, words, "translation")


def test_odd_text_is_truncated_in_the_graph_too(small):
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    ids = GraphText(small).source_ids(tf.constant(["x" * 10_000, "a"]), "translation").numpy()
    assert ids.shape == (2, MAX_SOURCE_PIECES)
    assert ids[0, -1] == END and PAD not in ids[0]


@needs_shared
@pytest.mark.parametrize("kind", KINDS)
def test_graph_reads_the_shared_data_alike(kind):
    pytest.importorskip("tensorflow_text")
    texts = [line for column in shared_lines().values() for line in column[::100]]
    assert len(texts) > 5_000
    assert_same(Vocabulary.learn(texts, size=2_000, kind=kind), texts, "translation")


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("kind", KINDS)
def test_graph_reads_every_line_of_the_shared_data_alike(kind):
    pytest.importorskip("tensorflow_text")
    columns = shared_lines()
    vocabulary = Vocabulary.learn((line for column in columns.values() for line in column[::10]), size=4_000, kind=kind)
    for column in columns.values():
        assert_same(vocabulary, column, "translation")


def test_graph_decode_ignores_padding_in_the_middle(small):
    pytest.importorskip("tensorflow_text")
    first, second = small.encode(["vingt et un", "mai"])
    rows = [[*first[:2], PAD, PAD, *first[2:]], [PAD, *second]]
    width = max(map(len, rows))
    rows = [row + [PAD] * (width - len(row)) for row in rows]
    texts = GraphText(small).decode(rows).numpy()
    assert [text.decode() for text in texts] == ["vingt et un", "mai"]


def test_graph_pieces_are_empty_for_padding(small):
    pytest.importorskip("tensorflow_text")
    ids = [*small.encode(["mai"])[0], END]
    pieces = GraphText(small).pieces([[*ids, PAD]]).numpy()[0]
    assert [piece.decode() for piece in pieces] == [*small.pieces(ids), ""]


def test_two_vocabularies_of_one_saved_model_stay_apart(tmp_path):
    """Regression: with one name for both, each loaded tokenizer had the pieces of the one loaded last."""
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    examples = generate("train", 200)
    sides = {
        "source": Vocabulary.learn([one.source for one in examples], size=100),
        "target": Vocabulary.learn([one.target for one in examples], size=80),
    }
    text = {side: GraphText(vocabulary) for side, vocabulary in sides.items()}
    module = tf.Module()
    module.resources = [one.tokenizer for one in text.values()]
    spec = tf.TensorSpec([None], tf.string, name="text")

    def both(text_in):
        return {side: one.source_ids(text_in, "translation") for side, one in text.items()}

    graph = tf.function(both, [spec]).get_concrete_function()
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"both": graph})
    texts = ["vingt et un mai", "the 21st of May"]
    loaded = tf.saved_model.load(str(tmp_path / "saved")), tf.saved_model.load(str(tmp_path / "saved"))
    for one in loaded:
        ids = one.signatures["both"](tf.constant(texts))
        for side, vocabulary in sides.items():
            expected, _ = source_ids(vocabulary, texts, "translation")
            assert [[int(i) for i in row if i != PAD] for row in ids[side].numpy()] == expected


def test_graph_without_tensorflow_text(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(CallError, match="needs tensorflow-text, which is not installed"):
        GraphText(small)


@pytest.mark.parametrize("kind", ["char", "word"])
def test_one_segmentation_alone_is_not_drawn(kind):
    vocabulary = Vocabulary.learn(LINES, size=300, kind=kind)
    with pytest.raises(CallError, match=f"A {kind} vocabulary has one segmentation"):
        vocabulary.sample(["un"], alpha=0.2, seed=1)


def test_odd_calls_are_refused(small):
    for call in (small.encode, lambda texts: small.sample(texts, alpha=0.2, seed=1)):
        for odd in (b"un", None, "\ud83d"):
            with pytest.raises(CallError, match="A text must be a string that UTF-8 can hold"):
                call(["un", odd])
        with pytest.raises(CallError, match="Expected a list of texts"):
            call("un")
    with pytest.raises(CallError, match="seed=-1"):
        small.sample(["un"], alpha=0.2, seed=-1)


def test_long_lines_are_learnt_from():
    """SentencePiece leaves out lines of more than 4,192 bytes unless it is told otherwise."""
    vocabulary = Vocabulary.learn(["ab cd"] * 5 + ["éàü " * 1_000], size=40)
    assert not vocabulary.unknown("éàü ab")


def test_a_seed_draws_the_same_in_every_process(tmp_path):
    """Exact resume with `subword_alpha` depends on it."""
    Vocabulary.learn(LINES, size=80).save(tmp_path / "a.model")
    code = (
        "import sys; from zoo.text import Vocabulary; "
        "print(Vocabulary.load(sys.argv[1]).sample(['deux cent vingt et un', 'le 3 mai 1968'] * 20, alpha=0.2, seed=7))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.model")]
    drawn = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)}
    assert len(drawn) == 1


def test_a_seed_draws_the_same_for_a_text_alone():
    vocabulary = Vocabulary.learn(LINES, size=80)
    drawn = {tuple(vocabulary.sample(["deux cent vingt et un"], alpha=0.2, seed=7)[0]) for _ in range(9)}
    assert len(drawn) == 1
