"""Ctrl-C and SIGTERM, deferred until the end of a training step."""

import contextlib
import os
import signal
import threading

from zoo.errors import Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTED = b"stopping after this step, with a checkpoint; once more stops at once\n"


class StopSignals:
    """Notes Ctrl-C and SIGTERM inside its `with` block, so that the training can stop where it can be resumed.

    A second signal has its usual effect. Outside the main thread this does nothing: Python lets only the main thread
    handle signals.

    Attributes:
        received: the number of the signal; None if none has come.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # as under nohup
            self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *_) -> None:
        self._undo()

    def _note(self, number, _):
        self.received = number
        self._undo()
        with contextlib.suppress(OSError):
            os.write(2, NOTED)  # not `logging`: the signal may have come while it was writing

    def _undo(self):
        for number, before in self._before.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)  # None: not set from Python
        self._before = {}

    def stop_if_asked(self) -> None:
        """Stop the training if a signal has come.

        Raises:
            Stopped: a signal has come; the command ends with exit status 130 or 143.
        """
        if self.received is not None:
            raise Stopped(self.received)
