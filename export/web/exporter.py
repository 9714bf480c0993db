"""The web: a folder for any static host, whose page runs the model in the browser."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.atomic_files import check_apart
from zoo.errors import CallError
from zoo.export.artefact import artefact
from zoo.export.litert.compiled import compiled_functions
from zoo.export.litert.convert import convert
from zoo.export.litert.quantize import MAX_DROP, check_quantize
from zoo.export.parity.keras import compare_with_keras
from zoo.export.parity.quantized import measure_drop
from zoo.export.signatures import BEAM_WIDTH, Signature, litert_signatures
from zoo.export.web.litert_js import File, addresses, copy, find
from zoo.export.web.manifest import lengths_of, write_manifest
from zoo.export.web.page import fill
from zoo.export.web.vocabulary import vocabulary_files
from zoo.pipeline import Pipeline
from zoo.predictor import Predictor
from zoo.run_folder import LITERT_FILE
from zoo.tasks import TASKS

SITE = Path(__file__).with_name("site")


def export_web(
    pipeline: Pipeline,
    out: str | os.PathLike,
    *,
    force: bool = False,
    litert_js: str | os.PathLike | None = None,
    quantize: str = "none",
    max_drop: float = MAX_DROP,
) -> dict[str, Any]:
    """Write a static site whose page answers as the run does.

    The model is compared with Keras in LiteRT's CompiledModel, the runtime of LiteRT.js.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make.
        force: replace what exists at `out`.
        litert_js: the folder where npm has installed `@litertjs/core`: the files that the page needs are copied into
            the site, which then loads nothing from other hosts. By default the page loads them from a public copy of
            npm's packages.
        quantize: the type in which weights are stored: "none" (float32), "float16" or "int8".
        max_drop: the largest drop of the score on the samples of the run that is accepted for quantised weights.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them.

    Raises:
        CallError: `out` exists and `force` is false, or an option has a wrong value.
        WorkError: the model cannot be converted or does not answer as Keras does, its score drops too much, or the
            page cannot read its vocabulary.
    """
    check_quantize(quantize, max_drop)
    files = None if litert_js is None else find(litert_js)
    if litert_js is not None:
        check_apart(out, litert_js)
    with artefact(pipeline, out, format="web", force=force) as draft:
        models = convert(pipeline.model, _signatures(pipeline), {"none", quantize})
        _write_site(pipeline, draft.folder, models[quantize], files)
        actual = load_site(pipeline, draft.folder)
        texts = draft.texts_for(actual)
        if quantize == "none":
            parity = compare_with_keras(pipeline, actual, texts, "web")
        else:
            parity = {"quantize": quantize} | measure_drop(pipeline, actual, texts, max_drop=max_drop)
            parity |= {"model_bytes": len(models[quantize]), "float32_model_bytes": len(models["none"])}
        draft.keep(draft.folder, parity)
    return draft.report


def _write_site(pipeline: Pipeline, folder: Path, model: bytes, files: dict[File, Path] | None) -> None:
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    (folder / LITERT_FILE).write_bytes(model)
    for side, vocabulary in pipeline.vocabularies.items():
        for name, content in vocabulary_files(vocabulary, side, reads=side == "source").items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if files is not None:
        copy(files, folder)
    where = addresses(local=files is not None)
    write_manifest(pipeline, folder, where, beam_width=BEAM_WIDTH)
    fill(folder / "index.html", pipeline, where)


def _signatures(pipeline: Pipeline) -> dict[str, Signature]:
    """Return the signatures for every length, with names like "greedy_16"."""
    signatures = {}
    for name, lengths in lengths_of(pipeline.task).items():
        for length in lengths:
            signatures[f"{name}_{length}"] = litert_signatures(pipeline.model, (1, length))[name]
    return signatures


def load_site(pipeline: Pipeline, folder: Path) -> Predictor:
    """Return a predictor backed by the model of a site, in the runtime of LiteRT.js."""
    compiled = compiled_functions(folder / LITERT_FILE)
    endpoints = TASKS[pipeline.task].endpoint_of
    functions: dict[str, Callable] = {
        endpoints[name]: _OfAnyLength(compiled, name, lengths) for name, lengths in lengths_of(pipeline.task).items()
    }
    source, target = pipeline.vocabularies["source"], pipeline.vocabularies.get("target")
    return Predictor(pipeline.task, functions, source, target, labels=pipeline.config.labels)


class _OfAnyLength:
    """The graphs of a signature as a function of ids (B, S), which answers row by row as the page does."""

    def __init__(self, compiled: dict[str, Callable], name: str, lengths: tuple[int, ...]):
        self.graphs = {length: compiled[f"{name}_{length}"] for length in lengths}

    def __call__(self, ids: np.ndarray, *, beam_width: Any = BEAM_WIDTH, **options: Any) -> dict[str, np.ndarray]:
        width = int(np.ravel(beam_width)[0])
        if width != BEAM_WIDTH:
            raise CallError(f"The page searches with a beam of {BEAM_WIDTH} alone. Received: {width}.")
        answers = []
        for row in ids:
            pieces = int(np.count_nonzero(row))
            length = next(length for length in self.graphs if length >= pieces)
            answers.append(self.graphs[length](ids=np.pad(row[:pieces], [0, length - pieces])[None], **options))
        return {key: _stacked([answer[key] for answer in answers]) for key in answers[0]}


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    """Return the answers to rows of different lengths as an array, padded with 0."""
    sizes = [max(axis) for axis in zip(*(array.shape for array in arrays), strict=True)][1:]
    padded = np.zeros([len(arrays), *sizes], arrays[0].dtype)
    for i, array in enumerate(arrays):
        place: Any = (i, *(slice(size) for size in array.shape[1:]))
        padded[place] = array[0]
    return padded
