"""LiteRT.js, which runs the model in the page: its release, its files and their digests."""

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from zoo.errors import CallError

VERSION = "2.5.3"
CDN = "https://cdn.jsdelivr.net/npm/"
FOLDER = "litert-js"  # in the site, for files that are copied
NOTICE = f"""The files in this folder are parts of LiteRT.js {VERSION} by Google LLC, unchanged, from the packages
@litertjs/core and @litertjs/wasm-utils of npm. Licence: Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0
"""


class File(NamedTuple):
    """A file of an npm package: its size, and its SHA-384 as browsers check it."""

    package: str
    path: str
    bytes: int
    digest: str

    @property
    def integrity(self) -> str:
        """The value of the `integrity` attribute."""
        return f"sha384-{self.digest}"


def integrity(content: bytes) -> str:
    """Return the value of the `integrity` attribute of a file, its SHA-384."""
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


CORE = File(
    "@litertjs/core",
    "dist/index.js",
    53482,
    "MapSVJ/DPwvaWpp7q+Bid9O3uY1oB0KOU1QRMP+Mm5zdz5oMme/BUyX6dVAMWnPg",
)
UTILITIES = File(
    "@litertjs/wasm-utils",
    "dist/index.js",
    1494,
    "HIPwlWsctS5BRqrnvJKDVJ8SvqKB0QmiImdr6+hpP7+8UqeMJX/qrBkdfKQV2WZ/",
)
# The build for every browser: without threads, which need special headers from the host, and without relaxed SIMD,
# whose results may differ between processors.
SCRIPT = File(
    "@litertjs/core",
    "wasm/litert_wasm_compat_internal.js",
    273246,
    "oh4nb8zDq6eVOpGeZE5gwDOJ16QujHLL8k/HEXt3XiPxr+8zn3YnkXP8P3BlJET1",
)
WASM = File(
    "@litertjs/core",
    "wasm/litert_wasm_compat_internal.wasm",
    9334181,
    "glAZ6WjS7tLRt89pbTPXvLC1c7DCaVSfL2ngn5gZJiUuPs76fWYJy7ZeFaD0PJXx",
)
FILES = (CORE, UTILITIES, SCRIPT, WASM)


def find(folder: str | os.PathLike) -> dict[File, Path]:
    """Find the files that the page needs.

    Args:
        folder: where `npm install @litertjs/core` was run, its `node_modules`, or the package `@litertjs/core` there.

    Raises:
        CallError: the files are missing, or of another release.
    """
    given = Path(folder)
    roots = [given, given / "node_modules", given.resolve().parent.parent]
    root = next((path for path in roots if all((path / file.package).is_dir() for file in FILES)), None)
    if root is None:
        raise CallError(
            f"`litert_js` must be a folder where `npm install @litertjs/core@{VERSION}` was run. Received: {given}, "
            f"which has no {CORE.package} and {UTILITIES.package}."
        )
    return {file: _checked(root / file.package, file) for file in FILES}


def _checked(package: Path, file: File) -> Path:
    path = package / file.path
    try:
        content = path.read_bytes()
        version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CallError(f"`litert_js`: cannot read {file.package} in {package}: {error}.") from error
    if version != VERSION:
        raise CallError(f"`litert_js` must hold {file.package} {VERSION}. Received: {version}, in {package}.")
    if integrity(content) != file.integrity:
        raise CallError(f"`litert_js`: {path} is damaged: it is not the file of {file.package} {VERSION}.")
    return path


def copy(files: dict[File, Path], site: Path) -> None:
    """Copy the files that `find` returned into a site."""
    for file, path in files.items():
        target = site / FOLDER / file.package / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (site / FOLDER / "NOTICE.txt").write_text(NOTICE, encoding="utf-8")


def addresses(local: bool) -> dict[File, str]:
    """Return the address of each file: in the site itself, or in the public copy of npm's packages."""
    if local:
        return {file: f"./{FOLDER}/{file.package}/{file.path}" for file in FILES}
    return {file: f"{CDN}{file.package}@{VERSION}/{file.path}" for file in FILES}


def import_map(where: dict[File, str]) -> dict[str, Any]:
    """Return the import map with which the page's modules import those of LiteRT.js."""
    modules = (CORE, UTILITIES)
    return {
        "imports": {file.package: where[file] for file in modules},
        "integrity": {where[file]: file.integrity for file in modules},
    }
