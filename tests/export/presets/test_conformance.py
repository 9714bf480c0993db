"""What holds for every preset in `zoo/presets/`, and for a tiny one: a preset that is added is tested here too."""

import json
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest

import zoo
from tests.support.paths import ROOT
from zoo.digests import DIGESTS, check_digests
from zoo.export.card import PARITY
from zoo.export.parity.keras import compare_with_keras
from zoo.export.parity.quantized import measure_drop
from zoo.presets import preset_folders, preset_names
from zoo.presets.card import CARD
from zoo.presets.listing import RESULTS, read_preset
from zoo.run_folder import CONFIG, LITERT_FILE, MODEL, SAMPLES

pytestmark = pytest.mark.conformance

DATA = {".json", ".keras", ".md", ".model", ".npz", ".tflite", ".txt"}  # no code, no pickle, no SavedModel
LARGEST = 60e6  # bytes of all presets in the wheel
SECONDS = 0.5  # from the start of a process to the first answer, on a machine that does nothing else
LITE_ALONE = "import sys; sys.modules |= dict.fromkeys(['tensorflow', 'keras']); from zoo.command.main import main; "


@pytest.fixture(scope="module", params=[*preset_names(), "a tiny one"])
def folder(request, tmp_path_factory):
    """The folder of a preset."""
    if request.param in preset_names():
        return zoo.presets.PRESETS_FOLDER / request.param
    return with_card(request.getfixturevalue("tiny_preset"), tmp_path_factory.mktemp("preset"))


def with_card(preset, place):
    """Return a copy of a preset with its card."""
    from zoo.presets.about import About
    from zoo.presets.results import write_card
    from zoo.training.data.corpora import corpus_of

    copy = shutil.copytree(preset, place / "tiny")
    texts = {name: ["x"] for name in ("limits", "languages", "attribution", "reproduce")}
    corpus = corpus_of(["un", "deux", "trois"], ["a", "b", "c"], "test")
    write_card(copy, zoo.load(copy), zoo.load(copy, keras=True), corpus, About(purpose="x", licence="MIT", **texts))
    return copy


@pytest.fixture(scope="module")
def lite(folder):
    return zoo.load(folder)


@pytest.fixture(scope="module")
def keras(folder):
    return zoo.load(folder, keras=True)


def test_the_files(folder):
    names = {path.name for path in folder.iterdir()}
    assert {CONFIG, MODEL, LITERT_FILE, SAMPLES, PARITY, DIGESTS, RESULTS, CARD} <= names
    assert {path.suffix for path in folder.iterdir()} <= DATA and all(path.is_file() for path in folder.iterdir())
    check_digests(folder, folder / DIGESTS)
    assert json.loads((folder / DIGESTS).read_text(encoding="utf-8")).keys() == names - {PARITY, DIGESTS}
    assert sum(read_preset(folder).bytes for folder in {*preset_folders(), folder}) <= LARGEST


def test_the_card_and_the_results_are_those_of_the_files(folder, keras):
    results, record = json.loads((folder / RESULTS).read_text(encoding="utf-8")), read_preset(folder)
    for name, file in results["formats"].items():
        assert file["bytes"] == (folder / name).stat().st_size and file["milliseconds"] > 0
    assert record.parameters == keras.model.count_params()
    assert record.interval[0] <= record.score <= record.interval[1] or record.measure in ("bleu", "chrf")
    assert f"# {folder.name}\n" in (folder / CARD).read_text(encoding="utf-8") and record.licence and record.languages


def test_the_answers_are_those_of_keras(folder, lite, keras):
    texts = lite.samples.sources
    parity = json.loads((folder / PARITY).read_text(encoding="utf-8"))
    if "quantize" in parity:
        measure_drop(keras, lite, texts, max_drop=parity["max_drop"])
    else:
        report = compare_with_keras(keras, lite, texts, LITERT_FILE)
        assert report["identical"] == report["compared"] == len(texts)


@pytest.mark.parametrize(("format", "package"), [("saved_model", "tensorflow"), ("onnx", "tf2onnx")])
def test_the_keras_model_can_be_exported(format, package, keras, tmp_path):
    pytest.importorskip(package, reason=f"{package} is not installed")
    parity = keras.export(tmp_path / "out", format=format)["parity"]
    assert parity["identical"] == parity["compared"] >= len(keras.samples.sources)


def test_padding_changes_nothing(lite, keras):
    for pipeline in (lite, keras):
        texts = pipeline.samples.sources[:8]
        padded = pipeline.predict([*texts, " ".join(3 * texts)])[:-1]
        for text, beside in zip(texts, padded, strict=True):
            (alone,) = pipeline.predict([text])
            assert alone.output == beside.output
            np.testing.assert_allclose(alone.score, beside.score, rtol=1e-4, atol=1e-4)


def test_no_tensorflow_is_imported_for_an_answer(folder, lite):
    text = lite.samples.sources[0]
    code = f"{LITE_ALONE}sys.exit(main(['predict', {str(folder)!r}, {text!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == lite.predict([text])[0].output + "\n"


def test_the_first_answer_is_soon_there(folder, lite):
    """Measured is the work of the process, which other processes on the machine change less than the time."""
    command = [sys.executable, "-m", "zoo", "predict", str(folder), lite.samples.sources[0]]
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < SECONDS
