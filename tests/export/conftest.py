"""Exports that many tests read, each made once a session."""

import pytest

from tests.support.untrained import untrained


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A function that exports a run to a format with options, once, and returns the report; nobody may change it."""
    from zoo.export.formats import exporter

    reports = {}

    def export(run, format, **options):
        key = (run.path, format, repr(sorted(options.items())))
        if key not in reports:
            reports[key] = exporter(format)(run, tmp_path_factory.mktemp(format) / "out", **options)
        return reports[key]

    return export


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """A function that returns an untrained run of a model, made once; nobody may change it."""
    runs = {}

    def run(name, cell="tanh", **options):
        key = (name, cell, repr(sorted(options.items())))
        if key not in runs:
            runs[key] = untrained(name, cell, tmp_path_factory.mktemp(name), **options)
        return runs[key]

    return run
