"""`zoo demo`, and its steps one by one: train, evaluate, export, the same answers."""

import pytest

SCORES = {
    "tiny_run": ("bleu", "chrf", "exact_match", "signature"),
    "tiny_classifier": ("accuracy",),
    "tiny_lm": ("perplexity",),
}
ANSWERS = {"tiny_run": {"input", "output", "score"}, "tiny_classifier": {"label", "probability"}, "tiny_lm": {"output"}}


@pytest.mark.conformance
@pytest.mark.parametrize("fixture", SCORES)
def test_all_artefacts_answer_alike(fixture, request, tmp_path, call):
    run = request.getfixturevalue(fixture)
    data = run.config.data["valid"]["origin"]
    places = [run.path]
    for to in ("saved_model", "tflite"):
        report = call.json("export", run.path, "--to", to, "--out", tmp_path / to)
        assert {"path", "format", "bytes", "parity"} <= set(report)
        assert {"compared", "identical", "max_attention_difference"} <= set(report["parity"])
        places.append(report["path"])
    texts = ["trois moins deux", "cinq", "", "en mai"]
    scores = [call.json("evaluate", place, data) for place in places]
    answers = [call.json("predict", place, *texts) for place in places]
    for score, answer in zip(scores, answers, strict=True):
        assert {"count", *SCORES[fixture]} <= set(score)
        for name in SCORES[fixture]:
            assert score[name] == (scores[0][name] if name == "signature" else pytest.approx(scores[0][name], rel=1e-4))
        assert [text["output"] for text in answer] == [text["output"] for text in answers[0]]
        assert ANSWERS[fixture] <= set(answer[0])
        assert [text["score"] for text in answer] == pytest.approx([text["score"] for text in answers[0]], abs=1e-3)


def test_an_existing_folder_is_kept(call, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    status, _, err = call("demo", "--out", tmp_path / "out")
    assert status == 2 and "out already exists. Choose another --out, or add --force" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_stopped_demo_tells_how_to_go_on(call, tmp_path, monkeypatch):
    import zoo.command.demo

    def stop(path, force):
        raise KeyboardInterrupt

    def begin_and_stop(path, force):
        (out / "run").mkdir(parents=True, exist_ok=True)
        (out / "run" / "config.json.new").touch()
        (out / "run" / "config.json.new").replace(out / "run" / "config.json")
        raise KeyboardInterrupt

    out = tmp_path / "out"
    hint = f"zoo: stopped. Go on with: zoo train --resume {out / 'run'}"
    for act, message in [(stop, "zoo: stopped."), (begin_and_stop, hint)] * 2:
        monkeypatch.setattr(zoo.command.demo, "_train", act)
        status, _, err = call("demo", "--out", out, "--force")
        assert status == 130 and err.splitlines()[-1] == message


@pytest.mark.slow
def test_demo(tmp_path, call):
    report = call.json("demo", "--out", tmp_path / "demo")
    assert report["exact_match"] >= 0.95 and report["bleu"] > 90 and report["seconds"] > 0
    assert report["run"] == str(tmp_path / "demo" / "run")
    for to in ("saved_model", "tflite"):
        parity = report[to]["parity"]
        assert parity["compared"] == parity["identical"] >= 500 and parity["max_attention_difference"] <= 1e-4
    assert (tmp_path / "demo" / "attention.png").read_bytes().startswith(b"\x89PNG")
