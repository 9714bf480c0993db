"""The cost of a page in Chromium: bytes and time before the first answer, and milliseconds a text.

    python -m benchmarks.web SITE TEXTS [--count 200]

SITE is a folder that `zoo export --to web --litert-js` wrote; TEXTS is a text file, plain or gzip.
"""

import argparse
import gzip
import json
import statistics
from pathlib import Path

from tests.support.browser import chromium, opened, served, type_and_wait
from zoo.export.formats import SITE_FILE

FETCHED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((one) => one.name.startsWith("http")).map((one) => one.name)"""
TIMED = """async ([texts, options]) => {
    const times = [];
    for (const text of texts) {
        const began = performance.now();
        await zoo.answer(text, options);
        times.push(performance.now() - began);
    }
    return times;
}"""


def main() -> None:
    """Measure the page and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    texts = _lines(options.texts)[: options.count]
    with chromium() as browser, served(options.site) as address, opened(browser, address) as page:
        loaded = int(page.get_attribute("#hint", "data-loaded"))
        type_and_wait(page, texts[0])
        first = page.evaluate("performance.now()")
        names = page.evaluate(FETCHED)
        files = [options.site / (name.removeprefix(address) or "index.html") for name in names]
        report = {
            "requests": len(files),
            "bytes": sum(file.stat().st_size for file in files),
            "gzipped_bytes": sum(len(gzip.compress(file.read_bytes())) for file in files),
            "ready_ms": loaded,
            "first_answer_ms": round(first),
            "texts": len(texts),
            "median_ms": _median(page.evaluate(TIMED, [texts, {}])),
        }
        if json.loads((options.site / SITE_FILE).read_text())["task"] == "translation":
            report["median_beam_ms"] = _median(page.evaluate(TIMED, [texts, {"beam": True}]))
    print(json.dumps(report, indent=2))


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode().splitlines()


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 1)


if __name__ == "__main__":
    main()
