"""A folder for TF Serving: numbered versions of a SavedModel, warmed up, with its configuration and a README."""

import os
import re
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.atomic_files import new_file, new_folder
from zoo.digests import DIGESTS, add_digests
from zoo.errors import CallError
from zoo.export.artefact import size_of
from zoo.export.card import PARITY
from zoo.export.parity.samples import ODD_TEXTS
from zoo.export.saved_model import EXTRA, export_saved_model, inspect_saved_model, read_meta_graph, signatures_of
from zoo.export.serving.examples import Examples, batchable
from zoo.export.serving.files import README, Call, serving_files
from zoo.export.serving.operations import served_by
from zoo.export.serving.versions import next_version, versions
from zoo.export.serving.warmup import FILE, check_serving_api, replay, write_warmup
from zoo.json_files import write_json
from zoo.log import logger
from zoo.pipeline import Pipeline

WARMUP_TEXTS = 8  # in the warm-up request that is a batch
OPERATIONS = "operations.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def export_serving(
    pipeline: Pipeline, out: str | os.PathLike, *, force: bool = False, version: int | None = None
) -> dict[str, Any]:
    """Write `OUT/NAME/VERSION/` for TF Serving, and beside it the files for a server and its callers.

    NAME is the name of the model. A version is the SavedModel of `zoo.export.saved_model.export_saved_model`, with
    warm-up requests for every signature. It is written and checked under a name that TF Serving does not take for a
    version, and then renamed: a server that watches OUT/NAME sees the whole version or nothing. OUT may exist: a
    version is added then; README.md, which has the answers of the newest version, is written anew, and of the files
    for a server, which may have been changed, those that are missing.

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to serve from.
        force: replace the version with this number, if it exists.
        version: the number; by default the newest plus 1, starting with 1.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them, and `version`.

    Raises:
        CallError: the model has a name that no folder can have, the number is taken, OUT holds something else, or
            tensorflow-serving-api is not installed.
        WorkError: the SavedModel does not answer as Keras does, a warm-up request fails, TF Serving lacks an
            operation, or the disk is full.
    """
    check_serving_api()
    out, name = Path(out), pipeline.config.model
    if not NAME.fullmatch(name):  # it is the name of a folder, and stands in YAML and in commands
        raise CallError(f"TF Serving needs a model named by letters, digits, dot, - and _. Received: {name!r:.80}.")
    number = next_version(out, name, version, force)
    if out.exists():
        with new_folder(out / name / str(number), force) as draft:
            report, files = _write_version(pipeline, draft, name)
        _write_beside(out, files, newest=number == versions(out / name)[-1])
    else:
        with new_folder(out) as draft:
            report, files = _write_version(pipeline, draft / name / str(number), name)
            for file, content in files.items():
                _write(draft / file, content)
    return report | {"path": str(out / name / str(number)), "format": "serving", "version": number}


def _write_beside(out: Path, files: dict[str, str], *, newest: bool) -> None:
    """Write the files beside the versions of a folder that a server may read already."""
    for file, content in files.items():
        path = out / file
        if not path.exists() or (file == README and newest):
            _write(path, content)
        elif file != README and path.read_bytes() != content.encode():
            logger.warning("kept %s, which differs from what is written now: remove it for the new one.", path)


def _write(path: Path, content: str) -> None:
    with new_file(path) as draft:
        draft.write_bytes(content.encode())


def _write_version(pipeline: Pipeline, folder: Path, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a version into a folder; return its report, and the content of the files beside the versions by name."""
    report = export_saved_model(pipeline, folder, force=True)
    graph = read_meta_graph(folder)
    signatures = signatures_of(graph)
    examples = Examples(pipeline, typical_texts(pipeline))
    warmup, loaded = folder / EXTRA / FILE, tf.saved_model.load(str(folder))
    write_warmup(warmup, name, signatures, examples)
    report["parity"] |= {"warmup_requests": replay(warmup, loaded)}
    write_json(folder / EXTRA / OPERATIONS, served_by(graph))
    write_json(folder / PARITY, report["parity"])
    add_digests(folder, folder / EXTRA / DIGESTS, [f"{EXTRA}/{FILE}", f"{EXTRA}/{OPERATIONS}"])
    report["bytes"] = size_of(folder)
    order = sorted(signatures, key=lambda key: (key != "serving_default", key))
    calls = {key: _call(loaded, key, examples.inputs(signatures[key], slice(0, 1))) for key in order}
    batching = all(map(batchable, signatures.values()))
    return report, serving_files(name, graph.meta_info_def.tensorflow_version, calls, batching)


def _call(loaded: Any, name: str, inputs: dict[str, Any]) -> Call:
    outputs = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
    return inputs, {key: value.numpy() for key, value in outputs.items()}


def typical_texts(pipeline: Pipeline) -> list[str]:
    """Return some typical inputs of a model, a short text first; for a language model the beginnings of texts."""
    samples = dict.fromkeys([*pipeline.samples.sources, *ODD_TEXTS])
    texts = [text for text in samples if text.strip() and len(text) < 200]
    if pipeline.task == "language_model":
        texts = list(dict.fromkeys(" ".join(text.split()[:2]) for text in texts))
    few = texts[:WARMUP_TEXTS]
    first = min(few, key=lambda text: (not 3 <= len(text.split()) <= 6, len(text)))
    return [first, *(text for text in few if text != first)]


def inspect_version(path: Path) -> dict[str, Any]:
    """Describe a version in a folder for TF Serving; see `zoo.export.inspection.inspect`."""
    return {"version": path.name} | inspect_saved_model(path)
