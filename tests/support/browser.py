"""Chromium, without a window, on a site served from this process; and where LiteRT.js comes from."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from zoo.export.web.litert_js import FILES, VERSION

VARIABLE = "ATTENTION_ZOO_LITERT_JS"


def litert_js(folder: Path) -> Path:
    """Return a folder with LiteRT.js: the one the variable names, or one that npm fills; else skip the test."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if shutil.which("npm") is None:
        pytest.skip(f"there is no npm to fetch LiteRT.js with, and {VARIABLE} names no folder")
    for package in sorted({file.package for file in FILES}):
        command = ["npm", "pack", "--silent", f"{package}@{VERSION}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"npm cannot fetch {package}: {done.stderr.strip()[:200]}")
        place = folder / "node_modules" / package
        place.mkdir(parents=True)
        archive = folder / done.stdout.strip()
        subprocess.run(["tar", "-xf", archive, "-C", place, "--strip-components=1"], check=True)
        archive.unlink()
    return folder


@contextlib.contextmanager
def chromium():
    """Yield a browser, or skip the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path):
    """Serve a folder, with no header that a plain static host would not send, and yield its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def opened(browser, address, **options):
    """Yield the page of a site when it is ready; in the end there were no errors, and no request to another host."""
    asked, errors = [], []
    context = browser.new_context(**options)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("#loading[hidden]", state="attached")
    assert page.inner_text("#error") == ""
    yield page
    host = address.split("#")[0]
    assert asked and [url for url in asked if not url.startswith((host, "blob:", "data:"))] == []
    assert errors == []
    context.close()


def type_and_wait(page, text, search="greedy"):
    """Type a text into the page and wait for its answer."""
    page.fill("#text", text)
    page.wait_for_function(
        "([text, search]) => { const { dataset } = document.getElementById('output');"
        " return dataset.input === text && dataset.search === search; }",
        arg=[text, search],
    )
