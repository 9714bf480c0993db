import pytest


def test_ctrl_c_in_an_export(call, tiny_run, tmp_path, monkeypatch):
    from zoo.export.litert import exporter as tflite

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tflite, "convert", stop)
    assert call("export", tiny_run.path, "--to", "tflite", "--out", tmp_path / "out")[0] == 130
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--to", "tflite", "--ids-only", "--out", "x"], "--ids-only is for --to saved_model"),
        (["nowhere", "--to", "tflite", "--out", "x"], "no run folder nowhere, and no preset"),
        (["nowhere", "--to", "lite", "--out", "x"], 'Did you mean "tflite"'),
        (["nowhere", "--to", "tflite"], "--out"),
    ],
)
def test_a_wrong_call(arguments, message, refusal):
    assert message in refusal("export", *arguments)
