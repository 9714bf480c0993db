import pytest

from zoo.processor import processor_name
from zoo.recurrence.products import LoopMatrix
from zoo.training.data.corpora import Corpus, read_corpus
from zoo.training.fit import resume, train
from zoo.training.run import prepare
from zoo.training.run.prepare import describe, learn_vocabularies
from zoo.training.settings import Settings


def test_the_origin_of_a_corpus_with_a_comma_in_its_name(tmp_path):
    file = tmp_path / "a,b.tsv"
    file.write_text("un\tone\n")
    corpus = read_corpus(file, task="translation")
    assert describe(corpus)["origin"] == str(file)
    assert describe(read_corpus("numbers-fr-en", task="translation", size=2))["origin"] == "numbers-fr-en:train"


def test_a_kind_of_vocabulary_for_each_side():
    corpus = Corpus(sources=["abc cab"], targets=["A1 B1"], digest="", origin="")
    vocabularies = learn_vocabularies(corpus, "translation", Settings(text="char,word", vocabulary_size=20))
    assert vocabularies["source"].pieces(vocabularies["source"].encode(["ab"])[0]) == ["\u2581", "a", "b"]
    assert vocabularies["target"].pieces(vocabularies["target"].encode(["B1 A1"])[0]) == ["\u2581B1", "\u2581A1"]


def test_the_form_of_products_is_chosen_once_and_kept(tiny_data, tmp_path, monkeypatch):
    """A resumed run has the form of its config, on whatever processor it runs."""
    settings = Settings(epochs=1, batch_size=32, vocabulary_size=120, watch_size=0)
    monkeypatch.setattr(prepare, "faster_form", lambda: "transposed")
    data = tiny_data["classification"]
    run = train("tanh_rnn", **data, out=tmp_path / "run", options={"units": 4}, settings=settings)
    assert run.config.processor == {"name": processor_name(), "product_form": "transposed"}
    forms, form_of = [], LoopMatrix.__init__

    def noted(self, matrix):
        form_of(self, matrix)
        forms.append(self.form)

    monkeypatch.setattr(LoopMatrix, "__init__", noted)
    monkeypatch.setattr(prepare, "faster_form", lambda: pytest.fail("it was measured again"))
    resume(tmp_path / "run", epochs=2)
    assert forms and forms[0] == "transposed"


def test_a_deterministic_run_measures_nothing(monkeypatch):
    monkeypatch.setattr(prepare, "faster_form", lambda: pytest.fail("it was measured"))
    assert prepare.choose_products(Settings(deterministic=True))["product_form"] == "plain"


def test_the_gpu_of_a_run_is_named(monkeypatch):
    monkeypatch.setattr(prepare, "gpu_name", lambda: "NVIDIA H100")
    assert prepare.choose_products(Settings(deterministic=True))["gpu"] == "NVIDIA H100"
