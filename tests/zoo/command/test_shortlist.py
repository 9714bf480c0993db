import json
import shutil

import pytest

from zoo.errors import CallError
from zoo.export.lite import LiteModel
from zoo.export.saved_model import load_saved_model
from zoo.pipeline import load_run
from zoo.shortlist import SHORTLIST, Shortlist


@pytest.fixture(scope="module")
def run(tiny_run, tmp_path_factory):
    """A copy of the run, for a shortlist of its own."""
    return shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("shortlist") / "run")


@pytest.mark.conformance
def test_a_run_with_a_shortlist_is_exported(run, call, tiny_run, tmp_path):
    status, out, _ = call("shortlist", run, "--per-piece", "4", "--frequent", "10", "--json")
    report, kept = json.loads(out), Shortlist.load(run / SHORTLIST)
    assert status == 0 and report["path"] == str(run / SHORTLIST)
    assert 10 < report["candidates"] < report["target_size"] == tiny_run.target.size and 0.3 < report["coverage"] < 1
    assert kept.table.shape == (tiny_run.source.size, 4) and len(kept.always) <= 14
    loaded = load_run(run)
    texts = loaded.samples.sources[:8]
    for format, load, options in (("tflite", LiteModel, {}), ("saved_model", load_saved_model, {"ids_only": True})):
        made = loaded.export(tmp_path / format, format=format, **options)
        assert made["parity"]["compared"] == made["parity"]["identical"] > 20
        answers = load(tmp_path / "tflite/model.tflite" if format == "tflite" else tmp_path / format).predict(texts)
        for text, answer in zip(texts, answers, strict=True):
            candidates = kept.candidates(loaded.source.encode([text])[0])
            assert set(answer.target_pieces) <= set(loaded.target.pieces(candidates))
    with pytest.raises(CallError, match="A graph with fixed shapes has no shortlist"):
        loaded.export(tmp_path / "fixed", format="tflite", shape=(1, 32))
    assert (loaded.save(tmp_path / "saved") / SHORTLIST).is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere"),
        (["{run}", "--per-piece", "0"], "`per_piece` must be"),
        (["{run}", "--frequent", "-1"], "`frequent` must be"),
    ],
)
def test_a_wrong_call(arguments, message, refusal, run):
    assert message in refusal("shortlist", *(str(one).format(run=run) for one in arguments))


def test_a_run_that_does_not_translate(refusal, tiny_classifier):
    assert "Only a translation model has a shortlist" in refusal("shortlist", tiny_classifier.path)
