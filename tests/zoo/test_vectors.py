"""Vectors of words from a file, in the embeddings of models, frozen and not."""

import gzip

import keras
import numpy as np
import pytest

import zoo
from tests.support.parameters import few
from zoo.constants import END, PAD, START
from zoo.errors import CallError
from zoo.run_folder import load_model

WORDS = ["le", "chat", "dort"]
LINES = ["chat 1 2 3 4", ". . . 9 9 9 9", "dort -0.5 1e-3 0 7", "x 5 5 5 5", "chat 8 8 8 8", "le\u0085 6 6 6 6"]


@pytest.fixture(scope="module")
def vocabulary():
    return zoo.Vocabulary.from_words(WORDS)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("\n".join([*LINES, ""]), encoding="utf-8")
    return path


def model_of(name, vocabulary, **options):
    sizes = {
        "bahdanau_seq2seq": [vocabulary.size, vocabulary.size],
        "tanh_rnn_lm": [vocabulary.size],
        "tanh_rnn": [vocabulary.size, 2],
        "tanh_dnn": [vocabulary.size, 2],
    }
    return getattr(zoo, name)(*sizes[name], units=5, embedding_units=4, **options)


def test_only_the_rows_of_known_words_are_replaced(vocabulary, file):
    layer = model_of("tanh_rnn", vocabulary).embedding
    before = layer.embeddings.numpy()
    assert zoo.load_vectors(layer, vocabulary, file) == 2
    after = layer.embeddings.numpy()
    np.testing.assert_array_equal(after[5], [1, 2, 3, 4])
    np.testing.assert_allclose(after[6], [-0.5, 1e-3, 0, 7])
    np.testing.assert_array_equal(after[:5], before[:5])


@pytest.mark.parametrize("header", [[], ["6 4"]])
def test_gzip_and_the_header_of_word2vec(vocabulary, tmp_path, header):
    path = tmp_path / "vectors.vec"
    path.write_bytes(gzip.compress("\r\n".join([*header, *(f"{line} " for line in LINES)]).encode()))
    layer = model_of("tanh_dnn", vocabulary).embedding
    assert zoo.load_vectors(layer, vocabulary, path) == 2
    np.testing.assert_array_equal(layer.embeddings.numpy()[5], [1, 2, 3, 4])


def test_the_pieces_that_are_words(tmp_path):
    """A piece inside a word is no word, though the file has it; a mark is one, with or without a space before it."""
    lines = ["le 1 1 1 1", "ti 2 2 2 2", "e 3 3 3 3", ". 4 4 4 4", "##ti 5 5 5 5", "<unk> 6 6 6 6", "[UNK] 6 6 6 6"]
    lines += ["petit 7 7 7 7", "▁petit 8 8 8 8"]
    (tmp_path / "vectors.txt").write_text("\n".join(lines))

    def replaced(vocabulary):
        layer = keras.layers.Embedding(vocabulary.size, 4, embeddings_initializer="zeros")
        layer.build()
        found = zoo.load_vectors(layer, vocabulary, tmp_path / "vectors.txt")
        rows = layer.embeddings.numpy()[:, 0]
        assert found == np.count_nonzero(rows)
        return {piece: int(row) for piece, row in zip(vocabulary.pieces(range(len(rows))), rows, strict=True) if row}

    assert replaced(zoo.Vocabulary.from_wordpiece(["[UNK]", "le", "##ti", "ti", "."])) == {"le": 1, "ti": 2, ".": 4}
    assert replaced(zoo.Vocabulary.from_characters("e.x")) == {"e": 3, ".": 4}
    learnt = zoo.Vocabulary.learn(["le petit. le petite . le ti"] * 20, size=30)
    assert {"▁petit", "petit", "ti", "e", "."} <= set(learnt.pieces(range(learnt.size)))
    assert replaced(learnt) == {"▁petit": 7, ".": 4}


def batch(model):
    ids = np.array([[4, 5, 6, END], [6, 4, END, PAD]], "int32")
    target = np.array([[START, 4, 5, 6], [START, 6, 4, PAD]], "int32")
    if model.task == "translation":
        return {"source": ids, "target": target}, ids
    return (target, ids) if model.task == "language_model" else (ids, np.array([0, 1]))


CASES = [
    ("bahdanau_seq2seq", "source_embedding", {}),
    ("bahdanau_seq2seq", "target_embedding", {}),
    ("tanh_rnn_lm", "embedding", {}),
    ("tanh_rnn", "embedding", {}),
    ("tanh_dnn", "embedding", {}),
]


@pytest.mark.parametrize("frozen", few([True, False], True))
@pytest.mark.parametrize(("name", "layer", "options"), CASES)
def test_frozen_rows_stay_over_training_and_reload(name, layer, options, frozen, vocabulary, file, tmp_path):
    model = model_of(name, vocabulary, **{f"freeze_{layer}": frozen}, **options)
    assert zoo.load_vectors(getattr(model, layer), vocabulary, file) == 2
    vectors = getattr(model, layer).embeddings.numpy()
    np.testing.assert_array_equal(vectors[5], [1, 2, 3, 4])
    for step in ("before", "after"):
        trained = getattr(model, layer).embeddings.numpy()
        assert getattr(model, layer).trainable is not frozen
        assert any(weight is getattr(model, layer).embeddings for weight in model.trainable_weights) is not frozen
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.5), loss)
        others = [weight.numpy() for weight in model.trainable_weights]
        model.fit(*batch(model), epochs=1, verbose=0)
        changed = getattr(model, layer).embeddings.numpy()
        if frozen:
            np.testing.assert_array_equal(changed, vectors)
        else:
            assert (changed[5] != trained[5]).any()
        assert any((new.numpy() != old).any() for new, old in zip(model.trainable_weights, others, strict=True))
        if step == "before":
            model.save(tmp_path / "model.keras")
            model = load_model(tmp_path / "model.keras")
            np.testing.assert_array_equal(getattr(model, layer).embeddings.numpy(), changed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("chat 1 2 3", "as long as the embeddings, 4 .* Received: 3 numbers a word, in .*vectors.txt"),
        ("10 300\nchat 1 2 3 4", "as long as the embeddings, 4 .* Received: 300 numbers"),
        ("x 1 2 3 4\nchat 1 2 3", "vectors.txt, line 2: expected a word and 4 finite numbers. Received: 'chat 1 2 3'"),
        ("chat 1 2 three 4", "line 1: expected a word and 4 finite numbers"),
        ("chat 1 2 nan 4", "line 1: expected a word and 4 finite numbers"),
    ],
)
def test_a_file_that_is_refused(content, message, vocabulary, tmp_path):
    (tmp_path / "vectors.txt").write_text(content)
    layer = model_of("tanh_rnn", vocabulary).embedding
    before = layer.embeddings.numpy()
    with pytest.raises(CallError, match=message):
        zoo.load_vectors(layer, vocabulary, tmp_path / "vectors.txt")
    np.testing.assert_array_equal(layer.embeddings.numpy(), before)


def test_what_cannot_be_loaded(vocabulary, file, tmp_path):
    model = model_of("tanh_rnn", vocabulary)
    with pytest.raises(CallError, match="Expected an embedding layer, such as .* Received: RecurrentClassifier"):
        zoo.load_vectors(model, vocabulary, file)
    with pytest.raises(CallError, match="as many ids as each other. Received: 7 and 5"):
        zoo.load_vectors(model.embedding, zoo.Vocabulary.from_words(["le"]), file)
    with pytest.raises(CallError, match="Cannot read the vectors .*none.txt: No such file"):
        zoo.load_vectors(model.embedding, vocabulary, tmp_path / "none.txt")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(file.read_bytes())[:-12])
    with pytest.raises(CallError, match="Cannot read the vectors .*cut.gz"):
        zoo.load_vectors(model.embedding, vocabulary, tmp_path / "cut.gz")


def test_a_large_file_is_read_line_by_line(vocabulary, tmp_path):
    import tracemalloc

    path = tmp_path / "large.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for number in range(100_000):
            file.write(f"word{number} {'0.123456 ' * 4}\n".encode())
        file.write(b"chat 1 2 3 4\n")
    layer = model_of("tanh_rnn", vocabulary).embedding
    tracemalloc.start()
    try:
        assert zoo.load_vectors(layer, vocabulary, path) == 1
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
