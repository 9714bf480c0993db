"""The page of a web export: its title, its import map, and its Content-Security-Policy."""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from string import Template

from zoo.export.web.litert_js import CDN, File, import_map
from zoo.pipeline import Pipeline
from zoo.run_folder import RunConfig

TITLES = {"translation": "Translate", "classification": "Classify", "language_model": "Go on with a text"}


def fill(page: Path, pipeline: Pipeline, where: dict[File, str]) -> None:
    """Fill in the page's template.

    Args:
        page: the file, which is rewritten.
        pipeline: the trained model with its vocabularies.
        where: the addresses of the files of LiteRT.js.
    """
    imports = json.dumps(import_map(where))
    values = {"title": _title(pipeline), "model": pipeline.config.model, "policy": _policy(imports, where)}
    escaped = {name: escape(value) for name, value in values.items()}
    filled = Template(page.read_text(encoding="utf-8")).substitute(escaped, imports=imports)
    page.write_text(filled, encoding="utf-8")


def _policy(imports: str, where: dict[File, str]) -> str:
    """Return the Content-Security-Policy: scripts and data from the site and the host of LiteRT.js alone."""
    host = f" {CDN}" if any(address.startswith(CDN) for address in where.values()) else ""
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}' blob:{host}; "
        f"connect-src 'self'{host}; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def languages(config: RunConfig) -> dict[str, str] | None:
    """Return the languages of both sides of a translation model, read from the name of its training data.

    Such names are "train.fr.gz,train.en.gz" and "numbers-fr-en:train". None if the name holds no languages.
    """
    from babel import Locale

    origin = str(config.data.get("train", {}).get("origin", ""))
    parallel = r"\.([a-z]{2})(?:\.gz)?,.*?\.([a-z]{2})(?:\.gz)?$"
    found = re.search(parallel, origin) or re.search(r"\b([a-z]{2})-([a-z]{2})\b", origin)
    known = Locale("en").languages
    if config.task != "translation" or not found or not {*found.groups()} <= {*known}:
        return None
    return {"source": found[1], "target": found[2]}


def _title(pipeline: Pipeline) -> str:
    found = languages(pipeline.config)
    if found is None:
        return TITLES[pipeline.task]
    from babel import Locale

    return " to ".join(Locale("en").languages[found[side]] for side in ("source", "target"))
