"""Presets: a run folder to be published, which answers by a .tflite and keeps the Keras model for fine-tuning."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.digests import DIGESTS, write_digests
from zoo.errors import WorkError
from zoo.export.artefact import Draft, artefact
from zoo.export.litert.exporter import write_compared
from zoo.export.litert.quantize import MAX_DROP, check_quantize
from zoo.export.parity.quantized import measure_drop
from zoo.export.presets.half_weights import store_in_float16
from zoo.json_files import write_json
from zoo.pipeline import Pipeline, load_run
from zoo.run_folder import CONFIG, LITERT_FILE, METRICS, MODEL, RunConfig, read_config


def export_preset(
    pipeline: Pipeline,
    out: str | os.PathLike,
    *,
    force: bool = False,
    quantize: str = "none",
    max_drop: float = MAX_DROP,
) -> dict[str, Any]:
    """Write the folder of a preset.

    | file | |
    |---|---|
    | `config.json`, `metrics.json` | the model, how it was trained, and its validation scores |
    | `source.model`, `target.model` | the vocabularies |
    | `model.tflite` | answers, without TensorFlow; it holds the vocabularies too |
    | `model.keras` | the Keras model, in float16 unless that costs more than `max_drop` |
    | `samples.txt`, `samples.targets.txt` | the samples with which it was compared |
    | `parity.json`, `sha256.json` | the result of the comparison, and the digests of all other files |

    Args:
        pipeline: the trained model with its vocabularies.
        out: the folder to make; its name is that of the preset.
        force: replace what exists at `out`.
        quantize: the type in which the .tflite stores weights: "none" (float32), "float16" or "int8".
        max_drop: the largest drop of the score on the samples that is accepted for weights of fewer bits.

    Returns:
        The path, format, size and parity, as `zoo export --json` prints them. `keras` in the parity has the type of
        the weights of `model.keras` and what it costs.

    Raises:
        CallError: `out` exists and `force` is false, an option has a wrong value, or the samples of a translation
            model or classifier have no targets.
        WorkError: the .tflite does not answer as the Keras model of the preset does, or its score drops too much.
    """
    check_quantize(quantize, max_drop)
    with artefact(pipeline, out, format="preset", force=force) as draft:
        _write_run(pipeline, draft.folder)
        kept, keras = _with_half_weights(draft, max_drop)
        compared = draft if quantize != "none" else replace(draft, pipeline=kept)
        path = draft.folder / LITERT_FILE
        _, parity = write_compared(compared, path, quantize=quantize, max_drop=max_drop)
        write_digests(draft.folder, draft.folder / DIGESTS)
        draft.keep(draft.folder, parity | {"keras": keras})
    return draft.report


def _write_run(pipeline: Pipeline, folder: Path) -> None:
    """Write a run folder whose config names no folder of this machine."""
    pipeline.write_into(folder)
    config = read_config(folder)
    write_json(folder / CONFIG, _without_folders(config).as_json())
    if pipeline.path is not None and (pipeline.path / METRICS).is_file():
        shutil.copyfile(pipeline.path / METRICS, folder / METRICS)


def _without_folders(config: RunConfig) -> RunConfig:
    data = {split: _with_names(record) for split, record in config.data.items()}
    initial, teachers = config.initial and _with_names(config.initial), [*map(_with_names, config.teachers)]
    recipe = config.recipe and Path(config.recipe).name
    return replace(config, recipe=recipe, data=data, initial=initial, teachers=teachers)


def _with_names(record: dict[str, Any]) -> dict[str, Any]:
    names = [Path(part).name for part in str(record.get("origin", "")).split(",")]
    return record | ({"origin": ",".join(names)} if "origin" in record else {})


def _with_half_weights(draft: Draft, max_drop: float) -> tuple[Pipeline, dict[str, Any]]:
    """Store the weights of a draft in float16 if the score allows it.

    Returns:
        The pipeline with the weights that were stored; and their type, with what it costs.
    """
    file = draft.folder / MODEL
    whole = file.read_bytes()
    try:
        store_in_float16(file)
        halved = load_run(draft.folder)
        drop = measure_drop(draft.pipeline, halved, draft.texts_for(halved), max_drop=max_drop)
    except WorkError:
        file.write_bytes(whole)
        return draft.pipeline, {"weights": "float32"}
    return halved, {"weights": "float16"} | drop
