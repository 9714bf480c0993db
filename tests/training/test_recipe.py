import json
import re
from dataclasses import asdict

import pytest

from tests.support.paths import ROOT
from zoo.catalog import find
from zoo.command.main import main
from zoo.errors import CallError
from zoo.models.build import build
from zoo.training.recipe import Recipe, read_recipe, recipe_names
from zoo.training.run.prepare import smallest_sizes
from zoo.training.settings import Settings

DEMO = "numbers-fr-en.bahdanau_seq2seq"


def test_the_recipes():
    assert {DEMO, "multi30k-fr-en.bahdanau_seq2seq", "sst2.self_attention_rnn"} <= set(recipe_names())
    assert recipe_names() == sorted(recipe_names())


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_can_be_trained_with(name):
    """Its name says its model, its settings pass, and its model can be built."""
    recipe = read_recipe(name)
    assert recipe.name == name and name.split(".")[1] == recipe.model and recipe.description
    options, settings = recipe.settled()
    settings.check(find(recipe.model).task)
    sizes = dict.fromkeys(smallest_sizes(find(recipe.model).task), 9)
    small = {key: 2 for key in options if key.endswith("units")}
    assert build(recipe.model, **sizes, **{**options, **small}).built


def test_what_is_given_goes_first():
    recipe = read_recipe(DEMO)
    options, settings = recipe.settled({"units": 8, "bidirectional": False}, {"epochs": 1, "ema": 0.5})
    assert options == {**recipe.options, "units": 8, "bidirectional": False}
    assert asdict(settings) == asdict(Settings(**{**recipe.settings, "epochs": 1, "ema": 0.5}))
    assert (options["cell"], settings.vocabulary_size) == ("tanh", 1000)


@pytest.mark.parametrize(("given", "tokens"), [({}, 1000), ({"batch_size": 9}, None), ({"batch_tokens": 50}, 50)])
def test_of_the_two_sizes_of_batches_what_is_given_goes_first(given, tokens):
    recipe = Recipe("", "seq2seq", settings={"batch_tokens": 1000})
    assert recipe.settled({}, given)[1].batch_tokens == tokens


def test_without_a_recipe_all_is_as_given():
    assert Recipe("", "seq2seq").settled({"units": 3}, {"epochs": 2}) == ({"units": 3}, Settings(epochs=2))


def test_a_recipe_of_the_users_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('model = "seq2seq"\n[settings]\nlearning_rate = 1\n', encoding="utf-8")
    recipe = read_recipe(str(path))
    assert recipe == Recipe(str(path), "seq2seq", settings={"learning_rate": 1})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model = ", "is no recipe"),
        ("", "it must name a `model`, one of `zoo list`"),
        ("model = 3", "it must name a `model`"),
        ('model = "seq2sec"', 'Did you mean "seq2seq"'),
        ('model = "seq2seq"\noption = 3', 'There is no key "option".*Did you mean "options"'),
        ('model = "seq2seq"\noptions = 3', "`options` must be a table. Received: 3"),
        ('model = "seq2seq"\n[data]\ntest = "x"', 'There is no split "test"'),
        ('model = "seq2seq"\n[data]\ntrain = 5', "must name the corpus of each split. Received: train=5"),
        ('model = "seq2seq"\n[options]\nunit = 3', 'has no option "unit".*Did you mean "units"'),
        ('model = "seq2seq"\n[settings]\nepoch = 3', 'There is no setting "epoch".*Did you mean "epochs"'),
    ],
)
def test_no_recipe(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CallError, match=f"mine.toml.*{message}"):
        read_recipe(str(path)).settled()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("numbers-fr-en.bahdanau", f'There is no recipe "numbers-fr-en.bahdanau".*Did you mean "{DEMO}"'),
        ("nowhere.toml", "Cannot read the recipe nowhere.toml: No such file"),
    ],
)
def test_no_such_recipe(name, message):
    with pytest.raises(CallError, match=message):
        read_recipe(name)


def test_the_command_trains_by_recipe(tmp_path, tiny_data, capsys):
    """No MODEL is needed; what the command line says goes first, a recipe's flag can be switched off."""
    out, data = tmp_path / "run", tiny_data["translation"]
    given = ["--train", data["train"], "--valid", data["valid"], "--out", str(out)]
    given += ["--units", "8", "--epochs", "1", "--vocabulary-size", "120", "--no-bidirectional", "--watch-size", "0"]
    assert main(["train", "--recipe", DEMO, *given]) == 0
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert (config["recipe"], config["model"]) == (DEMO, "bahdanau_seq2seq")
    assert config["options"]["units"] == 8 and config["options"]["bidirectional"] is False
    assert config["options"]["cell"] == "tanh"
    assert config["training"]["epochs"] == 1 and config["training"]["batch_size"] == 64
    assert (config["training"]["precision"], config["training"]["jit"]) == ("float32", False)


def test_the_list_shows_recipes(capsys):
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["recipes"]
    assert [one["name"] for one in listed] == recipe_names()
    assert all(one["model"] and one["description"] for one in listed)


def test_the_recipes_that_cards_and_documents_name_are_there():
    files = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "presets").glob("*.toml"), ROOT / "README.md"]
    named = {name for file in files for name in re.findall(r"--recipe ([\w.-]+)", file.read_text(encoding="utf-8"))}
    there = {file.stem for file in (ROOT / "training" / "recipes").glob("*.toml")}
    assert len(named) > 5 and named <= there
