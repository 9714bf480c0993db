"""What TF Serving takes: numbered versions of a SavedModel, warmed up, with its configuration and a README."""

import json
import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.atomic_files import new_file, new_folder, sha256_of
from zoo.export.artefact import PARITY
from zoo.export.parity.answers import sample_texts
from zoo.export.saved_model import DIGESTS, EXTRA, export_saved_model
from zoo.export.serving.examples import Examples, batchable, read_meta_graph, signatures_of
from zoo.export.serving.files import serving_files
from zoo.export.serving.operations import served_by
from zoo.export.serving.versions import next_version
from zoo.export.serving.warmup import FILE, replay, serving_api, write_warmup
from zoo.run_folder import Run, write_json

WARMUP_TEXTS = 8  # in the warm-up request that is a batch
OPERATIONS = "operations.json"


def export_serving(
    run: Run, out: str | os.PathLike, *, force: bool = False, version: int | None = None
) -> dict[str, Any]:
    """Write `OUT/NAME/VERSION/` for TF Serving, and beside it what a server and its callers need.

    NAME is the model's. A version is the SavedModel of `zoo.export.saved_model.export_saved_model`, with a warm-up
    request for every signature. It is written and checked under a name that TF Serving does not take for a version,
    and then renamed: a server that watches OUT/NAME sees it whole or not at all. OUT may be there already: it then
    gets one more version, and its other files are written anew, each whole or not at all.

    Args:
        run: the trained model.
        out: the folder to serve from.
        force: replace the version of this number, if there is one. Nothing else is ever replaced.
        version: its number; one more than the newest by default, beginning with 1.

    Returns:
        What `zoo export --json` prints, and `version`.

    Raises:
        CallError: the number is taken, OUT holds something else, or tensorflow-serving-api is not installed.
        WorkError: the SavedModel does not answer as Keras does, a warm-up request fails, TF Serving lacks an
            operation, or the disk is full.
    """
    serving_api()
    out, name = Path(out), run.config.model
    number = next_version(out, name, version, force)
    place = out / name / str(number)
    if out.exists():
        with new_folder(place, force) as draft:
            report, files = _write_version(run, draft, name)
        for file, content in files.items():
            _write(out / file, content)
    else:
        with new_folder(out) as draft:
            report, files = _write_version(run, draft / name / str(number), name)
            for file, content in files.items():
                _write(draft / file, content)
    return report | {"path": str(place), "format": "serving", "version": number}


def _write(path: Path, content: str) -> None:
    with new_file(path) as draft:
        draft.write_bytes(content.encode())


def _write_version(run: Run, folder: Path, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Write one version into a folder; return what to say of it and the files that go beside it."""
    report = export_saved_model(run, folder, force=True)
    graph = read_meta_graph(folder)
    signatures = signatures_of(graph)
    examples = Examples(run, typical_texts(run))
    warmup, loaded = folder / EXTRA / FILE, tf.saved_model.load(str(folder))
    write_warmup(warmup, name, signatures, examples)
    report["parity"] |= {"warmup_requests": replay(warmup, loaded)}
    write_json(folder / EXTRA / OPERATIONS, served_by(graph))
    write_json(folder / PARITY, report["parity"])
    _add_digests(folder, [f"{EXTRA}/{FILE}", f"{EXTRA}/{OPERATIONS}"])
    report["bytes"] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    order = sorted(signatures, key=lambda key: (key != "serving_default", key))
    calls = {key: _call(loaded, key, examples.inputs(signatures[key], slice(0, 1))) for key in order}
    batching = all(map(batchable, signatures.values()))
    return report, serving_files(name, graph.meta_info_def.tensorflow_version, calls, batching)


def _call(loaded: Any, name: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    outputs = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
    return inputs, {key: value.numpy() for key, value in outputs.items()}


def _add_digests(folder: Path, names: list[str]) -> None:
    path = folder / EXTRA / DIGESTS
    digests = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, digests | {name: sha256_of(folder / name) for name in names})


def typical_texts(run: Run) -> list[str]:
    """Return some texts as the model was made for; the first is short, the prompts of a language model all are."""
    texts = [text for text in dict.fromkeys(sample_texts(run.path)) if text.strip() and len(text) < 200]
    if run.task == "language_model":
        texts = list(dict.fromkeys(" ".join(text.split()[:2]) for text in texts))
    few = texts[:WARMUP_TEXTS]
    first = min(few, key=lambda text: (not 3 <= len(text.split()) <= 6, len(text)))
    return [first, *(text for text in few if text != first)]
