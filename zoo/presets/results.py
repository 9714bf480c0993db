"""The results of a preset: it is measured, and `results.json` and `card.md` are written into its folder."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.atomic_files import new_file
from zoo.digests import DIGESTS, add_digests
from zoo.errors import CallError
from zoo.json_files import write_json
from zoo.pipeline import Pipeline
from zoo.prediction import Beam
from zoo.presets.about import PRONUNCIATION, About
from zoo.presets.card import CARD, card_of
from zoo.presets.evaluation import evaluation_of
from zoo.presets.listing import RESULTS
from zoo.presets.pronunciation import pronunciation_of
from zoo.processor import processor_name
from zoo.run_folder import LITERT_FILE, MODEL

if TYPE_CHECKING:
    from zoo.training.data.corpora import Corpus

TIMED = 20  # texts


def write_card(
    folder: Path, lite: Pipeline, keras: Pipeline, corpus: "Corpus", about: About, *, beam: Beam | None = None
) -> dict[str, Any]:
    """Write `results.json` and `card.md` of a preset, and return the content of the first.

    Args:
        folder: the folder of the preset.
        lite, keras: the pipelines of its .tflite and of its Keras model.
        corpus: the test set.
        about: what the author says about the preset.
        beam: the options of the beam search for the scores; default: greedy decoding.

    Raises:
        CallError: the task has no such main score, or no beam search; or the test set has other labels than the model.
    """
    if beam is not None and lite.task != "translation":
        raise CallError(f"Scores with a beam are those of a model for translation. Received: one for {lite.task}.")
    if lite.task == "classification":
        corpus.classes(lite.labels)
    sources = list(corpus.sources)
    evaluate = pronunciation_of if about.scores == PRONUNCIATION else evaluation_of
    evaluation = evaluate(lite, sources, corpus.targets, beam=beam)
    measure = about.measure or next(iter(evaluation["scores"]))
    if measure not in evaluation["scores"]:
        known = ", ".join(evaluation["scores"])
        raise CallError(f"`measure` must be one of {known}. Received: {measure!r}.")
    formats = {
        name: {"bytes": (folder / name).stat().st_size, "milliseconds": _milliseconds(pipeline, sources)}
        for name, pipeline in ((LITERT_FILE, lite), (MODEL, keras))
    }
    results = {
        "about": about.as_json(),
        "parameters": keras.model.count_params(),
        "measure": measure,
        "test": {"origin": ",".join(Path(part).name for part in corpus.origin.split(",")), "digest": corpus.digest},
        "beam": beam and {"width": beam.width, "length_penalty": beam.length_penalty},
        **evaluation,
        "formats": formats,
        "processor": processor_name(),
    }
    write_json(folder / RESULTS, results)
    with new_file(folder / CARD) as draft:
        draft.write_text(card_of(folder.name, keras.config, results), encoding="utf-8")
    add_digests(folder, folder / DIGESTS, [RESULTS, CARD])
    return results


def _milliseconds(pipeline: Any, texts: Sequence[str]) -> float:
    """Return the median time of an answer to one text, in milliseconds."""
    some = texts[:: max(1, len(texts) // TIMED)][:TIMED]
    for text in some:  # the first call for a shape may compile it
        pipeline.predict([text])
    seconds = []
    for text in some:
        began = time.perf_counter()
        pipeline.predict([text])
        seconds.append(time.perf_counter() - began)
    return round(1000 * statistics.median(seconds), 2)
