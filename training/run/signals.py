"""Ctrl-C and SIGTERM, put off until a step has ended."""

import contextlib
import os
import signal
import threading

from zoo.errors import Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTED = b"stopping after this step, with a checkpoint; once more stops at once\n"


class StopSignals:
    """Notes Ctrl-C and SIGTERM inside its `with` block, for the training to stop where it can be continued.

    A second signal does what it would do without this. Outside the main thread it does nothing: Python does not let
    other threads handle signals.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            heard = [one for one in SIGNALS if signal.getsignal(one) != signal.SIG_IGN]  # as under nohup
            self._before = {one: signal.signal(one, self._note) for one in heard}
        return self

    def __exit__(self, *_) -> None:
        self._undo()

    def _note(self, number, _):
        self.received = number
        self._undo()
        with contextlib.suppress(OSError):
            os.write(2, NOTED)  # the signal may have come while something was being printed

    def _undo(self):
        for one, before in self._before.items():
            signal.signal(one, before if before is not None else signal.SIG_DFL)  # None: not set from Python
        self._before = {}

    def stop_if_asked(self) -> None:
        """Raise what the command turns into exit status 130 or 143, if a signal has come.

        Raises:
            Stopped: a signal has come.
        """
        if self.received is not None:
            raise Stopped(self.received)
