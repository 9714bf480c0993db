"""The web: a folder for any static host, whose page runs the model in the browser."""

import base64
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from export.artefact import card, export_folder
from export.compiled import compiled_functions
from export.fixed import fixed
from export.litert_js import SCRIPT, WASM, File, addresses, copy, find
from export.signatures import Signature, id_signatures
from export.tflite import FILE, convert
from export.web_page import fill, languages
from export.web_vocabulary import vocabulary_files
from zoo.files import sha256_of
from zoo.predictor import Predictor
from zoo.run import Run, write_json
from zoo.special import MAX_SOURCE_PIECES, MAX_TARGET_PIECES

SITE = Path(__file__).with_name("site")
ABOUT = "site.json"

# LiteRT.js runs graphs of fixed shapes: a text is answered by the first of these that it fits into. A longer text costs
# more time, and a length more memory, since LiteRT packs the weights for each.
LENGTHS = (16, 32, 64, MAX_SOURCE_PIECES)
SCORED_LENGTHS = (32, 64, 192, MAX_SOURCE_PIECES + 1)  # a whole text with its start and end


def export_web(
    run: Run, out: str | os.PathLike, *, force: bool = False, litert_js: str | os.PathLike | None = None
) -> dict[str, Any]:
    """Write a static site whose page answers as the run does.

    The model is compared with Keras by LiteRT's CompiledModel, the runtime that LiteRT.js is made of.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.
        litert_js: where npm has installed `@litertjs/core`: what the page needs of it is copied into the site, which then
            asks no other host for anything. Without, the page loads it from a public copy of npm's packages.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or `litert_js` does not hold what it should.
        WorkError: the model cannot be converted or does not answer as Keras does, or the page cannot read its vocabulary.
    """
    files = None if litert_js is None else find(litert_js)

    def write(run: Run, folder: Path) -> Path:
        return _write(run, folder, files)

    return export_folder(run, out, force=force, format="web", write=write, load=lambda folder: _load(run, folder))


def _write(run: Run, folder: Path, files: dict[File, Path] | None) -> Path:
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    (folder / FILE).write_bytes(convert(run, _signatures(run)))
    for side, vocabulary in run.vocabularies.items():
        for name, content in vocabulary_files(vocabulary, side, reads=side == "source").items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if files is not None:
        copy(files, folder)
    where = addresses(local=files is not None)
    write_json(folder / ABOUT, _about(run, folder, where))
    fill(folder / "index.html", run, where)
    return folder


def lengths_of(task: str) -> dict[str, tuple[int, ...]]:
    """Return the signatures that the page runs, each with the lengths that there are of it."""
    if task == "classification":
        return {"classify": LENGTHS}
    if task == "language_model":
        return {"generate": LENGTHS, "score": SCORED_LENGTHS}
    return {"greedy": LENGTHS, "beam": LENGTHS}


NAMES = {"greedy": "tokens", "generate": "tokens", "classify": "tokens", "score": "score_tokens", "beam": "beam_tokens"}


def _signatures(run: Run) -> dict[str, Signature]:
    signatures = {}
    for name, lengths in lengths_of(run.task).items():
        for length in lengths:
            one = id_signatures(run).get(NAMES[name])
            if one is not None:
                signatures[f"{name}_{length}"] = fixed(one, (1, length))
    return signatures


def _about(run: Run, folder: Path, where: dict[File, str]) -> dict[str, Any]:
    """Return what the page reads first."""
    model = folder / FILE
    digest = base64.b64encode(bytes.fromhex(sha256_of(model))).decode()
    about = card(run) | {
        "attends": run.model.attends,
        "lengths": lengths_of(run.task),
        "max_source_pieces": MAX_SOURCE_PIECES,
        "max_target_pieces": MAX_TARGET_PIECES,
        "beam_width": 4,
        "languages": languages(run.config),
        "model_file": {"url": f"./{FILE}", "bytes": model.stat().st_size, "integrity": f"sha256-{digest}"},
        "litert": {
            name: {"url": where[file], "bytes": file.bytes, "integrity": file.integrity}
            for name, file in (("script", SCRIPT), ("wasm", WASM))
        },
    }
    return about


def _load(run: Run, folder: Path) -> Predictor:
    """Return what answers with the site's model, by the runtime that LiteRT.js is made of."""
    compiled = compiled_functions(folder / FILE)
    functions = {NAMES[name]: _of_any_length(compiled, name, sizes) for name, sizes in lengths_of(run.task).items()}
    return Predictor(run.task, functions, **run.vocabularies, labels=run.config.get("labels", []))


def _of_any_length(compiled: dict[str, Callable], name: str, lengths: tuple[int, ...]) -> Callable:
    """Return a signature as a function of ids (B, S), answered row by row as the page does."""

    def function(ids):
        answers = []
        for row in ids:
            pieces = int(np.count_nonzero(row))
            length = next(one for one in lengths if one >= pieces)
            answer = compiled[f"{name}_{length}"](ids=np.pad(row[:pieces], [0, length - pieces])[None])
            answers.append({key: _widened(value, key, ids.shape[1]) for key, value in answer.items()})
        return {key: np.concatenate([one[key] for one in answers]) for key in answers[0]}

    return function


def _widened(value: np.ndarray, key: str, width: int) -> np.ndarray:
    """Cut or pad the columns of the attention to those of the ids that were asked for."""
    if key != "attention":
        return value
    columns = value[..., :width]
    return np.pad(columns, [[0, 0]] * (value.ndim - 1) + [[0, width - columns.shape[-1]]])
