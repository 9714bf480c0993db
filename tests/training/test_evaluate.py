import math

import pytest
import sacrebleu

from zoo.errors import CallError
from zoo.prediction import Beam, Prediction, TextScore
from zoo.training.data.corpora import Corpus
from zoo.training.evaluate import evaluate

TARGETS = ["The cat sits on the mat.", "October 28, 1934", "ninety-seven", "It costs three euros and ten cents."]
OUTPUTS = ["The cat sat on a mat.", "October 28, 1934", "ninety seven", "It costs ten euros and three cents."]


class Fake:
    """Answers what it was told to, and scores as it was told to."""

    def __init__(self, task, answers, labels=()):
        self.task = task
        self.answers = answers
        self.labels = list(labels)

    def predict(self, texts, beam=None):
        self.beam = beam
        return [Prediction(input=text, output=self.answers[text], score=-1.0) for text in texts]

    def truncated(self, texts):
        return [len(text) > 20 for text in texts]

    def score(self, texts):
        return [TextScore(log_probability=self.answers[text][0], tokens=self.answers[text][1]) for text in texts]


def corpus(sources, targets=()):
    return Corpus(list(sources), list(targets), "test.tsv", "", lines=[2 * i + 1 for i in range(len(sources))])


def translated(outputs, targets=TARGETS):
    sources = [f"source {i}" for i in range(len(targets))]
    return evaluate(Fake("translation", dict(zip(sources, outputs, strict=True))), corpus(sources, targets))


def test_translation_scores_are_those_of_sacrebleu():
    scores = translated(OUTPUTS)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(OUTPUTS, [TARGETS]).score, abs=0.005)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(OUTPUTS, [TARGETS]).score, abs=0.005)
    assert 0 < scores["bleu"] < scores["chrf"] < 100
    assert scores["exact_match"] == 0.25 and scores["count"] == 4
    assert list(scores) == ["count", "bleu", "chrf", "exact_match", "signature", "seconds"]


def test_the_signature_says_how_it_was_counted():
    signature = translated(OUTPUTS)["signature"]
    assert f"|version:{sacrebleu.__version__}" in signature
    assert signature.startswith("BLEU nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|") and " chrF nrefs:1|" in signature


def test_bleu_by_hand():
    """Of 6 words 4 are right, of 5 pairs 2, of 4 triples 1, of 3 fours 0.5 (the smoothing); the lengths are equal."""
    scores = translated(["a b c x e y"], ["a b c d e f"])
    assert scores["bleu"] == round(100 * math.exp(sum(map(math.log, (4 / 6, 2 / 5, 1 / 4, 0.5 / 3))) / 4), 2)


def test_perfect_and_empty_translations():
    scores = translated(TARGETS)
    assert (scores["bleu"], scores["chrf"], scores["exact_match"]) == (100.0, 100.0, 1.0)
    scores = translated([""] * 4)
    assert (scores["bleu"], scores["chrf"], scores["exact_match"]) == (0.0, 0.0, 0.0)


def test_exact_match_is_exact():
    assert translated(["October 28, 1934 ", "ninety-Seven"], TARGETS[1:3])["exact_match"] == 0.0


def test_accuracy():
    model = Fake("classification", {"a": "yes", "b": "no", "c": "no", "d": "no"}, ["no", "yes"])
    scores = evaluate(model, corpus("abcd", ["yes", "yes", "no", "no"]))
    assert scores["accuracy"] == 0.75 and scores["count"] == 4
    assert list(scores) == ["count", "accuracy", "seconds"]


def test_an_unseen_label_is_told_with_file_and_line():
    model = Fake("classification", {}, ["no", "yes"])
    with pytest.raises(
        CallError, match=r'test\.tsv, line 3: label "yess" is not one of no, yes\. Did you mean "yes"\?'
    ):
        evaluate(model, corpus("ab", ["yes", "yess"]))


def test_texts_that_were_not_read_whole_are_counted():
    model = Fake("language_model", {"a": (-6.0, 2), "b" * 21: (-1.0, 5), "c" * 21: (-1.0, 5)})
    assert evaluate(model, corpus(["a", "b" * 21, "c" * 21]))["truncated"] == 2
    assert "truncated" not in evaluate(model, corpus("a"))


def test_perplexity_is_of_all_tokens_together():
    model = Fake("language_model", {"a": (-6.0, 2), "b": (-1.0, 5)})
    scores = evaluate(model, corpus("ab"))
    assert scores["perplexity"] == pytest.approx(math.exp(7 / 7))
    assert (scores["count"], scores["tokens"]) == (2, 7)


def test_perplexity_of_a_uniform_model_is_the_number_of_pieces():
    model = Fake("language_model", {"a": (3 * math.log(1 / 50), 3)})
    assert evaluate(model, corpus("a"))["perplexity"] == pytest.approx(50)


def test_a_beam_is_handed_on_and_told():
    sources = [f"source {i}" for i in range(len(TARGETS))]
    model = Fake("translation", dict(zip(sources, OUTPUTS, strict=True)))
    scores = evaluate(model, corpus(sources, TARGETS), beam=Beam(5, length_penalty=1.0))
    assert model.beam == Beam(5, length_penalty=1.0) and (scores["beam"], scores["length_penalty"]) == (5, 1.0)
    assert scores["bleu"] == translated(OUTPUTS)["bleu"]


@pytest.mark.parametrize("task", ["classification", "language_model"])
def test_only_translation_is_scored_with_a_beam(task):
    with pytest.raises(CallError, match="Only a translation model is scored with a beam"):
        evaluate(Fake(task, {"a": "b"}, ["b"]), corpus(["a"], ["b"]), beam=Beam(3))
