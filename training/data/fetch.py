"""A file over HTTP: resumed after a broken connection, checked, and renamed only when it is complete."""

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo.atomic_files import sha256_of
from zoo.errors import WorkError

TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 16
# manythings.org refuses Python's own User-Agent.
USER_AGENT = "Mozilla/5.0 (compatible; attention-zoo)"

Report = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Remote:
    """A file on a server.

    Attributes:
        address: its URL.
        size: its size in bytes, if known.
        sha256: its SHA-256 in hexadecimal, if known.
    """

    address: str
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.address.rsplit("/", 1)[-1]


def fetch(remote: Remote, folder: Path, *, report: Report = lambda done, total: None) -> Path:
    """Download a file into a folder and return its path.

    When the connection breaks, the bytes received so far are kept in `<name>.part`. The next call continues from there
    if the server supports ranges and still has the same file. A file of this name that is already in the folder, for
    example one that was fetched by hand, is checked and not fetched again.

    Args:
        remote: the file to fetch.
        folder: the folder to put it into; created if missing.
        report: called with the number of bytes received and the total, None if the server does not give one.

    Raises:
        WorkError: no connection, a refusal, a broken connection, or a file that is not the expected one.
    """
    whole, part = folder / remote.name, folder / f"{remote.name}.part"
    if whole.exists():
        _check(remote, whole)
        return whole
    by_hand = f"A file that was fetched by hand goes to {whole}; then run the same command again."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _receive(remote, part, report)
        _check(remote, part)
        os.replace(part, whole)
        _tag_of(part).unlink(missing_ok=True)
    except urllib.error.HTTPError as error:
        with error:
            answer = f"{error.code} {error.reason}"
            raise WorkError(f"{remote.address}: the server answered {answer}. {by_hand}") from None
    except (OSError, http.client.HTTPException) as error:
        raise WorkError(
            f"Could not download {remote.address}: {getattr(error, 'reason', None) or error or type(error).__name__}. "
            f"Run the same command again to continue from where it stopped. {by_hand}"
        ) from error
    return whole


def discard(part: Path) -> None:
    """Remove a partial file and its tag."""
    part.unlink(missing_ok=True)
    _tag_of(part).unlink(missing_ok=True)


def _tag_of(part: Path) -> Path:
    """Return the path of the tag of a partial file: the server's mark of the version that it is part of."""
    return part.with_name(part.name + ".tag")


def _receive(remote: Remote, part: Path, report: Report) -> None:
    """Append the missing bytes to `part`, or write all of them when the server does not resume."""
    start = part.stat().st_size if part.exists() else 0
    if start and start == remote.size:
        return
    try:
        response = _open(remote.address, part, start)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        error.close()
        discard(part)
        response = _open(remote.address, part, 0)
    with response:
        start, total = _extent(response, start)
        if remote.size is not None and total is not None and total != remote.size:
            discard(part)
            raise WorkError(f"{remote.address}: expected {remote.size} bytes. The server offers {total}.")
        _copy(response, part, start, total, report)
    received, expected = part.stat().st_size, remote.size if total is None else total
    if expected is not None and received < expected:
        raise ConnectionError(f"the connection broke after {received} of {expected} bytes")


def _open(address: str, part: Path, start: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if _tag_of(part).exists():
            headers["If-Range"] = _tag_of(part).read_text()
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=TIMEOUT_SECONDS)


def _extent(response: http.client.HTTPResponse, start: int) -> tuple[int, int | None]:
    """Return the offset of the response's bytes in the file, and the size of the file, if known."""
    if response.status == http.client.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != start:
            raise WorkError(
                f"{response.url}: expected the bytes from {start} on. "
                f"Received: Content-Range {response.headers.get('Content-Range')!r}."
            )
        return start, int(found[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _copy(response: http.client.HTTPResponse, part: Path, start: int, total: int | None, report: Report) -> None:
    if not start:
        # A weak ETag marks equivalent files, not equal ones: not enough to join two parts.
        tag = response.headers.get("ETag") or ""
        tag = tag if tag.startswith('"') else response.headers.get("Last-Modified") or ""
        if tag:
            _tag_of(part).write_text(tag)
        else:
            _tag_of(part).unlink(missing_ok=True)
    done = start
    with part.open("ab" if start else "wb") as out:
        while chunk := response.read(CHUNK_BYTES):
            out.write(chunk)
            done += len(chunk)
            report(done, total)


def _check(remote: Remote, part: Path) -> None:
    """Compare a file with the expected size and digest; remove it if they differ."""
    size = part.stat().st_size
    if remote.size is not None and size != remote.size:
        discard(part)
        raise WorkError(f"{remote.address}: expected {remote.size} bytes. Received: {size}.")
    if remote.sha256 is not None and (received := sha256_of(part)) != remote.sha256:
        discard(part)
        raise WorkError(f"{remote.address}: expected the SHA-256 {remote.sha256}. Received: {received}.")
