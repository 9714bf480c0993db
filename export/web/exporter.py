"""The web: a folder for any static host, whose page runs the model in the browser."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.constants import MAX_SOURCE_PIECES, MAX_TARGET_PIECES
from zoo.errors import CallError
from zoo.export.artefact import export_folder
from zoo.export.litert.compiled import compiled_functions
from zoo.export.litert.exporter import convert
from zoo.export.litert.quantize import MAX_DROP, check_quantize, judge_by
from zoo.export.names import LITERT_FILE, SITE_FILE
from zoo.export.signatures import BEAM_WIDTH, Signature, litert_signatures
from zoo.export.web.litert_js import SCRIPT, WASM, File, addresses, copy, find
from zoo.export.web.page import fill, languages
from zoo.export.web.vocabulary import vocabulary_files
from zoo.predictor import Predictor
from zoo.run_folder import Run, write_json
from zoo.tasks import TASKS

SITE = Path(__file__).with_name("site")

# LiteRT.js runs graphs of fixed shapes: a text is answered by the first of these that it fits into. A longer text costs
# more time, and a length more memory, since LiteRT packs the weights for each.
LENGTHS = (16, 32, 64, MAX_SOURCE_PIECES)
SCORED_LENGTHS = (32, 64, 192, MAX_SOURCE_PIECES + 1)  # a whole text with its start and end


def export_web(
    run: Run,
    out: str | os.PathLike,
    *,
    force: bool = False,
    litert_js: str | os.PathLike | None = None,
    quantize: str = "none",
    max_drop: float = MAX_DROP,
) -> dict[str, Any]:
    """Write a static site whose page answers as the run does.

    The model is compared with Keras by LiteRT's CompiledModel, the runtime that LiteRT.js is made of.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.
        litert_js: where npm has installed `@litertjs/core`: what the page needs of it is copied into the site, which
            then asks no other host for anything. Without, the page loads it from a public copy of npm's packages.
        quantize: the weights as "none" (float32), "float16" or "int8"; see `zoo.export.litert.quantize`.
        max_drop: how much worse a quantised model may score on the samples of the run.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or `litert_js` does not hold what it should.
        WorkError: the model cannot be converted or does not answer as Keras does, quantised scores too badly, or the
            page cannot read its vocabulary.
    """
    check_quantize(quantize, max_drop)
    files = None if litert_js is None else find(litert_js)

    unquantised: list[int] = []

    def write(run: Run, folder: Path) -> Path:
        models = convert(run, _signatures(run), {"none", quantize})
        unquantised.append(len(models["none"]))
        return _write(run, folder, models[quantize], files)

    judge = judge_by(quantize, max_drop, unquantised, "web")

    return export_folder(
        run, out, force=force, format="web", write=write, load=lambda folder: load_site(run, folder), judge=judge
    )


def _write(run: Run, folder: Path, model: bytes, files: dict[File, Path] | None) -> Path:
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    (folder / LITERT_FILE).write_bytes(model)
    for side, vocabulary in run.vocabularies.items():
        for name, content in vocabulary_files(vocabulary, side, reads=side == "source").items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if files is not None:
        copy(files, folder)
    where = addresses(local=files is not None)
    write_json(folder / SITE_FILE, _about(run, folder, where))
    fill(folder / "index.html", run, where)
    return folder


def lengths_of(task: str) -> dict[str, tuple[int, ...]]:
    """Return the signatures that the page runs, each with the lengths that there are of it."""
    if task == "classification":
        return {"classify": LENGTHS}
    if task == "language_model":
        return {"generate": LENGTHS, "score": SCORED_LENGTHS}
    return {"greedy": LENGTHS, "beam": LENGTHS}


def _signatures(run: Run) -> dict[str, Signature]:
    """Return the signatures of every length, named as "greedy_16" is."""
    signatures = {}
    for name, lengths in lengths_of(run.task).items():
        for length in lengths:
            signatures[f"{name}_{length}"] = litert_signatures(run, (1, length))[name]
    return signatures


def _about(run: Run, folder: Path, where: dict[File, str]) -> dict[str, Any]:
    """Return what the page reads first."""
    return run.config.card() | {
        "attends": run.model.attends,
        "lengths": lengths_of(run.task),
        "max_source_pieces": MAX_SOURCE_PIECES,
        "max_target_pieces": MAX_TARGET_PIECES,
        "beam_width": BEAM_WIDTH,
        "languages": languages(run.config),
        "model_file": {"url": f"./{LITERT_FILE}", "bytes": (folder / LITERT_FILE).stat().st_size},
        "litert": {
            name: {"url": where[file], "bytes": file.bytes, "integrity": file.integrity}
            for name, file in (("script", SCRIPT), ("wasm", WASM))
        },
    }


def load_site(run: Run, folder: Path) -> Predictor:
    """Return what answers with the site's model, by the runtime that LiteRT.js is made of."""
    compiled = compiled_functions(folder / LITERT_FILE)
    inner = {new: old for old, new in TASKS[run.task].endpoints.items()}
    functions = {inner[name]: _of_any_length(compiled, name, sizes) for name, sizes in lengths_of(run.task).items()}
    source, target = run.vocabularies["source"], run.vocabularies.get("target")
    return Predictor(run.task, functions, source, target, labels=run.config.labels)


def _of_any_length(compiled: dict[str, Callable], name: str, lengths: tuple[int, ...]) -> Callable:
    """Return a signature as a function of ids (B, S), answered row by row as the page does."""

    def function(ids, *, beam_width=BEAM_WIDTH, **more):
        width = int(np.ravel(beam_width)[0])
        if width != BEAM_WIDTH:
            raise CallError(f"The page searches with a beam of {BEAM_WIDTH} alone. Received: {width}.")
        answers = []
        for row in ids:
            pieces = int(np.count_nonzero(row))
            length = next(one for one in lengths if one >= pieces)
            answers.append(compiled[f"{name}_{length}"](ids=np.pad(row[:pieces], [0, length - pieces])[None], **more))
        return {key: _stacked([one[key] for one in answers]) for key in answers[0]}

    return function


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    """Put the answers to rows of different lengths together, padded with 0."""
    sizes = [max(axis) for axis in zip(*(one.shape for one in arrays), strict=True)][1:]
    padded = np.zeros([len(arrays), *sizes], arrays[0].dtype)
    for i, one in enumerate(arrays):
        here: Any = (i, *(slice(size) for size in one.shape[1:]))
        padded[here] = one[0]
    return padded
