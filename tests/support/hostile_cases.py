"""Hostile cases, reproducible from a seed and a number, and their effect on an artefact."""

import math
import os
from pathlib import Path

import numpy as np

from tests.support.hostile_inputs import hostile_bytes, hostile_options, hostile_rows, hostile_text, one_of
from tests.support.hostile_targets import Target
from zoo.constants import MAX_BEAM_WIDTH
from zoo.errors import ZooError
from zoo.prediction import Beam
from zoo.predictor import Predictor
from zoo.text import source_ids

TOLERANCE = 1e-3  # of scores: the number of rows in a batch changes the order of sums
GOOD_LENGTH = 16  # the bound on the answer to the good row

# For each format, the kinds of cases with their frequencies.
KINDS = {
    "saved_model": {"ids": 40, "texts": 30, "predictor": 18, "shapes": 6, "damage": 6},
    "tflite": {"ids": 60, "predictor": 28, "shapes": 6, "damage": 6},
    "onnx": {"ids": 60, "predictor": 28, "shapes": 6, "damage": 6},
    "text": {"texts": 1},
    "web": {"page": 1},
}


class Wrong(Exception):
    """A wrong answer or a wrong error of an artefact."""


def dice_of(seed: int, number: int) -> np.random.Generator:
    """Return the random generator of a case."""
    return np.random.default_rng([seed, number])


def kind_of(format: str, dice: np.random.Generator) -> str:
    """Draw the kind of a case."""
    shares = KINDS[format]
    return str(dice.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))


def meet(target: Target, seed: int, number: int) -> tuple[str, str]:
    """Send one case to an artefact.

    Returns:
        The kind of the case; and "answered" or "refused".

    Raises:
        Wrong: the answer for the good row has changed, or an error says nothing.
    """
    dice = dice_of(seed, number)
    kind = kind_of(target.format, dice)
    try:
        MEET[kind](target, dice)
    except Wrong:
        raise
    except Exception as error:  # a clear error is what is asked for, whatever its class
        if not str(error).strip():
            raise Wrong(f"{type(error).__name__} without a message") from error
        if kind in ("ids", "texts", "page"):
            raise Wrong(f"an error for the good row too: {type(error).__name__}: {str(error)[:300]}") from error
        if kind in ("predictor", "damage") and not isinstance(error, ZooError):
            raise Wrong(f"{type(error).__name__} instead of CallError: {str(error)[:300]}") from error
        return kind, "refused"
    return kind, "answered"


GOOD_OPTIONS = {"beam_width": 3, "length_penalty": 0.6, "max_length": GOOD_LENGTH,
                "temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 1}  # fmt: skip
PENALTIES = [0.0, 0.6, 0.6, -1.0, float("nan"), float("inf")]
INPUTS = {
    "tokens": (),
    "beam_tokens": ("beam_width", "length_penalty", "max_length"),
    "score_tokens": (),
    "sample_tokens": ("max_length", "temperature", "top_k", "top_p", "seed"),
}


def _together(dice, good: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Put the good row among hostile ones; return them and its place."""
    place = int(dice.integers(len(rows) + 1))
    width = max(good.shape[1], rows.shape[1])
    good, rows = (np.pad(one, [[0, 0], [0, width - one.shape[1]]]) for one in (good, rows))
    return np.insert(rows, place, good[0], axis=0), place


def _ids_of(predictor: Predictor, text: str) -> np.ndarray:
    return np.array(source_ids(predictor.source, [text], predictor.task)[0], np.int32)


def _ids(target: Target, dice) -> None:
    """Send strange ids and options to a function over ids, a good row among them."""
    predictor = target.predictor
    good_ids = target.alone("ids", lambda: _ids_of(predictor, target.good))
    name = one_of(dice, sorted(predictor.functions))
    ids, place = _together(dice, good_ids, hostile_rows(dice, predictor.source.size))
    options, good = hostile_options(dice, INPUTS[name], len(ids)), {}
    for key, values in options.items():
        if target.format == "tflite":  # one for all, which is the good row's too
            options[key] = good[key] = values[:1]
        else:
            values[place] = GOOD_OPTIONS[key]
            good[key] = values[place : place + 1]
    more, good_more = {}, {}
    if name == "score_tokens" and predictor.task == "translation":
        targets = hostile_rows(dice, predictor.target.size)[:1].repeat(len(ids) - 1, axis=0)
        good_targets = good_ids % predictor.target.size
        width = max(targets.shape[1], good_targets.shape[1])
        targets, padded = (np.pad(one, [[0, 0], [0, width - one.shape[1]]]) for one in (targets, good_targets))
        more, good_more = {"target_ids": np.insert(targets, place, padded[0], axis=0)}, {"target_ids": good_targets}
    function = predictor.functions[name]
    key = (name, *(values.tobytes() for values in good.values()))
    expected = target.alone(key, lambda: function(good_ids, **good, **good_more))
    _same(expected, function(ids, **options, **more), place)


def _same(expected: dict[str, np.ndarray], answer: dict[str, np.ndarray], place: int) -> None:
    """Check one row of an answer; axes may be longer than alone, filled with nothing.

    Raises:
        Wrong: it differs, or a score of any row is no number.
    """
    for key, value in answer.items():
        if value.dtype.kind == "f" and key != "perplexity" and not np.isfinite(value).all():
            raise Wrong(f"`{key}` is not finite")
        one, row = (np.asarray(array[i], value.dtype) for array, i in ((expected[key], 0), (value, place)))
        if any(after < before for after, before in zip(row.shape, one.shape, strict=True)):
            raise Wrong(f"`{key}` of the good row is of {row.shape}, alone of {one.shape}")
        row = row[tuple(slice(size) for size in one.shape)]
        if value.dtype.kind == "f":
            if not np.allclose(row, one, rtol=TOLERANCE, atol=TOLERANCE):
                raise Wrong(f"`{key}` of the good row differs by {np.abs(row - one).max():.3g}")
        elif not np.array_equal(row, one):
            raise Wrong(f"`{key}` of the good row is {row.tolist()}, alone {one.tolist()}"[:300])


def _texts(target: Target, dice) -> None:
    """Send bytes that are no text to a signature over text, a good row among them."""
    name = one_of(dice, sorted(target.signatures))
    kinds, ask = target.signatures[name]
    strings = [key for key, kind in kinds.items() if kind in (object, np.bytes_)]
    rows = int(dice.integers(1, 4))
    place = int(dice.integers(rows + 1))
    inputs = hostile_options(dice, [key for key in kinds if key not in strings], rows + 1)
    good = {}
    for key, values in inputs.items():
        values[place] = GOOD_OPTIONS[key]
        good[key] = values[place : place + 1]
    for key in strings:
        inputs[key] = np.array([hostile_bytes(dice) for _ in range(rows + 1)], object)
        inputs[key][place] = target.good.encode()
        good[key] = inputs[key][place : place + 1]
    _same(target.alone((name, "text"), lambda: ask(good)), ask(inputs), place)


ASK_PAGE = """async ([units, options]) => {
    const text = units.map((unit) => String.fromCharCode(unit)).join("");
    return (await zoo.answer(text, options)).map(({ output, score }) => ({ output, score: String(score) }));
}"""


def _page(target: Target, dice) -> None:
    """Ask the page for a strange text with strange options, and then for the good one."""

    def ask(text, **options):
        units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
        return target.page.evaluate(ASK_PAGE, [units.tolist(), options])

    options = {"beam": True, "lengthPenalty": one_of(dice, PENALTIES)} if dice.random() < 0.4 else {}
    expected = target.alone(("page", bool(options)), lambda: ask(target.good, beam=bool(options)))
    for one in ask(hostile_text(dice), **options):
        if not math.isfinite(float(one["score"])):
            raise Wrong(f"the page scores an answer {one['score']}")
    if (actual := ask(target.good, beam=bool(options))) != expected:
        raise Wrong(f"the page says {actual}, before {expected}"[:300])


def _predictor(target: Target, dice) -> None:
    """Send strange texts and beams to the predictor, a good text among them."""
    texts = [hostile_text(dice) for _ in range(int(dice.integers(0, 4)))]
    if texts:
        texts[int(dice.integers(len(texts)))] = target.good
    beam = None
    if dice.random() < 0.4:
        width = int(one_of(dice, [1, 2, 3, 0, -1, 10_000, MAX_BEAM_WIDTH + 1]))
        penalty = one_of(dice, PENALTIES)
        beam = Beam(width, n_best=one_of(dice, [None, 1, 0, -1, 99]), length_penalty=penalty)
    answers = target.predictor.predict(texts, beam=beam)
    if len(answers) != len(texts):
        raise Wrong(f"{len(answers)} answers to {len(texts)} texts")
    if texts:
        actual = answers[texts.index(target.good)]
        (expected,) = target.alone(("predictor", beam), lambda: target.predictor.predict([target.good], beam=beam))
        if actual.output != expected.output or abs(actual.score - expected.score) > TOLERANCE * (1 + abs(actual.score)):
            raise Wrong(f"{actual.output!r} ({actual.score}), alone {expected.output!r} ({expected.score})"[:300])


def _shapes(target: Target, dice) -> None:
    """Send no rows, rows without columns, another rank or type."""
    shape = one_of(dice, [(0, 0), (0, 3), (2, 0), (3,), (), (1, 2, 2)])
    ids = np.full(shape, 5, one_of(dice, [np.int32, np.int32, np.int64, np.float32]))
    name = one_of(dice, sorted(target.predictor.functions))
    options = {key: np.array([GOOD_OPTIONS[key]]) for key in INPUTS[name]}
    options = {key: value.astype(np.int32 if value.dtype.kind == "i" else np.float32) for key, value in options.items()}
    if name == "score_tokens" and target.predictor.task == "translation":
        options["target_ids"] = ids
    target.predictor.functions[name](ids, **options)


def _damage(target: Target, dice) -> None:
    """Change some bytes of a file, or cut it, and load it."""
    if target.format == "tflite":
        files, where = [target.path], target.scratch / "damaged.tflite"
    else:
        files, where = sorted(file for file in target.path.rglob("*") if file.is_file()), target.scratch / "damaged"
    file = one_of(dice, files)
    content = bytearray(file.read_bytes())
    if dice.random() < 0.2:
        del content[int(dice.integers(len(content))) :]
    for place in dice.integers(0, len(content), int(one_of(dice, [1, 1, 2, 16]))) if content else []:
        content[place] ^= int(dice.integers(1, 256))
    copy = where if target.format == "tflite" else where / file.relative_to(target.path)
    if target.format != "tflite":
        _link(target.path, where)
        copy.unlink()
    copy.write_bytes(content)
    try:
        predictor = target.load(where)
    finally:
        copy.unlink()
    (expected,) = target.alone(("predictor", None), lambda: target.predictor.predict([target.good]))
    (actual,) = predictor.predict([target.good])
    if actual.output != expected.output:  # it may load when what is damaged is not read, and must answer alike then
        raise Wrong(f"{file.name} is damaged, and the answer is {actual.output!r}")


def _link(folder: Path, where: Path) -> None:
    """Make a copy of a folder whose files are the same ones, as far as they are not there."""
    for file in folder.rglob("*"):
        copy = where / file.relative_to(folder)
        if file.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, copy)


MEET = {"ids": _ids, "texts": _texts, "page": _page, "predictor": _predictor, "shapes": _shapes, "damage": _damage}
