"""`zoo train`: its flags, its refusals, and what is left after a failure."""

import errno
import json
import re

import pytest

from tests.support.command import PAIR
from zoo.command.parser import CommandParser
from zoo.models.build import model_options
from zoo.options import options_of
from zoo.run_folder import read_config
from zoo.training.settings import Settings


def small(data, out):
    """Return the flags of a small model and a short training."""
    places = ("--train", data["train"], "--valid", data["valid"], "--out", out)
    return [*places, "--units", 8, "--epochs", 1, "--vocabulary-size", 120, "--watch-size", 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"trois\tthree\ndeux two\n", "line 2"),
        (b"trois\tthree\tdrei\n", "line 1"),
        (b"trois\tthree\n\xff\ttwo\n", "line 2"),
        (b"trois\t\n", "line 1"),
        (b"\tthree\n", "line 1"),
    ],
)
def test_bad_data(content, message, call, tmp_path):
    data = tmp_path / "data.tsv"
    data.write_bytes(content)
    status, _, err = call.train(data, data, tmp_path / "run")
    assert status == 2 and "data.tsv" in err and message in err
    assert [path.name for path in tmp_path.iterdir()] == ["data.tsv"]


def test_examples_that_are_too_long_are_counted(call, tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text(PAIR * 9 + "trois " * 200 + "\tthree\n", encoding="utf-8")
    status, _, err = call.train(data, data, tmp_path / "run", "--max-length", 50, model="tanh_dnn")
    assert status == 0 and "left out 1 of 10 examples" in err
    status, out, err = call.train(data, data, tmp_path / "run")
    assert status == 2 and "already exists" in err


def test_a_label_unseen_in_training(call, tmp_path, tiny_classifier):
    (tmp_path / "train.tsv").write_text("bon\tgood\nmal\tbad\n" * 4, encoding="utf-8")
    (tmp_path / "valid.tsv").write_text("bon\tgood\nbof\tgod\n", encoding="utf-8")
    status, _, err = call.train(tmp_path / "train.tsv", tmp_path / "valid.tsv", tmp_path / "run", model="tanh_dnn")
    assert status == 2 and "valid.tsv, line 2" in err and 'Did you mean "good"' in err
    assert not (tmp_path / "run").exists()
    status, _, err = call("evaluate", tiny_classifier.path, tmp_path / "valid.tsv")
    assert status == 2 and "valid.tsv, line 1" in err


def test_ctrl_c_and_full_disk(call, tmp_path, monkeypatch):
    from zoo.training.run import keep_run as callbacks

    data = tmp_path / "data.tsv"
    data.write_text(PAIR * 9, encoding="utf-8")
    end = callbacks.KeepRun.on_epoch_end

    def fail(error):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise error
            end(self, epoch, logs)

        monkeypatch.setattr(callbacks.KeepRun, "on_epoch_end", on_epoch_end)

    run = tmp_path / "run"
    fail(KeyboardInterrupt())
    status, _, err = call.train(data, data, run, "--epochs", 3, model="tanh_dnn")
    assert status == 130 and f"zoo train --resume {run}" in err
    fail(OSError(errno.ENOSPC, "No space left on device"))
    status, _, err = call("train", "--resume", run)
    assert status == 1 and "No space left on device" in err
    monkeypatch.setattr(callbacks.KeepRun, "on_epoch_end", end)
    status, out, _ = call("train", "--resume", run, "--json")
    assert status == 0 and json.loads(out)["epochs"] == 3
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bahdanau", "--train", "a", "--valid", "b", "--out", "c"], 'Did you mean "bahdanau_seq2seq"'),
        (["seq2seq", "--epoch", "3"], 'Did you mean "--epochs"'),
        (["seq2seq", "--cell", "gruu"], 'Did you mean "gru"'),
        (["seq2seq", "--units", "many"], "--units: invalid int value: 'many'"),
        (["seq2seq"], "needs --train, --valid, --out"),
        (["--recipe", "numbers-fr-en.bahdanau_seq2seq", "--train", "a.tsv", "--out", "c"], "zoo train needs --valid."),
        ([], "Expected a MODEL (see `zoo list`), --recipe NAME, or --resume RUN"),
        (["--recipe", "numbers-fr-en.seq2seq"], 'Did you mean "numbers-fr-en.bahdanau_seq2seq"'),
        (["--resume", "nowhere"], "no run folder"),
        (["--resume", "nowhere", "--epochs", "3"], "no run folder"),
        (["--resume", "nowhere", "--seed", "3"], "--resume takes no other option but --epochs"),
        (["--from", "nowhere", "--train", "a", "--valid", "b", "--out", "c"], "There is no run folder nowhere"),
        (
            ["tanh_dnn", "--source-vocabulary", "v", "--text", "char", "--train", "a", "--valid", "b", "--out", "c"],
            "none is learnt. Received besides: --text",
        ),
        (["--from", "nowhere", "--text", "char"], "vocabularies from the run. Received besides: --text"),
        (["--from", "nowhere"], "needs --train, --valid, --out"),
        (
            ["tanh_dnn", "--target-vocabulary", "v", "--train", "a", "--valid", "b", "--out", "c"],
            "no target vocabulary",
        ),
        (["seq2seq", "--target-vocabulary", "v", "--train", "a", "--valid", "b", "--out", "c"], "the vocabulary v"),
        (["seq2seq", "--train", "numbers-fr-en", "--valid", "no.tsv", "--out", "c"], "no.tsv"),
        (["seq2seq", "--train", "numbers-fr-en", "--valid", "numbers-fr", "--out", "c"], "numbers-fr-en"),
        (["tanh_dnn", "--cell", "gru", "--train", "x", "--valid", "x", "--out", "c"], 'no option "cell"'),
        (["seq2seq", "--units", "-3", "--train", "x", "--valid", "x", "--out", "c"], "units=-3"),
        (["seq2seq", "--epochs", "0", "--train", "x", "--valid", "x", "--out", "c"], "epochs=0"),
    ],
)
def test_a_wrong_call(arguments, message, refusal):
    assert message in refusal("train", *arguments)


def test_an_existing_folder_is_kept(call, tmp_path):
    out, data = tmp_path / "out", tmp_path / "data.tsv"
    out.mkdir()
    (out / "mine").write_text("mine")
    data.write_text(PAIR, encoding="utf-8")
    status, _, err = call.train(data, data, out)
    assert status == 2 and "out already exists. Choose another --out, or add --force" in err
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_every_option_of_the_models_and_the_training_has_a_flag():
    parser = CommandParser(command="train")
    parser.load()
    for name, option in {**model_options(), **options_of(Settings)}.items():
        (action,) = [action for action in parser._actions if action.dest == name]
        assert action.default is None and tuple(action.choices or ()) == option.choices


def test_every_option_with_a_value_shows_its_default():
    """A number that the user does not give has a value all the same: the help says which."""
    parser = CommandParser(command="train")
    parser.load()
    for name, option in {**model_options(), **options_of(Settings)}.items():
        (action,) = [action for action in parser._actions if action.dest == name]
        shown = re.search(r"\(default: (.+)\)$" if option.default is not None else r"; default: ([^;]+)", action.help)
        assert shown, f"{action.option_strings[0]} does not tell its default: {action.help}"
        if option.kind in (int, float) and option.default is not None:
            assert float(shown[1]) == option.default


def test_flags_reach_the_model_and_the_training(call, tmp_path, tiny_data):
    data, out = tiny_data["translation"], tmp_path / "run"
    flags = ["--no-bidirectional", "--dropout", 0.25, "--text", "char,word", "--no-jit", "--seed", 7, "--deterministic"]
    metrics = call.json("train", "seq2seq", *small(data, out), *flags)
    assert metrics["run"] == str(out) and metrics["epochs"] == 1
    config = read_config(out)
    assert (config.options["units"], config.options["dropout"], config.options["bidirectional"]) == (8, 0.25, False)
    assert "cell" not in config.options
    expected = {"epochs": 1, "text": "char,word", "jit": False, "seed": 7, "deterministic": True}
    assert {name: config.training[name] for name in expected} == expected
    assert config.training["clip"] == Settings().clip


def test_flags_override_the_recipe(call, tmp_path, tiny_data):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('model = "seq2seq"\n[options]\nunits = 9\nlayers = 2\n[settings]\nepochs = 3\nseed = 5\n')
    call.json("train", "--recipe", recipe, *small(tiny_data["translation"], tmp_path / "run"))
    config = read_config(tmp_path / "run")
    assert (config.model, config.options["units"], config.options["layers"]) == ("seq2seq", 8, 2)
    assert (config.training["epochs"], config.training["seed"], config.recipe) == (1, 5, str(recipe))


def test_flags_of_the_teachers(call, tmp_path, tiny_data, tiny_run):
    data, out = tiny_data["translation"], tmp_path / "run"
    places = ["--train", data["train"], "--valid", data["valid"], "--out", out, "--epochs", 1, "--units", 8]
    call.json(
        "train", "seq2seq", *places, "--teacher", tiny_run.path, "--teacher", tiny_run.path, "--distillation", 0.4
    )
    config = read_config(out)
    assert [teacher["origin"] for teacher in config.teachers] == [str(tiny_run.path)] * 2
    assert config.training["distillation"] == 0.4
    given = ["--teacher", tiny_run.path, "--text", "char", "--force"]
    status, _, err = call("train", "seq2seq", *places, *given)
    assert status == 2 and "--teacher takes the vocabularies from that run. Received besides: --text" in err
    status, _, err = call("train", "seq2seq", *places, "--distillation", 0.4, "--force")
    assert status == 2 and "expected --teacher WHERE besides" in err
    status, _, err = call("train", "seq2seq", *places, "--teacher", out, "--force")
    assert status == 2 and f"{out} would take the place of {out}, which is an input" in err and out.exists()


def test_flags_of_the_beginning(call, tmp_path, tiny_data, tiny_run):
    data = tiny_data["translation"]
    places = ["--train", data["train"], "--valid", data["valid"], "--epochs", 1, "--watch-size", 0]
    call.json("train", "--from", tiny_run.path, *places, "--out", tmp_path / "tuned")
    config = read_config(tmp_path / "tuned")
    assert (config.model, config.options) == (tiny_run.config.model, tiny_run.config.options)
    assert config.initial["origin"] == str(tiny_run.path)
    for out in (tiny_run.path, tiny_run.path.parent):
        status, _, err = call("train", "--from", tiny_run.path, *places, "--out", out, "--force")
        assert status == 2 and f"{out} would take the place of {tiny_run.path}, which is an input" in err
    known = ["--source-vocabulary", tiny_run.path / "source.model"]
    call.json("train", "seq2seq", *places, *known, "--units", 8, "--vocabulary-size", 90, "--out", tmp_path / "known")
    config = read_config(tmp_path / "known")
    assert config.vocabularies["source.model"] == tiny_run.config.vocabularies["source.model"]
    assert config.vocabularies["target.model"] != tiny_run.config.vocabularies["target.model"]
    assert call.json("train", "--resume", tmp_path / "known", "--epochs", 2)["epochs"] == 2
