"""The command: its answers, its refusals and its exit statuses."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from zoo.command.commands import how_to_go_on
from zoo.command.main import main, parser

PAIR = "trois\tthree\n"


class Call:
    """Runs the command in this process and keeps what it printed."""

    def __init__(self, capsys, monkeypatch):
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments, stdin=b""):
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self.capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, printed.out, printed.err


@pytest.fixture
def call(capsys, monkeypatch):
    return Call(capsys, monkeypatch)


@pytest.fixture(scope="module")
def lite(tiny_run, tmp_path_factory):
    from zoo.export.litert.exporter import export_tflite

    return export_tflite(tiny_run, tmp_path_factory.mktemp("lite") / "out")["path"]


def train(call, train, valid, out, *more, model="bahdanau_seq2seq"):
    small = ("--units", 8, "--epochs", 1, "--vocabulary-size", 60)
    return call("train", model, "--train", train, "--valid", valid, "--out", out, *small, *more)


def test_list(call):
    status, out, _ = call("list", "--json")
    listed = json.loads(out)
    assert status == 0 and len(listed["models"]) == 8 and set(listed) == {"models", "presets", "recipes"}
    assert all({"name", "task", "paper", "equation"} <= set(model) for model in listed["models"])
    status, out, _ = call("list")
    assert status == 0 and all(model["name"] in out for model in listed["models"])


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "--json"], ["train", "--help"]])
def test_help_and_list_import_no_tensorflow(arguments):
    code = (
        "import sys\nfrom zoo.command.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as e:\n    assert not e.code\n"
        "assert not {'tensorflow', 'keras', 'matplotlib', 'sacrebleu'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert ("usage" if "--help" in arguments else "seq2seq") in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["list"]])
def test_help_and_list_answer_in_half_a_second(arguments):
    def seconds():
        """Measure the time on the processor: on a machine that others use too, the clock on the wall says little."""
        before = os.times()
        subprocess.run([sys.executable, "-m", "zoo", *arguments], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.5


def test_help_tells_what_every_option_does():
    parsers = parser().parsers()
    actions = [(one.prog, action) for one in parsers for action in one._actions if action.option_strings]
    assert len(actions) > 40
    silent = [f"{prog} {action.option_strings[-1]}" for prog, action in actions if not action.help]
    assert silent == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], 'Did you mean "train"'),
        (["list", "extra"], 'Expected no further argument. Received: "extra"'),
        (["list", "--jsn"], 'There is no option --jsn here. Did you mean "--json"'),
        (["train", "bahdanau", "--train", "a", "--valid", "b", "--out", "c"], 'Did you mean "bahdanau_seq2seq"'),
        (["train", "seq2seq", "--epoch", "3"], 'Did you mean "--epochs"'),
        (["train", "seq2seq", "--cell", "gruu"], 'Did you mean "gru"'),
        (["train", "seq2seq", "--units", "many"], "--units: invalid int value: 'many'"),
        (["train", "seq2seq"], "needs --train, --valid, --out"),
        (["train"], "Which MODEL?"),
        (["train", "--recipe", "numbers-fr-en.seq2seq"], 'Did you mean "numbers-fr-en.bahdanau_seq2seq"'),
        (["train", "--resume", "nowhere"], "no run folder"),
        (["train", "--resume", "nowhere", "--epochs", "3"], "--resume takes no other option"),
        (["train", "seq2seq", "--train", "numbers-fr-en", "--valid", "no.tsv", "--out", "c"], "no.tsv"),
        (["train", "seq2seq", "--train", "numbers-fr-en", "--valid", "numbers-fr", "--out", "c"], "numbers-fr-en"),
        (["train", "tanh_dnn", "--cell", "gru", "--train", "x", "--valid", "x", "--out", "c"], 'no option "cell"'),
        (["train", "seq2seq", "--units", "-3", "--train", "x", "--valid", "x", "--out", "c"], "units=-3"),
        (["train", "seq2seq", "--epochs", "0", "--train", "x", "--valid", "x", "--out", "c"], "epochs=0"),
        (["predict", "nowhere", "x"], "There is no nowhere"),
        (["predict", ".", "x"], "neither a run folder"),
        (["predict", "nowhere", "x", "--attention", "picture.doc"], "Received: picture.doc"),
        (["predict", "nowhere", "x", "--attention", "none/picture.png"], "no folder none"),
        (["predict", "nowhere", "x", "--beam", "0"], "from 1 to 64. Received: 0"),
        (["predict", "nowhere", "x", "--beam", "10000"], "from 1 to 64. Received: 10000"),
        (["predict", "nowhere", "x", "--beam", "many"], "--beam: invalid int value: 'many'"),
        (["predict", "nowhere", "x", "--beam", "3", "--n-best", "4"], "width of the beam, 3. Received: 4"),
        (["predict", "nowhere", "x", "--n-best", "4"], "--n-best needs --beam N"),
        (["evaluate", "nowhere", "numbers-fr-en", "--length-penalty", "1"], "--length-penalty needs --beam N"),
        (["evaluate", "nowhere", "numbers-fr-en", "--beam", "-2"], "Received: -2"),
        (["evaluate", "nowhere", "numbers-fr-en"], "There is no nowhere"),
        (["export", "nowhere", "--to", "tflite", "--ids-only", "--out", "x"], "--ids-only is for --to saved_model"),
        (["export", "nowhere", "--to", "tflite", "--out", "x"], "no run folder nowhere, and no preset"),
        (["export", "nowhere", "--to", "lite", "--out", "x"], 'Did you mean "tflite"'),
        (["export", "nowhere", "--to", "tflite"], "--out"),
        (["data", "multi", "--out", "x"], "multi30k"),
        (["predict", "nowhere", "--beam", "3", "a text", "and another"], "There is no nowhere"),
        (["predict", "nowhere", "a text", "--jsn"], 'Did you mean "--json"'),
    ],
)
def test_a_wrong_call(arguments, message, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(*arguments)
    assert status == 2 and out == "" and message in err and err.startswith("zoo: ")
    assert not list(tmp_path.iterdir())


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
    status, _, err = train(call, data, data, tmp_path / "run")
    assert status == 2 and "data.tsv" in err and message in err
    assert [path.name for path in tmp_path.iterdir()] == ["data.tsv"]


def test_what_is_too_long_is_counted(call, tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text(PAIR * 9 + "trois " * 200 + "\tthree\n", encoding="utf-8")
    status, _, err = train(call, data, data, tmp_path / "run", "--max-length", 50, model="tanh_dnn")
    assert status == 0 and "left out 1 of 10 examples" in err
    status, out, err = train(call, data, data, tmp_path / "run")
    assert status == 2 and "already exists" in err


def test_a_label_unseen_in_training(call, tmp_path, tiny_classifier):
    (tmp_path / "train.tsv").write_text("bon\tgood\nmal\tbad\n" * 4, encoding="utf-8")
    (tmp_path / "valid.tsv").write_text("bon\tgood\nbof\tgod\n", encoding="utf-8")
    status, _, err = train(call, tmp_path / "train.tsv", tmp_path / "valid.tsv", tmp_path / "run", model="tanh_dnn")
    assert status == 2 and "valid.tsv, line 2" in err and 'Did you mean "good"' in err
    assert not (tmp_path / "run").exists()
    status, _, err = call("evaluate", tiny_classifier.path, tmp_path / "valid.tsv")
    assert status == 2 and "valid.tsv, line 1" in err


@pytest.fixture(scope="module")
def places(tiny_run, lite, tmp_path_factory):
    """One model as a run folder, a SavedModel and a .tflite."""
    from zoo.export.saved_model import export_saved_model

    saved_model = export_saved_model(tiny_run, tmp_path_factory.mktemp("saved_model") / "out")["path"]
    return {"run": tiny_run.path, "saved_model": saved_model, "tflite": lite}


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


@pytest.mark.parametrize("kind", PLACES)
def test_odd_texts_are_answered(kind, call, places, tiny_run):
    status, out, err = call("predict", places[kind], *ODD_TEXTS, "--json")
    answers = json.loads(out)
    assert status == 0 and [answer["input"] for answer in answers] == list(ODD_TEXTS)
    expected = tiny_run.predictor().predict(ODD_TEXTS)
    for answer, one in zip(answers, expected, strict=True):
        assert answer["output"] == one.output and answer["score"] == pytest.approx(one.score, abs=1e-3)
        assert answer.get("truncated", False) == (len(answer["input"]) >= 10_000)
        assert bool(answer["output"]) <= bool(answer["input"].strip())
    assert err.count("is too long; only its beginning was read") == 2
    assert f"input {1 + ODD_TEXTS.index('a' * 10_000)} is too long" in err


@pytest.mark.parametrize("kind", PLACES)
def test_an_odd_text_is_answered_alone(kind, call, places):
    for text in ("", "a" * 10_000, "\U0001f600"):
        status, out, _ = call("predict", places[kind], text)
        assert status == 0 and out.count("\n") == 1 and (text != "" or out == "\n")


def test_texts_that_evaluate_cannot_read_whole_are_told(call, places, tmp_path):
    (tmp_path / "data.tsv").write_text(PAIR + "trois " * 600 + "\tthree\n", encoding="utf-8")
    status, out, err = call("evaluate", places["tflite"], tmp_path / "data.tsv", "--json")
    assert status == 0 and json.loads(out)["truncated"] == 1
    assert "1 of 2 texts are too long; only their beginnings were read" in err


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


@pytest.mark.parametrize("kind", PLACES)
def test_a_beam_answers_alike_everywhere(kind, call, places, tiny_run, tmp_path):
    from zoo.prediction import Beam

    texts, options = ["trois moins deux", ""], ("--beam", "4", "--n-best", "3", "--length-penalty", "0")
    picture = tmp_path / "picture.png"
    status, out, _ = call("predict", places[kind], *texts, *options, "--json", "--attention", picture)
    assert status == 0 and picture.read_bytes().startswith(b"\x89PNG")
    expected = tiny_run.predictor().predict(texts, beam=Beam(4, n_best=3, length_penalty=0.0))
    for answer, one in zip(json.loads(out), expected, strict=True):
        assert answer["output"] == answer["alternatives"][0]["output"] == one.output
        assert [other["output"] for other in answer["alternatives"]] == [other.output for other in one.alternatives]
        scores = [other["score"] for other in answer["alternatives"]]
        assert scores == pytest.approx([other.score for other in one.alternatives], abs=1e-3)
    assert len(json.loads(out)[1]["alternatives"]) == 1  # the empty text has one answer
    status, out, _ = call("predict", places[kind], texts[0], *options)
    assert status == 0 and [line.split("\t")[1] for line in out.splitlines()] == [
        other.output for other in expected[0].alternatives
    ]
    status, out, _ = call("predict", places[kind], texts[0], "--beam", "4", "--length-penalty", "0")
    assert status == 0 and out == f"{expected[0].output}\n"


def test_evaluate_with_a_beam(call, places, tmp_path):
    (tmp_path / "data.tsv").write_text(PAIR * 2, encoding="utf-8")
    status, out, _ = call("evaluate", places["tflite"], tmp_path / "data.tsv", "--beam", "3", "--json")
    scores = json.loads(out)
    assert status == 0 and scores["beam"] == 3 and scores["length_penalty"] == 0.6 and scores["count"] == 2


def test_a_model_that_does_not_attend(call, tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text(PAIR * 9, encoding="utf-8")
    assert train(call, data, data, tmp_path / "run", model="seq2seq")[0] == 0
    status, _, err = call("predict", tmp_path / "run", "trois", "--attention", tmp_path / "a.png")
    assert status == 2 and "does not attend" in err and not (tmp_path / "a.png").exists()


def test_a_phone_needs_no_tensorflow(lite, tiny_run):
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'tensorflow_text'):\n    sys.modules[name] = None\n"
        f"from zoo.command.main import main\nsys.exit(main(['predict', {str(lite)!r}, 'trois', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)
    (expected,) = tiny_run.predictor().predict(["trois"])
    assert answer["output"] == expected.output and abs(answer["score"] - expected.score) < 1e-4


@pytest.mark.skipif(os.name == "nt", reason="a shell closes standard error")
def test_standard_error_may_be_closed(lite):
    shell = ["sh", "-c", '"$0" -m zoo predict "$1" trois 2>&-', sys.executable, str(lite)]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip()


@pytest.mark.parametrize("keep", [0, 3, 1000, -1000, -30])
def test_a_damaged_tflite(keep, call, lite, tmp_path):
    damaged = tmp_path / "model.tflite"
    content = open(lite, "rb").read()
    damaged.write_bytes(content[:keep])
    status, _, err = call("predict", damaged, "x")
    assert status == 2 and "damaged" in err


def test_a_flipped_byte_in_a_tflite(lite, tmp_path):
    """In a process of its own: what the runtime makes of a damaged model might end it."""
    content = bytearray(open(lite, "rb").read())
    damaged = tmp_path / "model.tflite"
    for place in range(60, len(content) // 2, len(content) // 8):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        command = [sys.executable, "-m", "zoo", "predict", str(damaged), "x"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and "damaged" in done.stderr and "Traceback" not in done.stderr


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
    status, _, err = train(call, data, data, run, "--epochs", 3, model="tanh_dnn")
    assert status == 130 and f"zoo train --resume {run}" in err
    fail(OSError(errno.ENOSPC, "No space left on device"))
    status, _, err = call("train", "--resume", run)
    assert status == 1 and "No space left on device" in err
    monkeypatch.setattr(callbacks.KeepRun, "on_epoch_end", end)
    status, out, _ = call("train", "--resume", run, "--json")
    assert status == 0 and json.loads(out)["epochs"] == 3
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]


def test_ctrl_c_in_an_export(call, tiny_run, tmp_path, monkeypatch):
    from zoo.export.litert import exporter as tflite

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tflite, "convert", stop)
    assert call("export", tiny_run.path, "--to", "tflite", "--out", tmp_path / "out")[0] == 130
    assert not list(tmp_path.iterdir())


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 0x55]) + content[half + 1 :]


SAVED_FILES = [
    *["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"],
    *["assets.extra/zoo.json", "assets.extra/source.model", "assets.extra/target.model", "assets.extra/sha256.json"],
]


@pytest.mark.parametrize("file", SAVED_FILES)
def test_a_damaged_saved_model(file, call, places, tmp_path):
    for number, damage in enumerate((cut, flip, None)):
        folder = shutil.copytree(places["saved_model"], tmp_path / str(number))
        if damage is not None:
            (folder / file).write_bytes(damage((folder / file).read_bytes()))
        elif file != "saved_model.pb":  # without it the folder is no SavedModel
            (folder / file).unlink()
        else:
            continue
        status, _, err = call("predict", folder, "x")
        assert status == 2 and "damaged" in err, damage
        assert file.split("/")[-1] in err or damage is flip  # a wrong digest names the file that it is of


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["export", "@saved_model", "--to", "tflite", "--out", "new"], "is no run folder"),
        (["export", "@tflite", "--to", "saved_model", "--out", "new"], "is no run folder"),
        (["train", "--resume", "@saved_model"], "is no run folder"),
        (["train", "--resume", "@tflite"], "is no run folder"),
        (["predict", "@keras", "x"], "does not begin as a .tflite does"),
        (["predict", "@foreign", "x"], "config.json is damaged or of another make: it has no 'task'"),
        (["evaluate", "@run", "@words"], "words.tsv, line 1: expected source TAB target"),
    ],
)
def test_a_thing_of_another_kind(command, message, call, places, tmp_path, monkeypatch):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "config.json").write_text('{"architectures": ["BertModel"]}')
    (tmp_path / "words.tsv").write_text("trois\n")
    known = {
        **{f"@{kind}": place for kind, place in places.items()},
        "@keras": places["run"] / "model.keras",
        "@foreign": tmp_path / "foreign",
        "@words": tmp_path / "words.tsv",
    }
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    status, out, err = call(*[known.get(word, word) for word in command])
    assert status == 2 and out == "" and message in err
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize("command", ["train", "data", "demo"])
def test_what_is_there_is_kept(command, call, tmp_path):
    """An export too: see test_export.py."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    data = tmp_path / "data.tsv"
    data.write_text(PAIR, encoding="utf-8")
    calls = {
        "train": lambda: train(call, data, data, out),
        "data": lambda: call("data", "numbers-fr-en", "--out", out),
        "demo": lambda: call("demo", "--out", out),
    }
    status, _, err = calls[command]()
    assert status == 2 and "out already exists. Choose another --out, or add --force" in err
    assert [path.name for path in out.iterdir()] == ["mine"]


@pytest.mark.parametrize("file", ["config.json", "source.model", "model.keras"])
def test_a_damaged_run(file, call, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    content = (tmp_path / "run" / file).read_bytes()
    (tmp_path / "run" / file).write_bytes(content[: len(content) // 2])
    status, _, err = call("predict", tmp_path / "run", "x")
    assert status == 2 and "damaged" in err and file in err


def test_a_stopped_demo_can_go_on(tmp_path):
    options = parser().parse_args(["demo", "--out", str(tmp_path)])
    assert how_to_go_on(options) == ""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").touch()
    assert how_to_go_on(options) == f" Go on with: zoo train --resume {tmp_path / 'run'}"
