"""Models of the Hugging Face Hub: data alone is fetched, never code."""

import re
from pathlib import Path
from typing import TypeGuard

from zoo.errors import CallError, WorkError

SCHEME = "hf://"
# JSON, SentencePiece and text files, .keras (loaded in safe mode) and .tflite: no SavedModel and no pickle.
FILES = ["*.json", "*.model", "*.txt", "*.md", "*.keras", "*.tflite"]
ADDRESS = re.compile(r"hf://(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def is_hub_address(where: object) -> TypeGuard[str]:
    """Return true for an address like "hf://owner/name"."""
    return isinstance(where, str) and where.startswith(SCHEME)


def fetch_from_hub(where: str) -> Path:
    """Fetch a model of the Hub into the cache of `huggingface_hub`, and return its folder.

    Args:
        where: "hf://owner/name", or "hf://owner/name@revision" for a branch, tag or commit.

    Raises:
        CallError: no such address or model, or `huggingface_hub` is not installed.
        WorkError: the Hub cannot be reached.
    """
    found = ADDRESS.fullmatch(where)
    if found is None:
        raise CallError(
            f'An address of the Hub is "hf://owner/name" or "hf://owner/name@revision". Received: "{where}".'
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
    except ImportError as error:
        message = f"huggingface_hub is not installed ({error}): pip install 'attention-zoo[hub]'."
        raise CallError(message) from error
    try:
        return Path(snapshot_download(found["name"], revision=found["revision"], allow_patterns=FILES))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise CallError(f"The Hub has no model {where} that can be read: {str(error).splitlines()[0]}") from error
    except (HfHubHTTPError, OSError) as error:
        raise WorkError(f"Could not fetch {where}: {str(error).splitlines()[0]}") from error
