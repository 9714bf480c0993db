from zoo.training.data.corpora import Corpus, read_corpus
from zoo.training.run.prepare import describe, files_of, learn_vocabularies
from zoo.training.settings import Settings


def test_files_of_a_corpus_with_a_comma_in_its_name(tmp_path):
    file = tmp_path / "a,b.tsv"
    file.write_text("un\tone\n")
    corpus = read_corpus(file, task="translation")
    assert files_of(corpus) == [file] and describe(corpus)["origin"] == str(file)
    assert files_of(read_corpus("numbers-fr-en", task="translation", size=2)) == []


def test_a_kind_of_vocabulary_for_each_side():
    corpus = Corpus(sources=["abc cab"], targets=["A1 B1"], digest="", origin="")
    vocabularies = learn_vocabularies(corpus, "translation", Settings(text="char,word", vocabulary_size=20))
    assert vocabularies["source"].pieces(vocabularies["source"].encode(["ab"])[0]) == ["\u2581", "a", "b"]
    assert vocabularies["target"].pieces(vocabularies["target"].encode(["B1 A1"])[0]) == ["\u2581B1", "\u2581A1"]
