import json


def test_list(call):
    listed = call.json("list")
    assert set(listed) == {"models", "presets", "recipes"} and len(listed["models"]) >= 8
    assert all(set(model) == {"name", "task", "paper", "equation"} for model in listed["models"])
    assert all({"name", "model", "description"} == set(recipe) for recipe in listed["recipes"])
    status, out, _ = call("list")
    assert status == 0 and all(entry["name"] in out for entry in [*listed["models"], *listed["recipes"]])


def test_a_preset_is_listed_with_its_model(call, tmp_path, monkeypatch):
    import zoo.presets

    (tmp_path / "mine").mkdir()
    config = {"model": "seq2seq", "task": "translation", "options": {}}
    (tmp_path / "mine" / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(zoo.presets, "PRESETS_FOLDER", tmp_path / "nothing")
    assert call("list")[1].count("  none\n") == 1
    monkeypatch.setattr(zoo.presets, "PRESETS_FOLDER", tmp_path)
    (preset,) = call.json("list")["presets"]
    assert (preset["name"], preset["model"], preset["task"]) == ("mine", "seq2seq", "translation")
    assert "  mine  " in call("list")[1] and "seq2seq, 0.0 MB\n" in call("list")[1]


def test_what_is_known_of_a_preset_is_listed(call, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    config = {"model": "seq2seq", "task": "translation", "options": {}}
    (tmp_path / "mine" / "config.json").write_text(json.dumps(config))
    about = {"languages": ["fr", "en"], "licence": "CC0-1.0"}
    scores = {"bleu": {"score": 41.5, "low": 40.25, "high": 42.75}}
    results = {"about": about, "parameters": 12345, "measure": "bleu", "scores": scores}
    (tmp_path / "mine" / "results.json").write_text(json.dumps(results))
    monkeypatch.setattr("zoo.presets.PRESETS_FOLDER", tmp_path)
    line = "seq2seq, fr-en, 12,345 parameters, 0.0 MB, bleu 41.5 (40.25 to 42.75), CC0-1.0\n"
    assert line in call("list")[1]
    (preset,) = call.json("list")["presets"]
    assert preset["interval"] == [40.25, 42.75] and preset["languages"] == ["fr", "en"] and preset["equation"]
