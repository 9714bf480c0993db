"""The logger of the library, which training writes to; `zoo/log.py`."""

import contextlib
import io
import logging
import subprocess
import sys

import pytest

from zoo.log import logger, to_stderr


@pytest.fixture
def fresh():
    """The logger as it is before `to_stderr`, and afterwards as it was."""
    handlers, level = logger.handlers[:], logger.level
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_the_command_writes_information_as_it_is_and_marks_warnings(fresh, capsys):
    to_stderr()
    to_stderr()  # changes nothing
    logger.info("waiting for all 2 workers")
    logger.warning("100% is damaged")
    logger.debug("unseen")
    assert capsys.readouterr() == ("", "waiting for all 2 workers\nwarning: 100% is damaged\n")


def test_the_standard_error_of_the_moment_is_written_to(fresh):
    to_stderr()
    for _ in range(2):
        with contextlib.redirect_stderr(io.StringIO()) as replaced:
            logger.warning("here")
        assert replaced.getvalue() == "warning: here\n"


def test_a_closed_standard_error_ends_nothing(fresh, capsys):
    to_stderr()
    closed = io.StringIO()
    closed.close()
    with contextlib.redirect_stderr(closed):
        logger.warning("unseen")
    with contextlib.redirect_stderr(None):
        logger.warning("unseen")
    assert capsys.readouterr() == ("", "")


def test_a_library_warns_and_is_otherwise_silent():
    code = "from zoo.log import logger; logger.info('information'); logger.warning('warning')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "warning\n")
