"""Models of the Hugging Face Hub: data alone is fetched, never code; and the upload of a preset."""

import glob
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeGuard

from zoo.errors import CallError, WorkError, first_line
from zoo.shortlist import SHORTLIST

SCHEME = "hf://"
# JSON, SentencePiece and text files, .keras (loaded in safe mode), .tflite and the arrays of a shortlist: no SavedModel
# and no pickle.
FILES = ["*.json", "*.model", "*.txt", "*.md", "*.keras", "*.tflite", SHORTLIST]
LARGEST = 1 << 30  # bytes of all files
ADDRESS = re.compile(r"hf://(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def is_hub_address(where: object) -> TypeGuard[str]:
    """Return true for an address like "hf://owner/name"."""
    return isinstance(where, str) and where.startswith(SCHEME)


def fetch_from_hub(where: str) -> Path:
    """Fetch a model of the Hub into the cache of `huggingface_hub`, and return its folder.

    Args:
        where: "hf://owner/name", or "hf://owner/name@revision" for a branch, tag or commit.

    Raises:
        CallError: no such address or model, one of more than a GiB, or `huggingface_hub` is not installed.
        WorkError: the Hub cannot be reached.
    """
    name, revision = _parts(where)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HFValidationError,
            HTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        raise _not_installed(error) from error
    files: dict[str, int] = {}
    try:
        files = _files_of(name, revision)
        _check_size(where, files.values())
        patterns = [glob.escape(file) for file in files]
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise CallError(f"The Hub has no model {where} that can be read: {first_line(error)}") from error
    except (HTTPError, OSError) as error:
        cached = _cached(name, revision)
        if cached is None or not all((cached / file).is_file() for file in files):  # some of them did not arrive
            raise WorkError(f"Could not fetch {where}: {first_line(error)}") from error
        folder = cached
    _check_size(where, (file.stat().st_size for file in folder.rglob("*") if file.is_file()))
    return folder


def push_to_hub(files: Iterable[Path], where: str, *, card: Path, private: bool = False) -> str:
    """Upload files of one folder, and return the address of the page.

    The token is that of `hf auth login`, or in the environment variable `HF_TOKEN`.

    Args:
        files: the files.
        where: "hf://owner/name"; the model is made if it does not exist.
        card: the file that becomes the page of the model, its `README.md`.
        private: make the model for its owner alone; by default, the owner's settings decide.

    Raises:
        CallError: no such address, no right to write there, `private` and the model is there and public, or
            `huggingface_hub` is not installed.
        WorkError: the Hub cannot be reached.
    """
    name, revision = _parts(where)
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
        from huggingface_hub.errors import HfHubHTTPError, HTTPError
    except ImportError as error:
        raise _not_installed(error) from error
    added = {file.name: file for file in files} | {"README.md": card}
    operations = [CommitOperationAdd(path, str(file)) for path, file in added.items()]
    try:
        api = HfApi()
        api.create_repo(name, private=private or None, exist_ok=True)  # of one that exists, `private` is ignored
        if private and not api.model_info(name).private:
            raise CallError(f"{where} is there and public: nothing was uploaded. Make it private on its page.")
        done = api.create_commit(name, operations, commit_message=f"Upload {card.parent.name}", revision=revision)
    except CallError:
        raise
    except (HfHubHTTPError, ValueError) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code >= 500:
            raise WorkError(f"Could not write {where}: {first_line(error)}") from error
        raise CallError(f"The Hub does not let you write {where}: {first_line(error)}") from error
    except (HTTPError, OSError) as error:
        raise WorkError(f"Could not write {where}: {first_line(error)}") from error
    return str(done.repo_url)


def _parts(where: str) -> tuple[str, str | None]:
    """Return the name and the revision of an address."""
    found = ADDRESS.fullmatch(where)
    if found is None:
        raise CallError(
            f'An address of the Hub is "hf://owner/name" or "hf://owner/name@revision". Received: "{where}".'
        )
    return found["name"], found["revision"]


def _not_installed(error: ImportError) -> CallError:
    return CallError(f"huggingface_hub is not installed ({error}): pip install 'attention-zoo[hub]'.")


def _files_of(name: str, revision: str | None) -> dict[str, int]:
    """Return the files of a model that the zoo reads, none of them in a folder, with their sizes."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(name, revision=revision, files_metadata=True)
    files = {file.rfilename: file.size or 0 for file in info.siblings or [] if "/" not in file.rfilename}
    return {file: size for file, size in files.items() if any(fnmatch(file, pattern) for pattern in FILES)}


def _cached(name: str, revision: str | None) -> Path | None:
    """Return the folder of a model that was fetched before; None if there is none."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=FILES, ignore_patterns=["*/*"], local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        return None


def _check_size(where: str, sizes: Iterable[int]) -> None:
    if (total := sum(sizes)) > LARGEST:
        raise CallError(f"{where} is too large: its files may have {LARGEST:,} bytes together. Received: {total:,}.")
