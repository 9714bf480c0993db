"""The documents name files, modules and pages that are there, in lines of at most 120 characters."""

import importlib.util
import re

import pytest

from tests.support.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.fixture(params=DOCUMENTS, ids=lambda file: file.name)
def document(request):
    return request.param


def test_lines_are_short(document):
    lines = document.read_text(encoding="utf-8").split("\n")
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert target.startswith("http") or (document.parent / target).exists(), target


def test_files_are_there(document):
    rooms = "zoo|training|export|tests|benchmarks|docs"
    for name in re.findall(rf"`((?:{rooms})/[\w./-]*)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_modules_are_there(document):
    text = document.read_text(encoding="utf-8")
    modules = {*re.findall(r"python -m (benchmarks\.\w+)", text), *re.findall(r"from (zoo[\w.]*) import", text)}
    for name in modules:
        assert importlib.util.find_spec(name) is not None, name
