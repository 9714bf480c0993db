"""What every exporter shares: the files beside the graph, and the order of work."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.atomic_files import check_apart, new_folder
from zoo.constants import MAX_SOURCE_PIECES
from zoo.errors import CallError
from zoo.export.parity.answers import compare, compare_beam, compare_scores, sample_texts
from zoo.predictor import Predictor
from zoo.run_folder import Run, RunConfig, vocabulary_file, write_json
from zoo.tasks import TASKS
from zoo.text import Vocabulary

CARD = "zoo.json"
PARITY = "parity.json"


def export_folder(
    run: Run,
    out: str | os.PathLike,
    *,
    force: bool,
    format: str,
    write: Callable[[Run, Path], Path],
    load: Callable[[Path], Predictor],
    judge: Callable[[Run, Predictor, Predictor, list[str]], dict[str, Any]] | None = None,
    check: Callable[[Predictor, Path, list[str]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Write an artefact, compare it with Keras, and only then give it its name.

    Args:
        run: the trained model.
        out: the folder to make.
        force: replace what stands there.
        format: the name of the format.
        write: writes the artefact into a folder and returns the path that is loaded.
        load: makes a predictor of that path.
        judge: compares the answers of Keras and of the artefact to the samples; default `compare_with_keras`.
        check: compares with what answers by Keras what the predictor does not reach.

    Returns:
        What `zoo export --json` prints.

    Raises:
        CallError: `out` exists and `force` is false, or holds the run.
        WorkError: the artefact does not answer as Keras does, or could not be written.
    """
    check_apart(out, run.path)
    samples = sample_texts(run.path)
    with new_folder(out, force) as draft:
        path = write(run, draft)
        expected, actual = run.predictor(), load(path)
        texts = _readable(samples, expected, actual)
        if judge is None:
            parity = compare_with_keras(run, expected, actual, texts, format)
        else:
            parity = judge(run, expected, actual, texts)
        if check is not None:
            parity |= check(expected, path, texts)
        parity["versions"] = run.config.versions
        write_json(draft / PARITY, parity)
        size = sum(file.stat().st_size for file in draft.rglob("*") if file.is_file())
        name = path.relative_to(draft)
    return {"path": str(Path(out) / name), "format": format, "bytes": size, "parity": parity}


def compare_with_keras(run: Run, expected: Predictor, actual: Predictor, texts: list[str], what: str) -> dict[str, Any]:
    """Compare answers to texts, the scores of texts and the beam, where there are such.

    Raises:
        WorkError: they differ.
    """
    answers = expected.predict(texts)
    report = compare(texts, answers, actual.predict, what)
    both = expected.functions.keys() & actual.functions.keys()
    if "score_tokens" in both and run.task == "translation":
        targets = [one.output for one in answers]
        cut = actual.truncated(targets, as_targets=True)
        whole = [i for i, is_cut in enumerate(cut) if not is_cut]
        report |= compare_scores([texts[i] for i in whole], [targets[i] for i in whole], expected, actual, what)
    elif "score_tokens" in both:
        report |= compare_scores(texts, None, expected, actual, what)
    if "beam_tokens" in both:
        report |= compare_beam(texts, expected, actual, what)
    return report


def _readable(texts: list[str], expected: Predictor, actual: Predictor) -> list[str]:
    """Return the texts that the artefact does not cut shorter than Keras does."""
    cuts = zip(texts, expected.truncated(texts), actual.truncated(texts), strict=True)
    return [text for text, before, after in cuts if before or not after]


def extra_files(run: Run) -> dict[str, bytes]:
    """Return the files that go with every graph: the card and the vocabularies."""
    files = {vocabulary_file(side): vocabulary.proto for side, vocabulary in run.vocabularies.items()}
    return {CARD: json.dumps(run.config.card(), ensure_ascii=False).encode(), **files}


def predictor_from(
    files: dict[str, bytes], functions: dict[str, Any], where: Path, max_pieces: int = MAX_SOURCE_PIECES
) -> Predictor:
    """Make a predictor from the files that `extra_files` wrote; an input is read up to `max_pieces` ids.

    Raises:
        CallError: one is missing or damaged.
    """
    if "tokens" not in functions:
        raise CallError(f"{where} is damaged or not made by `zoo export`: it has no signature tokens.")
    try:
        card = RunConfig.from_json(json.loads(files[CARD]))
        task = TASKS[card.task]
        sides = {side: Vocabulary(files[vocabulary_file(side)]) for side in task.sides}
        for side, vocabulary in sides.items():
            expected = card.vocabulary_size(side)
            if vocabulary.size != expected:  # the first bytes of a vocabulary can be a smaller one
                raise ValueError(f"{vocabulary_file(side)} should have {expected} pieces. Received: {vocabulary.size}.")
        if max_pieces < MAX_SOURCE_PIECES and task.prompted:
            max_pieces -= 1  # to be scored, a text needs its end as well
        return Predictor(card.task, functions, **sides, labels=card.labels, max_pieces=max_pieces)
    except KeyError as error:
        raise CallError(f"{where} is damaged or not made by `zoo export`: it has no {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CallError(f"{where} is damaged or not made by `zoo export`: {error}") from error
