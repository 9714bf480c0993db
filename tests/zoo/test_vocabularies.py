"""Vocabularies that other tools have made, against those tools."""

import io
import unicodedata
from functools import cache

import pytest
import sentencepiece

from tests.support.odd_texts import odd_texts
from zoo.constants import PAD, UNKNOWN
from zoo.errors import CallError
from zoo.graph_text import GraphText
from zoo.sentence_pieces import parsed
from zoo.text import Vocabulary, source_ids
from zoo.training.data.numbers import generate

LINES = [example.source for example in generate("train", 200)]
TEXTS = [*LINES, *odd_texts(3, 600), "vingt et un <sep> x <pad> <mask> y", "<s> </s> <unk>", "", " "]
T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
SYMBOLS = {"user_defined_symbols": ["<sep>", "<pad>", "vingt et"], "control_symbols": ["<mask>"]}
MODELS = {
    "unigram": {"model_type": "unigram"},
    "unigram of T5": {"model_type": "unigram", **T5},
    "bpe": {"model_type": "bpe"},
    "bpe, the special ids last": {"model_type": "bpe", "pad_id": 199, "bos_id": 198, "eos_id": 197, "unk_id": 196},
    "char": {"model_type": "char", **T5},
    "word": {"model_type": "word"},
    "bytes": {"model_type": "bpe", "vocab_size": 500, "byte_fallback": True},
    "unigram and bytes": {"model_type": "unigram", "vocab_size": 500, "byte_fallback": True, **T5},
    "symbols": {"model_type": "unigram", **SYMBOLS},
    "bpe and symbols": {"model_type": "bpe", **SYMBOLS, **T5},
    "start and end in one": {"model_type": "unigram", "bos_id": -1},
    "all spaces": {"model_type": "unigram", "add_dummy_prefix": False, "remove_extra_whitespaces": False},
}
TOKENS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "le", "chat", "un", "##aff", "##able", ","]
TOKENS += [chr(code) for code in range(ord("a"), ord("z"))] + [f"##{chr(code)}" for code in range(ord("a"), ord("z"))]


@cache
def trained(name):
    """Return a SentencePiece model as its own trainer makes it."""
    model, options = io.BytesIO(), {"vocab_size": 200, **MODELS[name]}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, hard_vocab_limit=False, minloglevel=2, **options
    )
    if name != "start and end in one":
        return model.getvalue()
    changed = parsed(model.getvalue())
    changed.trainer_spec.bos_piece = changed.trainer_spec.eos_piece
    return changed.SerializeToString()


def assert_same_in_graph(vocabulary, texts):
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    graph = GraphText(vocabulary)
    expected, _ = source_ids(vocabulary, texts, "translation")
    ids = graph.source_ids(tf.constant(texts), "translation").numpy()
    assert [[int(i) for i in row if i != PAD] for row in ids] == expected
    assert [text.decode() for text in graph.decode(ids).numpy()] == [vocabulary.decode(row) for row in expected]
    pieces = graph.pieces(ids).numpy()
    assert [[piece.decode() for piece in row if piece] for row in pieces] == [
        vocabulary.pieces(row) for row in expected
    ]


@pytest.mark.parametrize("name", MODELS)
def test_a_sentencepiece_model_keeps_its_segmentation(name, tmp_path):
    proto = trained(name)
    own = sentencepiece.SentencePieceProcessor(model_proto=proto)
    (tmp_path / "other.model").write_bytes(proto)
    vocabulary = Vocabulary.load(tmp_path / "other.model")
    special = [own.pad_id(), own.bos_id(), own.eos_id(), own.unk_id()]
    assert special != [0, 1, 2, 3] and vocabulary.size == own.vocab_size() + 4 - len({*special} - {-1})
    assert vocabulary.kind == MODELS[name]["model_type"]
    renumbered = {number: i for i, number in enumerate(special) if number >= 0}
    rest = [number for number in range(own.vocab_size()) if number not in special]
    renumbered |= {number: i + 4 for i, number in enumerate(rest)}
    encoded = own.encode(TEXTS)
    assert vocabulary.encode(TEXTS) == [[renumbered[number] for number in row] for row in encoded]
    assert [vocabulary.decode(row) for row in vocabulary.encode(TEXTS)] == [own.decode(row) for row in encoded]
    assert vocabulary.pieces(renumbered.values()) == [own.id_to_piece(number) for number in renumbered]
    assert vocabulary.decode([1, *vocabulary.encode(["vingt"])[0], 2, 0]) == own.decode(own.encode("vingt"))
    vocabulary.save(tmp_path / "ours.model")
    assert Vocabulary.load(tmp_path / "ours.model").proto == vocabulary.proto
    assert_same_in_graph(vocabulary, TEXTS)


def test_a_model_with_the_ids_of_the_zoo_keeps_its_bytes():
    proto = Vocabulary.learn(LINES, size=100).proto
    assert Vocabulary(proto).proto == proto


def test_the_name_of_a_missing_piece_may_be_taken():
    """`<pad>` is a user-defined symbol of this model, which text may contain."""
    vocabulary = Vocabulary(trained("symbols"))
    assert vocabulary.pieces([0, 1, 2, 3]) == ["<<pad>>", "<s>", "</s>", "<unk>"]
    assert vocabulary.decode(vocabulary.encode(["un <pad> et"])[0]) == "un <pad> et"


def test_listed_words(tmp_path):
    vocabulary = Vocabulary.from_words(["le", "chat", "Dort."])
    assert vocabulary.unknown("le\u00a0chat dort\tle") == ["le\u00a0chat", "dort"]  # split as TextVectorization does
    assert vocabulary.encode(["le chat Dort.", "\tle\nle ", "dort. chat", ""]) == [[4, 5, 6], [4, 4], [3, 5], []]
    assert (vocabulary.size, vocabulary.kind) == (7, "word")
    assert vocabulary.pieces([0, 1, 2, 3, 4]) == ["<pad>", "<s>", "</s>", "<unk>", "▁le"]
    assert vocabulary.decode([1, 4, 5, 2, 0]) == "le chat"
    vocabulary.save(tmp_path / "words.model")
    assert Vocabulary.load(tmp_path / "words.model").encode(["chat le"]) == [[5, 4]]
    plain = Vocabulary.from_words(["le", "chat"], lower=True, strip_punctuation=True)
    assert plain.encode(["Le, CHAT! - le"]) == [[4, 5, 4]]
    assert_same_in_graph(vocabulary, TEXTS)
    assert_same_in_graph(plain, TEXTS)


def test_listed_characters():
    vocabulary = Vocabulary.from_characters([*"abc", " "])
    assert vocabulary.encode(["ab c", " a  b", "A", "axyb"]) == [[4, 5, 7, 6], [7, 4, 7, 7, 5], [3], [4, 3, 5]]
    assert vocabulary.decode([1, 7, 4, 7, 7, 6, 2, 0]) == " a  c" and vocabulary.kind == "char"
    assert Vocabulary.from_characters("abc", lower=True).encode(["AB"]) == [[4, 5]]
    assert_same_in_graph(vocabulary, TEXTS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary.from_words(["le", "le"]), "lists a word once. Received twice: 'le'"),
        (lambda: Vocabulary.from_words(["le chat"]), "no white space in it. Received: 'le chat'"),
        (lambda: Vocabulary.from_words(["le", ""]), "Expected words. Received: ''"),
        (lambda: Vocabulary.from_words(["le", 3]), "Expected words. Received: 3"),
        (lambda: Vocabulary.from_words(["▁le"]), "Expected words. Received: '▁le'"),
        (lambda: Vocabulary.from_characters(["ab"]), "Expected characters. Received: 'ab'"),
        (lambda: Vocabulary.from_wordpiece(["le", "chat"]), "among them .UNK.. Received: 2 lines"),
        (lambda: Vocabulary.from_wordpiece(["[UNK]", "le", "le"]), "one piece a line, each once"),
        (lambda: Vocabulary(b'{"kind": "wordpiece"}'), "Expected a WordPiece vocabulary. Received 21 bytes"),
    ],
)
def test_what_is_no_vocabulary(make, message):
    with pytest.raises(CallError, match=message):
        make()


@pytest.mark.parametrize("standardize", [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"])
@pytest.mark.parametrize("split", ["whitespace", "character"])
def test_text_vectorization(standardize, split):
    import keras

    layer = keras.layers.TextVectorization(standardize=standardize, split=split)
    layer.adapt(["Le chat, dort. É e", "DON'T a-b  c\td \u00a0 x\x1cy \x0bz"])
    vocabulary = Vocabulary.from_text_vectorization(layer)
    assert vocabulary.size == layer.vocabulary_size() + 2
    for text in ["Le chat dort", "LE CHAT, Don't a-b  c\td", "\x0bz x\x1cy x\u00a0y", "É é e", "chat - dort"]:
        expected = [int(i) + 2 for i in layer([text]).numpy()[0] if i]
        repeated = zip(expected, [None, *expected], strict=False)
        merged = [i for i, before in repeated if not (i == before == UNKNOWN)]
        assert vocabulary.encode([text]) == [merged]


def test_a_text_vectorization_with_other_rules_is_refused():
    import keras

    layer = keras.layers.TextVectorization(ngrams=2, vocabulary=["le"])
    with pytest.raises(CallError, match="Expected a layer without ngrams .* Received: .*ngrams="):
        Vocabulary.from_text_vectorization(layer)
    layer = keras.layers.TextVectorization(standardize=lambda text: text, vocabulary=["le"])
    with pytest.raises(CallError, match="Expected a layer without ngrams and with standardize one of None, lower"):
        Vocabulary.from_text_vectorization(layer)


def test_wordpiece(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(TOKENS) + "\n")
    vocabulary = Vocabulary.load(tmp_path / "vocab.txt")
    assert vocabulary.pieces([0, 1, 2, 3, 4]) == ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[unused0]"]
    assert (vocabulary.kind, vocabulary.size, vocabulary.lower_case) == ("wordpiece", len(TOKENS), True)
    (ids,) = vocabulary.encode(["Lé Chats, unaffable 漢 [PAD]"])
    expected = ["le", "chat", "##s", ",", "un", "##aff", "##able", "[UNK]", "[UNK]", "p", "##a", "##d", "[UNK]"]
    assert vocabulary.pieces(ids) == expected
    assert vocabulary.decode([1, *ids[:7], 2, 0]) == "le chats , unaffable"
    assert vocabulary.encode(["l" * 100, "l" * 101])[1] == [UNKNOWN]
    vocabulary.save(tmp_path / "source.model")
    loaded = Vocabulary.load(tmp_path / "source.model")
    assert loaded.proto == vocabulary.proto and loaded.encode(TEXTS) == vocabulary.encode(TEXTS)
    with pytest.raises(CallError, match="has one segmentation of a text"):
        vocabulary.sample(["le"], alpha=0.5, seed=1)
    with pytest.raises(CallError, match="A text must be a string that UTF-8 can hold. Received: 'le .ud800'"):
        vocabulary.encode(["le \ud800"])
    with pytest.raises(CallError, match="A text must be a string that UTF-8 can hold. Received: 'None'"):
        vocabulary.encode(["le", None])


@pytest.mark.parametrize("lower_case", [True, False])
def test_wordpiece_of_every_character_in_the_graph(lower_case):
    """Where Python's Unicode is older than that of tensorflow-text, it lacks characters."""
    vocabulary = Vocabulary.from_wordpiece([*TOKENS, "Le", "É", "##É", "ß", "##漢", "漢"], lower_case=lower_case)
    known = [chr(c) for c in range(1, 0x20000) if not 0x3500 <= c < 0xF900 and unicodedata.category(chr(c)) != "Cn"]
    texts = [*TEXTS, "Le É eÉ ß 漢 a漢", *(f"a{character}b {character}" for character in known)]
    texts = [text for text in texts if all(unicodedata.category(character) != "Cn" for character in text)]
    assert len(texts) > 20_000
    assert_same_in_graph(vocabulary, texts)


def test_wordpiece_in_a_saved_model(tmp_path):
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    vocabulary = Vocabulary.from_wordpiece(TOKENS)
    text, module = GraphText(vocabulary), tf.Module()
    module.resources = [text.tokenizer]
    graph = tf.function(
        lambda texts: {"ids": text.source_ids(texts, "translation")}, [tf.TensorSpec([None], tf.string, name="texts")]
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"ids": graph.get_concrete_function()})
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    ids = loaded.signatures["ids"](tf.constant(["le chats", "un"]))["ids"].numpy()
    assert [[int(i) for i in row if i] for row in ids] == source_ids(vocabulary, ["le chats", "un"], "translation")[0]


@pytest.mark.parametrize(
    ("vocabulary", "text", "expected"),
    [
        (lambda: Vocabulary(trained("unigram")), "vingt ☃ et 漢字 un é漢", ["☃", "漢字", "漢"]),
        (lambda: Vocabulary(trained("bytes")), "vingt ☃", []),
        (lambda: Vocabulary.from_words(["le", "chat"]), "un gros chat noir le", ["un", "gros", "noir"]),
        (lambda: Vocabulary.from_characters("abc"), "axyb ca", ["xy", " "]),
        (lambda: Vocabulary.from_wordpiece(TOKENS), "le 漢 chat unaffzable", ["漢", "unaffzable"]),
    ],
)
def test_what_a_vocabulary_does_not_know(vocabulary, text, expected):
    vocabulary = vocabulary()
    found = vocabulary.unknown(text)
    assert found == expected
    assert bool(found) == (UNKNOWN in vocabulary.encode([text])[0])


REFUSED = {
    'is of the kind "bpe"': lambda: Vocabulary(trained("bpe")),
    'is of the kind "word"': lambda: Vocabulary.from_words(["le"]),
    'is of the kind "wordpiece"': lambda: Vocabulary.from_wordpiece(TOKENS),
    "has byte fallback": lambda: Vocabulary(trained("unigram and bytes")),
    "keeps all spaces of a text": lambda: Vocabulary.from_characters("abc"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_text_inside_a_tflite_is_refused_where_it_would_differ(reason):
    from zoo.export.litert.text_ops import LiteText

    with pytest.raises(CallError, match=f"Received: one that {reason}. The .tflite over token ids supports"):
        LiteText(REFUSED[reason]())


@pytest.mark.parametrize("name", ["unigram of T5", "char", "symbols"])
def test_text_inside_a_tflite_of_a_foreign_model(name):
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    from zoo.export.litert.text_ops import LiteText

    vocabulary = Vocabulary(trained(name))
    ids = LiteText(vocabulary).source_ids(tf.constant(TEXTS), "translation").numpy()
    assert [[int(i) for i in row if i != PAD] for row in ids] == source_ids(vocabulary, TEXTS, "translation")[0]
