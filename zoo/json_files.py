"""JSON, of the zoo's own files and from elsewhere."""

import json
from pathlib import Path
from typing import Any

from zoo.atomic_files import new_file


def parse_json(content: str | bytes) -> Any:
    """Return the content of a JSON document.

    Raises:
        ValueError: it is none, or lists and objects lie too deep in one another.
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("its lists lie too deep in one another") from error


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically."""
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    with new_file(path) as draft:
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))  # a file name may not be valid UTF-8
