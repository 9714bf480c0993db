from pathlib import Path

import pytest

from tests.training.data.file_server import remote_of
from zoo.errors import CallError, WorkError
from zoo.training.data.download import download
from zoo.training.data.public_sets import PUBLIC, PublicSet


def test_several_files_go_on_where_they_stopped(server, tmp_path, capsys):
    server.files["second.bin"] = b"second"
    files = (remote_of(server), remote_of(server, "second.bin", sha256="0" * 64))
    sources = {"both": PublicSet(files=files, terms="free", build=PUBLIC["multi30k"].build)}
    with pytest.raises(WorkError, match="second.bin: expected the SHA-256"):
        download("both", tmp_path / "data", sources=sources)
    assert not (tmp_path / "data").exists()
    files = (files[0], remote_of(server, "second.bin"))
    sources["both"] = PublicSet(files=files, terms="free", build=PUBLIC["multi30k"].build)
    folder = download("both", tmp_path / "data", sources=sources)
    assert sorted(path.name for path in folder.iterdir()) == ["SOURCE.txt", "file.bin", "second.bin"]
    assert len(server.requests) == 3
    printed = capsys.readouterr()
    assert not printed.out and "second.bin" in printed.err


def test_a_file_fetched_by_hand_is_taken_from_where_the_error_says(server, tmp_path):
    remote = remote_of(server, "by-hand.bin")
    sources = {"hand": PublicSet(files=(remote,), terms="free", build=PUBLIC["multi30k"].build)}
    with pytest.raises(WorkError, match="A file that was fetched by hand goes to ") as error:
        download("hand", tmp_path / "data", sources=sources, progress=False)
    place = Path(str(error.value).partition("goes to ")[2].partition(";")[0])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"mine")
    folder = download("hand", tmp_path / "data", sources=sources, progress=False)
    assert (folder / "by-hand.bin").read_bytes() == b"mine" and not place.exists()


def test_an_unknown_name(tmp_path):
    with pytest.raises(CallError, match="one of .*Received: 'tatoeba'. Did you mean \"tatoeba-fr-en\""):
        download("tatoeba", tmp_path / "data")


def test_a_folder_that_is_there(server, tmp_path):
    sources = {"one": PublicSet(files=(remote_of(server),), terms="free", build=PUBLIC["multi30k"].build)}
    (tmp_path / "data").mkdir()
    with pytest.raises(CallError, match="already exists"):
        download("one", tmp_path / "data", sources=sources, progress=False)
    assert not server.requests
    download("one", tmp_path / "data", sources=sources, progress=False, force=True)
    assert (tmp_path / "data" / "file.bin").exists()
