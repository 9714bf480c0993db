import json
import math

import numpy as np
import pytest

from zoo.constants import END, MAX_SOURCE_PIECES, MAX_TARGET_PIECES, PAD, START
from zoo.errors import CallError
from zoo.prediction import Beam, TextScore
from zoo.predictor import Predictor
from zoo.text import Vocabulary, source_ids
from zoo.training.data.numbers import generate

LINES = [example.source for example in generate("train", 200)]
TEXTS = ["vingt et un mai", "mai", "", "le 28 octobre 1934", "un"]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.learn(LINES, size=200)


class Echo:
    """A translation model that repeats its source, each token attending to itself, and keeps what it was given."""

    def __init__(self, attends=True):
        self.attends = attends
        self.batches = []

    def __call__(self, ids):
        self.batches.append(ids)
        answer = {"ids": ids, "score": -np.sum(ids != PAD, axis=1).astype(np.float32)}
        if not self.attends:
            return answer
        return answer | {"attention": np.broadcast_to(np.eye(ids.shape[1]), [*ids.shape, ids.shape[1]])}


def translator(vocabulary, model):
    return Predictor("translation", {"tokens": model}, vocabulary)


def test_order_is_kept_and_each_text_has_its_own_answer(vocabulary):
    predictions = translator(vocabulary, Echo()).predict(TEXTS, batch_size=2)
    assert [one.input for one in predictions] == TEXTS
    assert [one.output for one in predictions] == TEXTS
    lengths = [len(ids) + 1 for ids in vocabulary.encode(TEXTS)]
    assert [one.score for one in predictions] == [-length for length in lengths]


class Shuffled(dict):
    """Texts that are looked up by a name of each, as a column of a sorted table is."""

    def __iter__(self):
        return iter(self.values())


def test_texts_are_taken_in_their_order(vocabulary):
    predictor = translator(vocabulary, Echo())
    for texts in (iter(TEXTS), Shuffled({4 - i: text for i, text in enumerate(TEXTS)})):
        assert [(one.input, one.output) for one in predictor.predict(texts)] == [(text, text) for text in TEXTS]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a positive integer. Received: batch_size=0"),
        ({"batch_size": -1}, "Received: batch_size=-1"),
        ({"beam": 5}, r"`beam` must be a zoo.Beam, such as zoo.Beam\(4\), or None. Received: 5"),
    ],
)
def test_options_that_cannot_be(options, message, vocabulary):
    predictor = translator(vocabulary, Echo())
    for function in (predictor.predict, predictor.predict_stream):
        with pytest.raises(CallError, match=message):
            function(TEXTS, **options)


def test_a_stream_is_answered_window_by_window(vocabulary):
    model, read = Echo(), []

    def texts():
        for text in TEXTS * 2:
            read.append(text)
            yield text

    answers = translator(vocabulary, model).predict_stream(texts(), batch_size=2, window=4)
    assert read == []
    assert next(answers).output == TEXTS[0] and len(read) == 4
    assert [one.output for one in answers] == (TEXTS * 2)[1:]
    assert [len(batch) for batch in model.batches] == [2] * 5
    assert list(translator(vocabulary, model).predict_stream([])) == []


@pytest.mark.parametrize("options", [{"window": 0}, {"texts": "one text"}, {"beam": Beam(2)}])
def test_a_stream_that_cannot_be_is_refused_at_once(options, vocabulary):
    with pytest.raises(CallError):
        translator(vocabulary, Echo()).predict_stream(**{"texts": [], **options})


def test_an_answer_does_not_keep_its_batch_in_memory(vocabulary):
    for prediction in translator(vocabulary, Echo()).predict(TEXTS):
        assert prediction.attention.base is None


def test_unknown_characters_are_told(vocabulary):
    texts = ["mai ☃ et 漢字☃", "mai", "☃"]
    predictor = translator(vocabulary, Echo())
    predictions = predictor.predict(texts)
    assert [prediction.unknown for prediction in predictions] == [["☃", "漢字☃"], [], ["☃"]]
    assert predictions[0].as_json()["unknown"] == ["☃", "漢字☃"] and "unknown" not in predictions[1].as_json()
    labelled = Predictor(
        "classification", {"tokens": lambda ids: {"probabilities": np.ones([len(ids), 2])}}, vocabulary, labels="ab"
    )
    assert labelled.predict(["mai", "☃"])[1].unknown == ["☃"]


def test_batches_are_of_like_length_and_padded(vocabulary):
    model = Echo()
    translator(vocabulary, model).predict(TEXTS, batch_size=2)
    ids, _ = source_ids(vocabulary, TEXTS, "translation")
    by_length = sorted(ids, key=len)
    assert [batch.shape for batch in model.batches] == [
        (len(some), max(map(len, some))) for some in (by_length[0:2], by_length[2:4], by_length[4:5])
    ]
    assert all(batch.dtype == np.int32 for batch in model.batches)
    rows = [row.tolist() for batch in model.batches for row in batch]
    assert [[i for i in row if i != PAD] for row in rows] == by_length
    assert all(row[len(one) :] == [PAD] * (len(row) - len(one)) for row, one in zip(rows, by_length, strict=True))


def test_no_text_no_answer(vocabulary):
    model = Echo()
    assert translator(vocabulary, model).predict([]) == []
    assert model.batches == []
    assert Predictor("language_model", {}, vocabulary).score([]) == []


def test_attention_is_cropped_to_the_pieces(vocabulary):
    predictions = translator(vocabulary, Echo()).predict(TEXTS)
    for text, one in zip(TEXTS, predictions, strict=True):
        ids = [*vocabulary.encode([text])[0], END]
        assert one.source_pieces == one.target_pieces == vocabulary.pieces(ids)
        np.testing.assert_array_equal(one.attention, np.eye(len(ids)))


def test_padding_in_the_answer_is_no_piece(vocabulary):
    ids = [*vocabulary.encode(["mai"])[0], END]

    def model(batch):
        attention = np.arange(len(batch) * 9 * batch.shape[1]).reshape(len(batch), 9, -1)
        return {"ids": np.array([ids + [PAD] * (9 - len(ids))] * len(batch)), "score": np.zeros(len(batch))} | {
            "attention": attention
        }

    (one,) = translator(vocabulary, model).predict(["un"])
    assert one.output == "mai" and one.target_pieces == vocabulary.pieces(ids)
    assert one.attention.shape == (len(ids), len(one.source_pieces))


def test_a_model_that_does_not_attend(vocabulary):
    (one,) = translator(vocabulary, Echo(attends=False)).predict(["un"])
    assert one.attention is None and one.output == "un"


def test_translation_has_a_vocabulary_a_side(vocabulary):
    target = Vocabulary.learn([example.target for example in generate("train", 200)], size=150)
    answer = [*target.encode(["the"])[0], END]

    def model(batch):
        return {"ids": np.array([answer] * len(batch)), "score": np.zeros(len(batch))}

    (one,) = Predictor("translation", {"tokens": model}, vocabulary, target).predict(["mai"])
    assert one.output == "the"
    assert one.target_pieces == target.pieces(answer)
    assert one.source_pieces == vocabulary.pieces([*vocabulary.encode(["mai"])[0], END])


def test_json_of_a_translation(vocabulary):
    (one,) = translator(vocabulary, Echo()).predict(["mai"])
    answer = json.loads(json.dumps(one.as_json()))
    assert answer == {"input": "mai", "output": "mai", "score": one.score}
    assert list(answer) == ["input", "output", "score"]


def test_truncated_is_told(vocabulary):
    long = " ".join(["octobre"] * 1_000)
    model = Echo()
    short, cut = translator(vocabulary, model).predict(["mai", long])
    assert (short.truncated, cut.truncated) == (False, True)
    assert "truncated" not in short.as_json() and cut.as_json()["truncated"] is True
    assert max(batch.shape[1] for batch in model.batches) == MAX_SOURCE_PIECES
    assert cut.input == long and len(cut.source_pieces) == MAX_SOURCE_PIECES


def classifier(vocabulary, probabilities, attends=True, rows=20):
    def model(ids):
        answer = {"probabilities": np.array([probabilities] * len(ids), np.float32)}
        return answer | ({"attention": np.ones([len(ids), rows, 20])} if attends else {})

    return Predictor("classification", {"tokens": model}, vocabulary, labels=["no", "maybe", "yes"])


def test_labels_that_are_too_few(vocabulary):
    """An artefact from elsewhere may lack some."""
    predictor = Predictor(
        "classification", {"tokens": lambda ids: {"probabilities": np.ones([len(ids), 2])}}, vocabulary, labels=["a"]
    )
    with pytest.raises(CallError, match=r"expected 2 labels, one for each probability. Received: \['a'\]"):
        predictor.predict(["mai"])


def test_labels(vocabulary):
    (one,) = classifier(vocabulary, [0.25, 0.125, 0.625]).predict(["mai"])
    assert (one.output, one.probability, one.score) == ("yes", 0.625, math.log(0.625))
    assert one.as_json() == {
        "input": "mai",
        "output": "yes",
        "score": math.log(0.625),
        "label": "yes",
        "probability": 0.625,
    }
    pieces = vocabulary.pieces([*vocabulary.encode(["mai"])[0], END])
    assert one.source_pieces == one.target_pieces == pieces
    assert one.attention.shape == (len(pieces), len(pieces))


def test_the_attention_of_a_whole_text_has_one_row_named_by_the_label(vocabulary):
    (one,) = classifier(vocabulary, [0.25, 0.125, 0.625], rows=1).predict(["mai"])
    assert one.target_pieces == ["yes"] and one.attention.shape == (1, len(one.source_pieces))


def test_a_probability_of_zero_has_a_score_that_json_can_hold(vocabulary):
    (one,) = classifier(vocabulary, [0.0, 0.0, 0.0], attends=False).predict(["mai"])
    assert one.probability == 0.0 and math.isfinite(one.score) and one.attention is None


class Continue:
    """A language model that goes on with " mai" and scores each token -1; token t attends to t - 1."""

    def __init__(self, vocabulary):
        self.tail = [*vocabulary.encode(["mai"])[0], END]
        self.scored = []

    def tokens(self, ids):
        return {"ids": np.array([self.tail] * len(ids)), "score": np.full([len(ids)], -2.5, np.float32)}

    def score_tokens(self, ids):
        self.scored.append(ids)
        tokens = np.sum(ids != PAD, axis=1).astype(np.float32) - 1
        attention = np.broadcast_to(np.eye(ids.shape[1], k=-1), [*ids.shape, ids.shape[1]])
        return {"score": -tokens, "tokens": tokens, "attention": attention}


@pytest.fixture
def language_model(vocabulary):
    return Continue(vocabulary)


@pytest.fixture
def writer(vocabulary, language_model):
    functions = {"tokens": language_model.tokens, "score_tokens": language_model.score_tokens}
    return Predictor("language_model", functions, vocabulary)


def test_language_model_output_is_prompt_and_continuation(writer):
    predictions = writer.predict(["le 28 octobre", "", "vingt et un"])
    assert [one.output for one in predictions] == ["le 28 octobre mai", "mai", "vingt et un mai"]
    assert predictions[0].as_json() == {"input": "le 28 octobre", "output": "le 28 octobre mai", "score": -2.5}


def test_scores_are_of_the_whole_text_and_in_order(writer, language_model, vocabulary):
    scores = writer.score(TEXTS, batch_size=2)
    ids = [[START, *one, END] for one in vocabulary.encode(TEXTS)]
    assert [(score.log_probability, score.tokens) for score in scores] == [(1 - len(one), len(one) - 1) for one in ids]
    for score, one in zip(scores, ids, strict=True):
        np.testing.assert_array_equal(score.attention, np.eye(len(one), k=-1))
    scored = [[int(i) for i in row if i != PAD] for batch in language_model.scored for row in batch]
    assert scored == sorted(ids, key=len)


def test_scores_without_attention(vocabulary):
    functions = {"score_tokens": lambda ids: {"score": np.zeros(len(ids)), "tokens": np.ones(len(ids))}}
    assert Predictor("language_model", functions, vocabulary).score(["mai"]) == [
        TextScore(log_probability=0.0, tokens=1)
    ]


def test_explain_a_language_model_over_its_whole_output(writer, language_model, vocabulary):
    one = writer.explain("le 28 octobre")
    ids = [START, *vocabulary.encode(["le 28 octobre mai"])[0], END]
    assert language_model.scored[0].tolist() == [ids]
    assert (one.input, one.output, one.score) == ("le 28 octobre", "le 28 octobre mai", -2.5)
    assert one.source_pieces == one.target_pieces == vocabulary.pieces(ids)
    np.testing.assert_array_equal(one.attention, np.eye(len(ids), k=-1))


def test_explain_tells_that_the_prompt_was_cut(writer):
    assert writer.explain("octobre " * 1_000).truncated
    assert not writer.explain("octobre").truncated


def test_explain_a_translation_is_its_prediction(vocabulary):
    predictor = translator(vocabulary, Echo())
    one, same = predictor.explain("mai"), predictor.predict(["mai"])[0]
    assert (one.output, one.score, one.source_pieces) == (same.output, same.score, same.source_pieces)
    np.testing.assert_array_equal(one.attention, same.attention)


class Search:
    """A beam whose hypotheses are the source and, behind it, ever shorter beginnings; places without one are empty."""

    def __init__(self, found):
        self.found = found
        self.asked = []

    def __call__(self, ids, **options):
        self.asked.append((len(ids), options))
        width = int(options["beam_width"][0])
        answers = np.zeros([len(ids), width, ids.shape[1]], np.int32)
        scores = np.full([len(ids), width], -1e9, np.float32)
        for k in range(min(width, self.found)):
            answers[:, k, : ids.shape[1] - k] = ids[:, : ids.shape[1] - k]
            scores[:, k] = -1.0 - k
        attention = np.broadcast_to(np.arange(width)[:, None, None], [*answers.shape, ids.shape[1]])
        return {"ids": answers, "score": scores, "rank_score": scores, "attention": attention}


def searching(vocabulary, found=9, task="translation"):
    search = Search(found)
    return Predictor(task, {"tokens": Echo(), "beam_tokens": search}, vocabulary), search


def test_the_best_of_a_beam_is_the_answer(vocabulary):
    predictor, search = searching(vocabulary)
    (one,) = predictor.predict(["mai"], beam=Beam(3, length_penalty=0.5))
    assert (one.output, one.score, one.alternatives) == ("mai", -1.0, [])
    assert "alternatives" not in one.as_json()
    options = {"beam_width": 3, "length_penalty": np.float32(0.5), "max_length": MAX_TARGET_PIECES}
    assert search.asked == [(1, options)]
    assert {name: value.dtype for name, value in search.asked[0][1].items()} == {
        "beam_width": np.int32,
        "length_penalty": np.float32,
        "max_length": np.int32,
    }


def test_alternatives_are_the_n_best_with_their_attention(vocabulary):
    predictor, _ = searching(vocabulary)
    (one,) = predictor.predict(["vingt et un mai"], beam=Beam(4, n_best=3))
    pieces = one.source_pieces
    assert [len(other.target_pieces) for other in one.alternatives] == [len(pieces) - k for k in range(3)]
    for k, other in enumerate(one.alternatives):
        assert other.target_pieces == pieces[: len(pieces) - k] and other.score == -1.0 - k
        np.testing.assert_array_equal(other.attention, np.full([len(pieces) - k, len(pieces)], k))
    assert one.output == one.alternatives[0].output
    listed = json.loads(json.dumps(one.as_json()))["alternatives"]
    assert listed == [{"output": other.output, "score": other.score} for other in one.alternatives]


def test_empty_places_are_no_alternatives(vocabulary):
    predictor, _ = searching(vocabulary, found=2)
    (one,) = predictor.predict(["mai"], beam=Beam(5, n_best=5))
    assert len(one.alternatives) == 2


def test_a_wide_beam_takes_fewer_texts_at_a_time(vocabulary):
    predictor, search = searching(vocabulary)
    predictor.predict(["mai"] * 10, beam=Beam(16), batch_size=8)
    assert [count for count, _ in search.asked] == [2] * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width of a beam must be from 1 to 64. Received: 0"),
        ({"width": -5}, "Received: -5"),
        ({"width": 10_000}, "Received: 10000"),
        ({"width": 4, "n_best": 5}, "n-best must be from 1 to the width of the beam, 4. Received: 5"),
        ({"width": 4, "n_best": 0}, "n-best must be"),
        ({"width": 4, "length_penalty": -1.0}, "length penalty must be from 0 to 10. Received: -1.0"),
        ({"width": 4, "length_penalty": 10.1}, "length penalty must be from 0 to 10. Received: 10.1"),
        ({"width": 4, "length_penalty": math.nan}, "Received: nan"),
        ({"width": 4, "length_penalty": "1"}, "Received: 1"),
        ({"width": 2.5}, "`width` must be a whole number. Received: width=2.5"),
        ({"width": "5"}, "`width` must be a whole number"),
        ({"width": None}, "`width` must be a whole number"),
        ({"width": 4, "n_best": 1.0}, "`n_best` must be a whole number"),
    ],
)
def test_a_beam_that_cannot_be(options, message):
    with pytest.raises(CallError) as error:
        Beam(**options)
    assert message in str(error.value)


def test_a_beam_takes_numbers_of_numpy():
    beam = Beam(np.int64(4), n_best=np.int32(2), length_penalty=np.float32(0.5))
    assert beam == Beam(4, n_best=2, length_penalty=0.5) and type(beam.width) is int


def test_who_has_no_beam_says_so(vocabulary):
    with pytest.raises(CallError, match="A classifier has no beam"):
        classifier(vocabulary, [0.5, 0.25, 0.25]).predict(["mai"], beam=Beam(2))
    with pytest.raises(CallError, match="exported without beam search"):
        translator(vocabulary, Echo()).predict(["mai"], beam=Beam(2))


def test_scores_of_translations(vocabulary):
    def score_tokens(ids, target_ids):
        tokens = (target_ids != PAD).sum(1).astype(np.float32)
        attention = np.ones([*target_ids.shape, ids.shape[1]]) * tokens[:, None, None]
        return {"score": -2 * tokens, "tokens": tokens, "token_scores": None, "attention": attention}

    def only_arrays(ids, target_ids):
        return {name: value for name, value in score_tokens(ids, target_ids).items() if value is not None}

    predictor = Predictor("translation", {"score_tokens": only_arrays}, vocabulary)
    targets = ["un", "vingt et un mai", "mai", "", "le 28 octobre"]
    lengths = [len(ids) + 1 for ids in vocabulary.encode(targets)]
    widths = [len(ids) + 1 for ids in vocabulary.encode(TEXTS)]
    scores = predictor.score(TEXTS, targets, batch_size=2)
    assert [(score.log_probability, score.tokens) for score in scores] == [(-2 * length, length) for length in lengths]
    assert [score.attention.shape for score in scores] == list(zip(lengths, widths, strict=True))
    for wrong in (None, [], targets[:2]):
        with pytest.raises(CallError, match="as many targets"):
            predictor.score(TEXTS, wrong)
    long = "mai " * MAX_SOURCE_PIECES
    cut = predictor.score(["un", long, "un"], ["un", "un", long])
    assert [score.truncated for score in cut] == [False, True, True]


def test_a_language_model_scores_no_targets(writer):
    with pytest.raises(CallError, match="Received: 1 texts, 1 targets, for language_model"):
        writer.score(["mai"], ["mai"])
