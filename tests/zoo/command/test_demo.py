"""The road once: train, evaluate, export, answer alike."""

import json

import pytest

from zoo.command.main import main

SCORES = {
    "tiny_run": ("bleu", "chrf", "exact_match", "signature"),
    "tiny_classifier": ("accuracy",),
    "tiny_lm": ("perplexity",),
}
ANSWERS = {"tiny_run": {"input", "output", "score"}, "tiny_classifier": {"label", "probability"}, "tiny_lm": {"output"}}


def printed(capsys, *arguments):
    """Run the command and return the JSON that it printed."""
    capsys.readouterr()
    status = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out)


@pytest.mark.parametrize("fixture", SCORES)
def test_all_artefacts_answer_alike(fixture, request, tmp_path, capsys):
    run = request.getfixturevalue(fixture)
    data = run.config.data["valid"]["origin"]
    places = [run.path]
    for to in ("saved_model", "tflite"):
        report = printed(capsys, "export", run.path, "--to", to, "--out", tmp_path / to)
        assert {"path", "format", "bytes", "parity"} <= set(report)
        assert {"compared", "identical", "max_attention_difference"} <= set(report["parity"])
        places.append(report["path"])
    texts = ["trois moins deux", "cinq", "", "en mai"]
    scores = [printed(capsys, "evaluate", place, data) for place in places]
    answers = [printed(capsys, "predict", place, *texts) for place in places]
    for score, answer in zip(scores, answers, strict=True):
        assert {"count", *SCORES[fixture]} <= set(score)
        for name in SCORES[fixture]:
            assert score[name] == (scores[0][name] if name == "signature" else pytest.approx(scores[0][name], rel=1e-4))
        assert [one["output"] for one in answer] == [one["output"] for one in answers[0]]
        assert ANSWERS[fixture] <= set(answer[0])
        assert [one["score"] for one in answer] == pytest.approx([one["score"] for one in answers[0]], abs=1e-3)


@pytest.mark.slow
def test_demo(tmp_path, capsys):
    report = printed(capsys, "demo", "--out", tmp_path / "demo")
    assert report["exact_match"] >= 0.95 and report["bleu"] > 90 and report["seconds"] > 0
    for to in ("saved_model", "tflite"):
        parity = report[to]["parity"]
        assert parity["compared"] == parity["identical"] >= 500 and parity["max_attention_difference"] <= 1e-4
    assert (tmp_path / "demo" / "attention.png").read_bytes().startswith(b"\x89PNG")
