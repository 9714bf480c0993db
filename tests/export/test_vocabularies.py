"""Vocabularies of other tools in the exports: token ids in every format, text in a SavedModel."""

import io

import keras
import pytest
import sentencepiece

import zoo
from tests.support.parameters import few
from tests.support.untrained import TEXTS, run_of
from zoo.errors import CallError, WorkError
from zoo.export.litert.archive import write_tflite
from zoo.export.litert.convert import convert
from zoo.export.litert.text_ops import lite_text_signatures
from zoo.export.load import load
from zoo.export.saved_model import write_saved_model
from zoo.export.signatures import litert_signatures
from zoo.export.web.vocabulary import vocabulary_files

ODD = [*TEXTS, "", "TROIS, moins ☃ deux", "h\u00e9 le  28", "28octobre"]


def bytes_model():
    """Return a BPE model with byte fallback, no padding and the unknown piece at 0, as Llama's."""
    model = io.BytesIO()
    options = {"vocab_size": 320, "model_type": "bpe", "byte_fallback": True, "hard_vocab_limit": False}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=model, minloglevel=2, **options
    )
    return zoo.Vocabulary(model.getvalue())


def word_pieces():
    characters = sorted(set("".join(TEXTS).lower()) - {" "})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "trois", "oct", "##obre", *characters]
    return zoo.Vocabulary.from_wordpiece([*tokens, *(f"##{character}" for character in characters)])


# Each with a size and a bias of the end with which random weights give several answers.
MADE = {
    "bpe": (bytes_model, 8, 2.0),
    "wordpiece": (word_pieces, 12, 3.0),
    "char": (lambda: zoo.Vocabulary.from_characters(sorted(set("".join(TEXTS)))), 12, 3.0),
}


@pytest.fixture(
    scope="module",
    params=few(MADE, "wordpiece"),
)
def run(request, tmp_path_factory):
    keras.utils.set_random_seed(3)
    make, units, end_bias = MADE[request.param]
    vocabulary = make()
    model = zoo.bahdanau_seq2seq(vocabulary.size, vocabulary.size, units=units)
    kernel, bias = model.logits.get_weights()
    bias[2] += end_bias
    model.logits.set_weights([8 * kernel, bias])
    return run_of(model, vocabulary, tmp_path_factory.mktemp(request.param))


def assert_same(predictions, expected):
    assert len({prediction.output for prediction in expected}) > 2
    for prediction, answer in zip(predictions, expected, strict=True):
        assert prediction.output == answer.output and prediction.unknown == answer.unknown
        assert prediction.source_pieces == answer.source_pieces and prediction.target_pieces == answer.target_pieces


def test_a_saved_model_reads_text(run, tmp_path):
    pytest.importorskip("tensorflow_text")
    import tensorflow as tf

    folder = write_saved_model(run, tmp_path / "saved")
    expected = run.predict(ODD)
    assert_same(load(folder).predict(ODD), expected)
    answer = tf.saved_model.load(str(folder)).signatures["detail"](text=tf.constant(ODD))
    assert [text.decode() for text in answer["text"].numpy()] == [prediction.output for prediction in expected]
    pieces = [[piece.decode() for piece in row if piece] for row in answer["source_pieces"].numpy()]
    assert pieces == [prediction.source_pieces for prediction in expected]


def test_a_tflite_over_token_ids(run, tmp_path):
    write_tflite(run, tmp_path / "model.tflite", convert(run.model, litert_signatures(run.model), {"none"})["none"])
    assert_same(load(tmp_path / "model.tflite").predict(ODD), run.predict(ODD))


def test_what_has_no_text_says_so(run):
    with pytest.raises(CallError, match="Text inside a .tflite needs a unigram or char vocabulary"):
        lite_text_signatures(run)
    vocabulary = run.vocabularies["source"]
    if vocabulary.kind != "char":
        with pytest.raises(WorkError, match="The page cannot read the source vocabulary"):
            vocabulary_files(vocabulary, "source", reads=True)


def test_a_run_folder_keeps_its_vocabulary(run, tmp_path):
    vocabulary = run.vocabularies["source"]
    vocabulary.save(tmp_path / "source.model")
    loaded = zoo.Vocabulary.load(tmp_path / "source.model")
    assert (loaded.proto, loaded.kind) == (vocabulary.proto, vocabulary.kind)
    assert loaded.encode(ODD) == vocabulary.encode(ODD)
