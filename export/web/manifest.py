"""`site.json`, which the page reads first: the model, its lengths, and the files to load. No TensorFlow is imported."""

from pathlib import Path
from typing import Any, NoReturn

from zoo.constants import MAX_SOURCE_PIECES, MAX_TARGET_PIECES
from zoo.errors import CallError
from zoo.export.card import read_json, read_parity
from zoo.export.formats import SITE_FILE
from zoo.export.litert.inspection import inspect_graph
from zoo.export.web.litert_js import SCRIPT, WASM, File, integrity
from zoo.export.web.page import languages
from zoo.json_files import write_json
from zoo.pipeline import Pipeline
from zoo.run_folder import LITERT_FILE

# LiteRT.js runs graphs with fixed shapes: a text is answered by the shortest graph that it fits into. A longer graph
# takes more time, and every graph more memory, since LiteRT packs the weights for each.
LENGTHS = (16, 32, 64, MAX_SOURCE_PIECES)
SCORED_LENGTHS = (32, 64, 192, MAX_SOURCE_PIECES + 1)  # a whole text with its start and end


def lengths_of(task: str) -> dict[str, tuple[int, ...]]:
    """Return the signatures that the page runs, each with the lengths for which there is a graph."""
    if task == "classification":
        return {"classify": LENGTHS}
    if task == "language_model":
        return {"generate": LENGTHS, "score": SCORED_LENGTHS}
    return {"greedy": LENGTHS, "beam": LENGTHS}


def write_manifest(pipeline: Pipeline, site: Path, addresses: dict[File, str], *, beam_width: int) -> None:
    """Write `site.json` into a site that holds its model.

    Args:
        pipeline: the trained model with its vocabularies.
        site: the folder of the site.
        addresses: the addresses of the files of LiteRT.js.
        beam_width: the width of the beam in the graphs.
    """
    model = (site / LITERT_FILE).read_bytes()
    content = pipeline.config.card() | {
        "attends": pipeline.model.attends,
        "lengths": lengths_of(pipeline.task),
        "max_source_pieces": MAX_SOURCE_PIECES,
        "max_target_pieces": MAX_TARGET_PIECES,
        "beam_width": beam_width,
        "languages": languages(pipeline.config),
        "model_file": {"url": f"./{LITERT_FILE}", "bytes": len(model), "integrity": integrity(model)},
        "litert": {
            name: {"url": addresses[file], "bytes": file.bytes, "integrity": file.integrity}
            for name, file in (("script", SCRIPT), ("wasm", WASM))
        },
    }
    write_json(site / SITE_FILE, content)


def inspect_site(path: Path) -> dict[str, Any]:
    """Describe a site; see `zoo.export.inspection.inspect`."""
    content = read_json(path / SITE_FILE)
    if not isinstance(content, dict) or not {"task", "model"} <= content.keys() or not (path / LITERT_FILE).is_file():
        raise CallError(f"{path} is damaged or not made by `zoo export --to web`.")
    names = ("task", "model", "options", "labels", "languages")
    card = {name: content[name] for name in names if name in content}
    return {"card": card} | inspect_graph((path / LITERT_FILE).read_bytes()) | read_parity(path)


def refuse_site(path: Path) -> NoReturn:
    """Refuse to load a site in Python.

    Raises:
        CallError: always.
    """
    raise CallError(f"{path} is a site for the browser: open its index.html from a web server.")
