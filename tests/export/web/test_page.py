"""The page in Chromium: it answers as Python does, and can be used without a mouse."""

import math

import numpy as np
import pytest

from tests.support.browser import chromium, litert_js, opened, served, type_and_wait
from tests.support.untrained import untrained
from zoo.constants import END
from zoo.export.web.exporter import export_web
from zoo.prediction import Beam
from zoo.training.data.numbers import generate

pytestmark = pytest.mark.slow

COUNT = 100
ODD = ["", " ", "\U0001f600 \u4f60\u597d", "a\tb\u00a0c", "x" * 300, "<b>cinq</b>"]


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return litert_js(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def sites(browser, packages, tiny_run, tiny_classifier, tiny_lm, tmp_path_factory):
    """The addresses of three sites, by task."""
    import contextlib

    runs = {run.task: run for run in (tiny_run, tiny_classifier, tiny_lm)}
    with contextlib.ExitStack() as stack:
        addresses = {}
        for task, run in runs.items():
            folder = tmp_path_factory.mktemp("sites") / task
            export_web(run, folder, litert_js=packages)
            addresses[task] = stack.enter_context(served(folder))
        yield addresses


def texts(column="source"):
    return [getattr(one, column) for one in generate("test", COUNT)] + ODD


def ask(page, texts, **options):
    """Return the page's answers to many texts, with attention as lists."""
    script = """async ([texts, options]) => {
        const all = [];
        for (const text of texts) {
            const answers = await zoo.answer(text, options);
            all.push(answers.map((one) => ({
                ...one, attention: one.attention && one.attention.map((row) => [...row]),
            })));
        }
        return all;
    }"""
    return page.evaluate(script, [texts, options])


def check(answer, expected):
    assert answer["output"] == expected.output
    assert math.isclose(answer["score"], expected.score, rel_tol=1e-4, abs_tol=1e-4)
    assert answer["truncated"] == expected.truncated


def check_attention(answer, expected):
    assert answer["sourcePieces"] == expected.source_pieces and answer["targetPieces"] == expected.target_pieces
    if len(expected.target_pieces):
        np.testing.assert_allclose(np.array(answer["attention"]), expected.attention, atol=1e-4)


def check_translations(browser, address, run, distinct):
    """Compare greedy answers and all hypotheses of the beam; so many of the answers must differ from each other."""
    predictor = run
    with opened(browser, address) as page:
        greedy, beams = ask(page, texts()), ask(page, texts(), beam=True)
    for expected, answers in zip(predictor.predict(texts()), greedy, strict=True):
        assert len(answers) == 1
        check(answers[0], expected)
        check_attention(answers[0], expected)
    assert len({answers[0]["output"] for answers in greedy}) >= distinct
    for expected, answers in zip(predictor.predict(texts(), beam=Beam(4, n_best=4)), beams, strict=True):
        check(answers[0], expected)
        check_attention(answers[0], expected)
        assert [one["output"] for one in answers] == [one.output for one in expected.alternatives]


def test_translations_are_those_of_python(browser, sites, tiny_run):
    check_translations(browser, sites["translation"], tiny_run, 5)


def test_translations_of_a_self_attending_encoder(browser, packages, tmp_path):
    run = untrained("self_attention_seq2seq", "tanh", tmp_path)
    kernel, bias = run.model.logits.get_weights()
    bias[END] -= 4  # so that few answers are empty
    run.model.logits.set_weights([kernel, bias])
    export_web(run, tmp_path / "site", litert_js=packages)
    with served(tmp_path / "site") as address:
        check_translations(browser, address, run, 20)


def test_labels_and_arcs_are_those_of_python(browser, sites, tiny_classifier):
    with opened(browser, sites["classification"]) as page:
        found = ask(page, texts())
    assert len({answers[0]["output"] for answers in found}) > 1
    for expected, (answer,) in zip(tiny_classifier.predict(texts()), found, strict=True):
        check(answer, expected)
        check_attention(answer, expected)
        assert math.isclose(sum(answer["probabilities"]), 1, abs_tol=1e-5)


def test_a_whole_text_attends_once_and_its_label_names_the_row(browser, packages, tmp_path):
    run = untrained("structured_self_attention", "gru", tmp_path)
    export_web(run, tmp_path / "site", litert_js=packages)
    with served(tmp_path / "site") as address, opened(browser, address) as page:
        for expected, (answer,) in zip(run.predict(texts()), ask(page, texts()), strict=True):
            check(answer, expected)
            check_attention(answer, expected)
        type_and_wait(page, "le 28 octobre 1934")
        (expected,) = run.predict(["le 28 octobre 1934"])
        assert page.locator("#map tbody th").all_text_contents() == [expected.output]
        assert "from each word of the answer" in page.inner_text("#attention-note")


def test_continuations_are_those_of_python(browser, sites, tiny_lm):
    predictor, prompts = tiny_lm, [text[:9] for text in texts("target")]
    with opened(browser, sites["language_model"]) as page:
        found = ask(page, prompts)
    for prompt, expected, (answer,) in zip(prompts, predictor.predict(prompts), found, strict=True):
        check(answer, expected)
        explained = predictor.explain(prompt)
        assert answer["sourcePieces"] == explained.source_pieces
        np.testing.assert_allclose(np.array(answer["attention"]), explained.attention, atol=1e-4)


def test_typing(browser, sites, tiny_run):
    """The answer on the page, the beam, the pictures and the table follow what is typed."""
    text = "le 28 octobre 1934"
    (expected,) = tiny_run.predict([text], beam=Beam(4, n_best=4))
    with opened(browser, sites["translation"]) as page:
        type_and_wait(page, text)
        assert page.text_content("#output") == tiny_run.predict([text])[0].output
        assert page.locator("#hypotheses label").count() == 0
        page.check("input[value=beam]")
        type_and_wait(page, text, "beam")
        outputs = [one.output for one in expected.alternatives]
        assert page.locator("#hypotheses .text").all_text_contents() == [one or "(nothing)" for one in outputs]
        page.uncheck("#joined")
        rows = page.locator("#map tbody tr")
        assert page.locator("#map tbody th").all_text_contents()[:-1] == expected.target_pieces[:-1]
        assert rows.count() == len(expected.target_pieces)
        numbers = rows.nth(0).locator("td").all_text_contents()
        assert [int(one) for one in numbers] == [round(100 * float(one)) for one in expected.attention[0]]
        type_and_wait(page, "", "beam")
        assert page.inner_text("#output") == "" and page.is_hidden("#attention") and page.is_hidden("#beam")


def test_hash_fills_the_text(browser, sites, tiny_run):
    with opened(browser, f"{sites['translation']}#text=cinq%20heures") as page:
        page.wait_for_function("() => document.getElementById('output').dataset.input === 'cinq heures'")
        assert page.text_content("#output") == tiny_run.predict(["cinq heures"])[0].output


@pytest.mark.parametrize("task", ["translation", "classification"])
def test_without_a_mouse(task, browser, sites):
    """Tab reaches everything, arrows go from word to word, and a sentence says what is followed."""
    with opened(browser, sites[task], viewport={"width": 375, "height": 800}) as page:
        type_and_wait(page, "le 28 octobre 1934")
        seen = []
        page.focus("#text")
        for _ in range(20):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.id || document.activeElement.className || 'page'")
            seen.append(focused)
            if focused.startswith("word"):
                break
        assert seen[-1].startswith("word")
        first = page.inner_text("#followed")
        page.keyboard.press("ArrowDown")
        second = page.inner_text("#followed")
        assert "look" in first and "look" in second and first != second
        assert page.locator("#picture path.on").count() >= 0 and page.locator(".word.on").count() >= 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_every_control_has_a_name(browser, sites):
    with opened(browser, sites["translation"]) as page:
        type_and_wait(page, "cinq")
        unnamed = page.evaluate("""() => [...document.querySelectorAll("input, textarea, button, output, progress")]
            .filter((one) => !one.labels?.length && !one.getAttribute("aria-labelledby") && !one.textContent.trim())
            .map((one) => one.outerHTML)""")
        assert unnamed == []
        assert page.get_attribute("html", "lang") == "en" and page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme, browser, sites):
    """Text stands out from its ground by 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    script = """(names) => {
        const style = getComputedStyle(document.documentElement);
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        return names.map((name) => {
            canvas.fillStyle = style.getPropertyValue(name);
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        });
    }"""
    with opened(browser, sites["translation"], color_scheme=scheme) as page:
        page_color, sheet, soft, *texts = page.evaluate(
            script, ["--page", "--sheet", "--accent-soft", "--ink", "--quiet", "--accent", "--alarm"]
        )
    for ground in (page_color, sheet, soft):
        for text in texts:
            light, dark = sorted([luminance(ground), luminance(text)], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, text)


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in color)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize(("name", "expected"), [("model.tflite", "only"), ("source.json", "404")])
def test_a_damaged_site_says_so(name, expected, browser, packages, tiny_run, tmp_path):
    export_web(tiny_run, tmp_path / "site", litert_js=packages)
    file = tmp_path / "site" / name
    file.write_bytes(file.read_bytes()[:-1000]) if expected == "only" else file.unlink()
    with served(tmp_path / "site") as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("() => document.getElementById('error').textContent !== ''", timeout=60_000)
        assert name in page.inner_text("#error") and expected in page.inner_text("#error")
        assert page.is_disabled("#text")
        page.close()


def test_a_changed_runtime_is_not_run(browser, packages, tiny_run, tmp_path):
    export_web(tiny_run, tmp_path / "site", litert_js=packages)
    (script,) = (tmp_path / "site").rglob("litert_wasm_compat_internal.js")
    script.write_bytes(script.read_bytes().replace(b" ", b"\t", 1))
    with served(tmp_path / "site") as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("() => document.getElementById('error').textContent !== ''", timeout=60_000)
        assert "litert_wasm_compat_internal.js" in page.inner_text("#error")
        page.close()
