import pytest

from tests.support.command import Call


@pytest.fixture
def call(capsys, monkeypatch):
    """Run the command in this process."""
    return Call(capsys, monkeypatch)


@pytest.fixture
def refusal(call, tmp_path, monkeypatch):
    """Run a command that must be refused before it writes anything, and return the message."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def refused(*arguments):
        status, out, err = call(*arguments)
        assert status == 2 and out == "" and err.startswith("zoo: ")
        assert not list((tmp_path / "here").iterdir())
        return err

    return refused


@pytest.fixture(scope="session")
def places(tiny_run, tmp_path_factory):
    """One model as a run folder, a SavedModel and a .tflite file."""
    from zoo.command.export import export_run

    exported = {
        format: export_run(tiny_run, format, tmp_path_factory.mktemp(format) / "out")["path"]
        for format in ("saved_model", "tflite")
    }
    return {"run": tiny_run.path, **exported}


@pytest.fixture(scope="session")
def lite(places):
    """The path of a .tflite file."""
    return places["tflite"]
