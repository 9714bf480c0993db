"""The documents name files, modules and pages that are there, in lines of at most 120 characters."""

import importlib.util
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tests.support.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.fixture(params=DOCUMENTS, ids=lambda file: file.name)
def document(request):
    return request.param


def test_lines_are_short(document):
    lines = document.read_text(encoding="utf-8").split("\n")
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert target.startswith("http") or (document.parent / target).exists(), target


def test_files_are_there(document):
    rooms = "zoo|training|export|tests|benchmarks|docs"
    for name in re.findall(rf"`((?:{rooms})/[\w./-]*)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_modules_are_there(document):
    text = document.read_text(encoding="utf-8")
    modules = {*re.findall(r"python -m (benchmarks\.\w+)", text), *re.findall(r"from (zoo[\w.]*) import", text)}
    for name in modules:
        assert importlib.util.find_spec(name) is not None, name


def script(name):
    """Import a script of the documents."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_list_of_public_names_is_up_to_date():
    page = script("make_api").page()
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == page, "run: python docs/make_api.py"


def test_the_list_of_presets_is_up_to_date():
    made = script("make_zoo")
    for name, content in (("zoo.md", made.page()), ("results.csv", made.rows_of_scores())):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == content, "run: python docs/make_zoo.py"


def test_every_preset_has_what_its_author_says():
    from zoo.presets import preset_names
    from zoo.presets.about import read_about

    about = {file.stem: read_about(file) for file in (ROOT / "docs" / "presets").glob("*.toml")}
    assert about.keys() == set(preset_names())


def test_a_worker_of_the_example_with_ray_answers_a_block(tiny_run):
    texts = ["trois moins deux", "un"]
    block = script("bulk_ray").Answer(str(tiny_run.path))({"text": np.array(texts)})
    assert list(block["text"]) == texts
    assert block["output"] == [prediction.output for prediction in tiny_run.predict(texts)]


@pytest.mark.conformance
def test_the_layers_and_models_of_one_s_own_work():
    """The examples of the library, with a few texts."""
    library = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    section = library.split("## Layers and models of your own\n")[1].split("\n## ")[0]
    functional, subclass = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    given = """
        import keras, numpy as np, zoo
        reviews, labels = ["so good", "too bad", "good", "bad film"] * 5, ["good", "bad"] * 10
        vocabulary = zoo.Vocabulary.learn(reviews, size=40, kind="char")
        pairs = zoo.read_corpus("numbers-fr-en:train", task="translation", size=60)
        french_lines, english_lines = pairs.sources, pairs.targets
        french, english = (zoo.Vocabulary.learn(lines, size=90) for lines in (french_lines, english_lines))
    """
    names = {}
    exec(textwrap.dedent(given) + functional, names)
    weights = names["reader"](np.array([[5, 6, 7, 0, 0]], "int32")).numpy()
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-6)
    assert weights.shape == (1, 5) and not weights[0, 3:].any()
    exec(subclass, names)
    assert {"bleu", "chrf"} <= names["scores"].keys() and names["scores"]["count"] == 100


@pytest.mark.conformance
def test_the_example_of_the_readme_runs_as_it_stands(tmp_path):
    """In a process of its own: it trains, answers, draws, saves and exports."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"## In Python\n.*?```python\n(.*?)```", readme, re.DOTALL)
    assert len(example.strip().splitlines()) <= 25
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    answer, exported = done.stdout.strip().splitlines()[-2:]
    assert "28" in answer and exported.startswith("207 of 207: ")
    assert (tmp_path / "attention.png").stat().st_size > 5_000
    assert (tmp_path / "my-run" / "model.keras").is_file() and (tmp_path / "my-phone" / "model.tflite").is_file()
