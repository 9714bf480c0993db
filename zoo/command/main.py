"""The entry of the command `zoo`: standard streams, errors and exit status."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.command.console import set_environment
from zoo.command.parser import make_parser
from zoo.errors import WorkError, ZooError
from zoo.log import logger, to_stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0: done; 1: the work failed; 2: the call was wrong; 130: Ctrl-C; 143: SIGTERM.
    """
    set_environment()
    closed = sys.stdout is None  # its answers would be lost without a word
    _prepare_streams()
    if closed:
        _report("standard output is closed")
        return 1
    to_stderr()
    logger.propagate = False  # libraries give the root logger a handler, which would print every line again
    try:
        return _run(arguments)
    finally:
        logger.propagate = True


def _run(arguments: Sequence[str] | None) -> int:
    options, before = None, None
    try:
        options = make_parser().parse_args(arguments)
        before = _written(_run_of(options))
        options.module.run(options)
        print(end="", flush=True)  # standard output may be closed
        return 0
    except ZooError as error:
        # Keras removes the cause of errors that pass through `fit`, and leaves the context.
        failed_write = isinstance(error, WorkError) and isinstance(error.__context__, OSError)
        _report(f"{error}{_resume_hint(options, before) if failed_write else ''}")
        return error.exit_status
    except KeyboardInterrupt as stop:
        _report(f"stopped.{_resume_hint(options, before)}")
        return getattr(stop, "exit_status", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        package = (error.name or "zoo").partition(".")[0]
        if package == "zoo":  # a broken installation: the traceback says where
            raise
        _report(f"{package} is not installed, and this command needs it: pip install attention-zoo")
        return 1
    except (OSError, MemoryError) as error:
        _report(str(error) or "out of memory")
        try:
            sys.stdout.flush()
        except OSError:  # what cannot be written is dropped: at its end Python would try again, and end with 120
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if not _was_stopped(error):
            raise
        _report(f"stopped.{_resume_hint(options, before)}")
        return 130


def _was_stopped(error: BaseException | None) -> bool:
    """Tell whether a library caught the Ctrl-C, as TensorFlow's bare `except:` do, and raised this error instead."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _prepare_streams() -> None:
    """Write UTF-8 to standard output in every locale; what UTF-8 cannot encode, as in file names, is escaped."""
    if sys.stdout is None:  # closed: the next file that is opened would get its descriptor
        sys.stdout = open(os.devnull, "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _report(message: str) -> None:
    print(f"zoo: {message}", file=sys.stderr)


def _run_of(options: argparse.Namespace | None) -> Path | None:
    """Return the run folder that a command writes, if it writes one."""
    run_of = getattr(options.module, "run_of", None) if options else None
    return run_of(options) if run_of else None


def _written(run: Path | None) -> tuple[int, int] | None:
    """Return what tells the config of a run from one that is written in its place; None where there is none."""
    try:
        found = (run / "config.json").stat() if run else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns) if found else None


def _resume_hint(options: argparse.Namespace | None, before: tuple[int, int] | None) -> str:
    """Return the command line that continues the run that was stopped, if there is one that can be continued.

    A run that stood there `before`, and was to be replaced, is not the one that was stopped.
    """
    run = _run_of(options)
    written = _written(run)
    if run is None or written is None or (written == before and not getattr(options, "resume", None)):
        return ""
    from zoo.run_folder import resume_command

    return f" Go on with: {resume_command(run)}"
