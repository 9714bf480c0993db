"""The web export: its files and its errors. The page itself is tested in test_page.py."""

import base64
import hashlib
import json
import re
import shutil

import numpy as np
import pytest

from zoo.errors import CallError, WorkError
from zoo.export.web import litert_js
from zoo.export.web.exporter import export_web
from zoo.export.web.manifest import LENGTHS
from zoo.export.web.page import languages
from zoo.prediction import Beam
from zoo.run_folder import RunConfig


@pytest.fixture(scope="module")
def site(tiny_run, tmp_path_factory):
    """A site that loads LiteRT.js from another host, and the report of the exporter."""
    from zoo.pipeline import load_run

    report = export_web(load_run(tiny_run.path), tmp_path_factory.mktemp("web") / "site")
    return tmp_path_factory.getbasetemp() / report["path"], report


def integrity_of(path):
    return f"sha384-{base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()}"


def test_report_and_files(site):
    folder, report = site
    parity = report["parity"]
    assert report["format"] == "web" and parity["compared"] == parity["identical"] > 20
    assert parity["beam_compared"] == parity["beam_identical"] > 10
    assert json.loads((folder / "parity.json").read_text()) == parity
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "style.css", "js", "site.json", "parity.json", "model.tflite",
        "source.json", "source.charsmap", "target.json",
    }  # fmt: skip
    assert report["bytes"] == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    about = json.loads((folder / "site.json").read_text())
    assert about["model"] == "bahdanau_seq2seq" and about["attends"] is True
    assert about["lengths"] == {"greedy": list(LENGTHS), "beam": list(LENGTHS)}
    assert about["model_file"]["bytes"] == (folder / "model.tflite").stat().st_size


@pytest.mark.slow
def test_lengths_share_the_weights(site, tiny_run, tmp_path):
    from zoo.export.litert.exporter import export_tflite

    one = export_tflite(tiny_run, tmp_path / "one")
    weights = 4 * tiny_run.model.count_params()
    assert (site[0] / "model.tflite").stat().st_size < one["bytes"] + 7 * 300_000
    assert weights < (site[0] / "model.tflite").stat().st_size


def test_the_model_is_the_one_that_was_exported(site):
    """A browser that has kept another model, of the same size too, asks for this one."""
    folder, _ = site
    model = json.loads((folder / "site.json").read_text())["model_file"]
    assert model["integrity"] == integrity_of(folder / "model.tflite")
    assert model["bytes"] == (folder / "model.tflite").stat().st_size


def test_page_names_every_address_it_asks(site):
    folder, _ = site
    page = (folder / "index.html").read_text()
    assert "$" not in page
    imports = re.search(r'<script type="importmap">(.*)</script>', page)[1]
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#x27;", "'")
    assert f"'sha256-{digest}'" in policy and "default-src 'none'" in policy and "unsafe-eval'" in policy
    assert "'unsafe-eval'" not in policy and "'unsafe-inline'" not in policy
    addresses = set(re.findall(r"https?://[^\s\"';]+", page + (folder / "site.json").read_text()))
    pinned = re.compile(rf"https://cdn\.jsdelivr\.net/npm/@litertjs/(core|wasm-utils)@{litert_js.VERSION}/.*|.*/npm/")
    assert addresses and all(pinned.fullmatch(one) for one in addresses)
    found = json.loads(imports)
    assert set(found["integrity"]) == set(found["imports"].values())
    for script in folder.rglob("*.js"):
        assert "http" not in script.read_text().replace("http://www.w3.org/2000/svg", "").replace("-m http.server", "")


def test_html_in_a_label_stays_text(tiny_classifier, tmp_path):
    import copy
    import dataclasses

    pipeline = copy.copy(tiny_classifier)
    pipeline.config = dataclasses.replace(tiny_classifier.config, model="<b>&")
    report = export_web(pipeline, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<b>" not in page and "&lt;b&gt;&amp;" in page
    assert report["parity"]["max_attention_difference"] < 1e-4


@pytest.mark.slow
def test_language_model(tiny_lm, tmp_path):
    report = export_web(tiny_lm, tmp_path / "out")
    about = json.loads((tmp_path / "out" / "site.json").read_text())
    assert set(about["lengths"]) == {"generate", "score"} and about["lengths"]["score"][-1] == 513
    assert report["parity"]["scored"] == report["parity"]["compared"]
    assert not (tmp_path / "out" / "target.json").exists()


def test_a_beam_of_another_width(site, tiny_run):
    from zoo.export.web.exporter import load_site

    predictor = load_site(tiny_run, site[0])
    assert predictor.predict(["cinq"], beam=Beam(4, n_best=2))[0].alternatives
    with pytest.raises(CallError, match="a beam of 4 alone. Received: 5"):
        predictor.predict(["cinq"], beam=Beam(5))


@pytest.mark.slow
def test_a_wrong_model_leaves_nothing(tiny_run, tmp_path, monkeypatch):
    from zoo.export.web import exporter as web

    def other(run, signatures, kinds):
        weights = run.model.get_weights()
        run.model.set_weights([np.roll(one, 1, axis=-1) for one in weights])
        try:
            return convert(run, signatures, kinds)
        finally:
            run.model.set_weights(weights)

    convert = web.convert
    monkeypatch.setattr(web, "convert", other)
    with pytest.raises(WorkError, match="web does not answer as Keras does"):
        export_web(tiny_run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Folders as npm makes them, of files that are not those of LiteRT.js, and the list of what they should be."""
    files = []
    for file in litert_js.FILES:
        path = tmp_path / "node_modules" / file.package / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.path.encode())
        (tmp_path / "node_modules" / file.package / "package.json").write_text(f'{{"version": "{litert_js.VERSION}"}}')
        digest = integrity_of(path).removeprefix("sha384-")
        files.append(file._replace(digest=digest, bytes=path.stat().st_size))
    monkeypatch.setattr(litert_js, "FILES", tuple(files))
    return tmp_path


@pytest.mark.parametrize("below", [".", "node_modules", "node_modules/@litertjs/core"])
def test_finds_litert_js(below, packages):
    found = litert_js.find(packages / below)
    assert {path.read_bytes().decode() for path in found.values()} == {file.path for file in litert_js.FILES}
    litert_js.copy(found, packages / "site")
    for file, address in litert_js.addresses(local=True).items():
        assert integrity_of(packages / "site" / address) == file.integrity


def test_refuses_other_files(packages):
    core = packages / "node_modules" / "@litertjs" / "core"
    (core / "dist" / "index.js").write_text("changed")
    with pytest.raises(CallError, match="index.js is damaged"):
        litert_js.find(packages)
    (core / "package.json").write_text('{"version": "2.4.0"}')
    with pytest.raises(CallError, match=f"must hold @litertjs/core {litert_js.VERSION}. Received: 2.4.0"):
        litert_js.find(packages)
    (core / "package.json").write_text("[]")
    with pytest.raises(CallError, match="cannot read @litertjs/core"):
        litert_js.find(packages)
    shutil.rmtree(core)
    with pytest.raises(CallError, match=f"npm install @litertjs/core@{litert_js.VERSION}. was run"):
        litert_js.find(packages)


def test_the_folder_of_npm_is_not_replaced(tiny_run, packages):
    with pytest.raises(CallError, match="which is an input. Choose another --out"):
        export_web(tiny_run, packages, litert_js=packages, force=True)
    assert (packages / "node_modules").is_dir()


def test_a_bad_folder_is_refused_first(tiny_run, tmp_path):
    with pytest.raises(CallError, match="`litert_js` must be a folder"):
        export_web(tiny_run, tmp_path / "out", litert_js=tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("origin", "task", "expected"),
    [
        ("numbers-fr-en:train", "translation", ("fr", "en")),
        ("data/train.de.gz,data/train.fr.gz", "translation", ("de", "fr")),
        ("/tatoeba-fr-en/train.tsv.gz", "translation", ("fr", "en")),
        ("a.tsv", "translation", None),
        ("zz-qq.tsv", "translation", None),
        ("numbers-fr-en:train", "classification", None),
    ],
)
def test_languages(origin, task, expected):
    config = RunConfig(model="seq2seq", task=task, options={}, data={"train": {"origin": origin}})
    found = languages(config)
    assert found == (expected and dict(zip(("source", "target"), expected, strict=True)))
