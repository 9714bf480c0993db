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
    """One model as a run folder, a SavedModel and a .tflite file; the exporters would also compare them with Keras."""
    from zoo.export.litert.archive import write_tflite
    from zoo.export.litert.convert import convert, with_pieces
    from zoo.export.saved_model import write_saved_model
    from zoo.export.signatures import litert_signatures

    model = convert(tiny_run.model, with_pieces(tiny_run, litert_signatures(tiny_run.model), None), {"none"})["none"]
    return {
        "run": tiny_run.path,
        "saved_model": write_saved_model(tiny_run, tmp_path_factory.mktemp("saved_model")),
        "tflite": write_tflite(tiny_run, tmp_path_factory.mktemp("tflite") / "model.tflite", model),
    }


@pytest.fixture(scope="session")
def lite(places):
    """The path of a .tflite file."""
    return places["tflite"]
