"""`zoo card`: the card of a preset is made from the records of its run, its test set and what its author says."""

import json
import shutil

import pytest

import zoo
from tests.support.untrained import TEXTS, untrained
from zoo.digests import check_digests
from zoo.presets.listing import read_preset

ABOUT = """\
purpose = "Sorts French dates."
limits = ["Prose."]
languages = ["fr"]
licence = "CC0-1.0"
attribution = ["numbers-fr-en, made by this project"]
reproduce = ["zoo train tanh_dnn --out run"]
"""


@pytest.fixture
def test_set(tmp_path):
    """The path of a test set with two labels that the preset knows."""
    file = tmp_path / "test.tsv"
    file.write_text("".join(f"le {day} <mai>|\t{'ab'[day % 2]}\n" for day in range(1, 25)), encoding="utf-8")
    return file


@pytest.fixture
def preset(tiny_preset, tmp_path):
    """A copy of the tiny preset, beside the file of its author."""
    (tmp_path / "about.toml").write_text(ABOUT, encoding="utf-8")
    return shutil.copytree(tiny_preset, tmp_path / "tiny")


def test_the_card_of_a_preset(call, preset, test_set):
    results = call.json("card", preset, test_set, "--about", preset.parent / "about.toml")
    assert json.loads((preset / "results.json").read_text(encoding="utf-8")) == results
    assert results["count"] == 24 and results["measure"] == "accuracy" and results["test"]["origin"] == "test.tsv"
    assert all(file["milliseconds"] > 0 for file in results["formats"].values())
    record = read_preset(preset)
    assert (record.languages, record.licence, record.parameters) == (("fr",), "CC0-1.0", results["parameters"])
    check_digests(preset, preset / "sha256.json")
    assert {"card.md", "results.json"} <= json.loads((preset / "sha256.json").read_text()).keys()
    card = (preset / "card.md").read_text(encoding="utf-8")
    assert card.startswith('---\nlicense: cc0-1.0\nlanguage: ["fr"]\n') and "\n# tiny\n" in card
    for text in ("- Prose.", "- numbers-fr-en, made by this project", "`tanh_dnn`", results["processor"]):
        assert text in card
    assert f"| accuracy | {results['scores']['accuracy']['score']:g} |" in card
    assert card.count(" &lt;mai>\\| |") == len(results["failures"]) > 0 and "zoo train tanh_dnn --out run" in card


def test_other_systems_are_shown_beside_it(call, preset, test_set):
    about = preset.parent / "about.toml"
    about.write_text(
        f'{ABOUT}[[beside]]\nsystem = "a rule"\nscores = "12.5 %"\ncommand = "cat x | rule.py"\n', encoding="utf-8"
    )
    call.json("card", preset, test_set, "--about", about)
    card = (preset / "card.md").read_text(encoding="utf-8")
    assert "## Beside it, on the same test set" in card and "| a rule | 12.5 % | `cat x \\| rule.py` |" in card


def test_a_translation_preset_is_scored_with_a_beam(call, tmp_path):
    pairs = [(text, text) for text in TEXTS]
    run = untrained("seq2seq", "tanh", tmp_path).with_samples(pairs)
    run.export(tmp_path / "translator", format="preset")
    (tmp_path / "about.toml").write_text(ABOUT, encoding="utf-8")
    test_set = tmp_path / "test.tsv"
    test_set.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    how = ["--about", tmp_path / "about.toml", "--beam", 2, "--length-penalty", 0.5]
    results = call.json("card", tmp_path / "translator", test_set, *how)
    assert results["beam"] == {"width": 2, "length_penalty": 0.5} and results["measure"] == "bleu"
    expected = zoo.load(tmp_path / "translator").predict(TEXTS, beam=zoo.Beam(2, length_penalty=0.5))
    assert [failure["output"] for failure in results["failures"]] == [one.output for one in expected][:10]
    card = (tmp_path / "translator" / "card.md").read_text(encoding="utf-8")
    assert "by `model.tflite`, beam of 2, length penalty 0.5:" in card and "sacrebleu: `BLEU" in card


def test_a_classifier_has_no_beam(call, preset, test_set):
    status, _, err = call("card", preset, test_set, "--about", preset.parent / "about.toml", "--beam", "4")
    assert status == 2 and "Received: one for classification" in err and not (preset / "card.md").exists()


def test_the_main_score_can_be_chosen(call, preset, test_set):
    about = preset.parent / "about.toml"
    about.write_text(f'{ABOUT}measure = "accuracy"\n', encoding="utf-8")
    assert call.json("card", preset, test_set, "--about", about)["measure"] == "accuracy"
    about.write_text(f'{ABOUT}measure = "bleu"\n', encoding="utf-8")
    status, _, err = call("card", preset, test_set, "--about", about)
    assert status == 2 and "`measure` must be one of accuracy. Received: 'bleu'" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Cannot read"),
        ("purpose =", "is damaged"),
        ('purpose = "x"', "It has no limits, languages, licence, attribution, reproduce"),
        (ABOUT + 'license = "MIT"', 'there is no "license"'),
        (ABOUT.replace('["Prose."]', '"Prose."'), "`limits` must be a list of texts. Received: 'Prose.'"),
        (ABOUT.replace('["Prose."]', "[]"), "`limits` must be a list of texts"),
        (ABOUT.replace('"CC0-1.0"', "3"), "`licence` must be a text. Received: 3"),
        (ABOUT + 'scores = "bleu"', "`scores` must be \"pronunciation\". Received: 'bleu'"),
        (ABOUT + 'beside = "x"', "`beside` must be tables [[beside]] with the texts system, scores, command"),
        (ABOUT + '[[beside]]\nsystem = "x"', "Received: {'system': 'x'}"),
    ],
)
def test_a_wrong_file_of_the_author(content, message, call, preset, test_set):
    about = preset.parent / "about.toml"
    about.unlink() if content is None else about.write_text(content, encoding="utf-8")
    status, _, err = call("card", preset, test_set, "--about", about)
    assert status == 2 and message in err and not (preset / "card.md").exists()


def test_what_is_no_preset(call, tmp_path):
    status, _, err = call("card", tmp_path, "x.tsv", "--about", tmp_path / "about.toml")
    assert status == 2 and "is no folder of a preset: expected what `zoo export --to preset` wrote" in err


def test_a_test_set_with_other_labels_is_refused(call, preset, test_set):
    test_set.write_text("le deux mai\tjour\n", encoding="utf-8")
    status, _, err = call("card", preset, test_set, "--about", preset.parent / "about.toml")
    assert status == 2 and 'label "jour" is not one of a, b' in err, err
    assert not (preset / "card.md").exists()
