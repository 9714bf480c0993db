"""The files beside a graph: the card of the model, its vocabularies, and the proof of the comparison with Keras."""

import json
from pathlib import Path
from typing import Any

from zoo.constants import MAX_SOURCE_PIECES
from zoo.errors import CallError
from zoo.json_files import parse_json
from zoo.pipeline import Pipeline
from zoo.run_folder import RunConfig, vocabulary_file
from zoo.tasks import TASKS
from zoo.text import Vocabulary

CARD = "zoo.json"
PARITY = "parity.json"


def extra_files(pipeline: Pipeline) -> dict[str, bytes]:
    """Return the content of the files that belong to every graph, by name: the card and the vocabularies."""
    files = {vocabulary_file(side): vocabulary.proto for side, vocabulary in pipeline.vocabularies.items()}
    return {CARD: json.dumps(pipeline.config.card(), ensure_ascii=False).encode(), **files}


def pipeline_from(
    files: dict[str, bytes], functions: dict[str, Any], where: Path, length: int | None = None
) -> Pipeline:
    """Return the pipeline for the functions of a graph and the files that `extra_files` wrote.

    Args:
        files: the content of the files, by name.
        functions: the endpoints, by their names in `zoo.decoding.endpoints` or by those in a .tflite or ONNX file.
        where: the artefact.
        length: the length of the ids, of an artefact with fixed shapes.

    Raises:
        CallError: a file or a function is missing, or damaged.
    """
    try:
        card = RunConfig.from_json(parse_json(files[CARD]))
        task = TASKS[card.task]
        functions = {task.endpoint_of.get(name, name): function for name, function in functions.items()}
        if "tokens" not in functions:
            raise ValueError("it has no signature tokens.")
        sides = {side: Vocabulary(files[vocabulary_file(side)]) for side in task.sides}
        for side, vocabulary in sides.items():
            expected = card.vocabulary_size(side)
            if vocabulary.size != expected:  # the first bytes of a vocabulary can be a smaller vocabulary
                raise ValueError(f"{vocabulary_file(side)} should have {expected} pieces. Received: {vocabulary.size}.")
        most = MAX_SOURCE_PIECES
        if length is not None:
            most = min(most, length - task.prompted)  # to be scored, the text of a language model also needs its end
        return Pipeline.of_artefact(where, card, functions, sides, max_pieces=most)
    except KeyError as error:
        raise CallError(f"{where} is damaged or not made by `zoo export`: it has no {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CallError(f"{where} is damaged or not made by `zoo export`: {error}") from error


def read_json(path: Path) -> Any:
    """Read a JSON file of an artefact.

    Raises:
        CallError: the file is missing or damaged.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CallError(f"There is no {path}: not made by `zoo export`, or damaged.") from error
    except (OSError, ValueError) as error:
        raise CallError(f"{path} is damaged: {error}.") from error


def read_parity(folder: Path) -> dict[str, Any]:
    """Return `{"parity": ...}`, the proof that an export wrote into its folder; empty if the file is missing."""
    return {"parity": read_json(folder / PARITY)} if (folder / PARITY).is_file() else {}
