"""The base of the clients of TF Serving: deadlines, retries and errors."""

import itertools
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import CallError, WorkError, nearest

READY = "AVAILABLE"
# Failures that may pass, after which a call is repeated; a prediction changes nothing on the server.
PASSING = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"})
# Failures that the caller can correct.
WRONG_CALL = frozenset(
    {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "UNAUTHENTICATED",
     "PERMISSION_DENIED"}
)  # fmt: skip


class Tensor(NamedTuple):
    """An input or output of a signature: the name of its NumPy dtype ("str" for text), and its shape."""

    dtype: str
    shape: tuple[int, ...]


class Signature(NamedTuple):
    """The inputs and outputs of a signature by name."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Failure(Exception):
    """A failed call.

    Args:
        status: the name of the status in gRPC.
        message: the reason.
    """

    def __init__(self, status: str, message: str):
        super().__init__(message)
        self.status = status


class Client:
    """The base class of the clients.

    Args:
        where: the address, for messages.
        model: the name under which the model is served.
        version: its number; by default the newest.
        deadline: the seconds that a call may take, retries included.
        retries: how often a call is repeated after a failure that may pass.

    Raises:
        CallError: an argument is out of range.
    """

    def __init__(self, where: str, model: str, *, version: int | None = None, deadline: float = 10.0, retries: int = 3):
        if not 0 < deadline < math.inf:
            raise CallError(f"`deadline` must be a positive number of seconds. Received: deadline={deadline}.")
        if retries < 0:
            raise CallError(f"`retries` must be zero or more. Received: retries={retries}.")
        self.where, self.model, self.version = where, model, version
        self.deadline, self.retries = deadline, retries
        self._signatures: dict[str, Signature] = {}

    def predict(self, inputs: Mapping[str, Any], *, signature: str = "serving_default") -> dict[str, np.ndarray]:
        """Return the outputs of a signature.

        Args:
            inputs: by name; lists or arrays with a row for each question. A single value, such as `beam_width=4`,
                is repeated for every row.
            signature: the name of the signature, from `signatures()`.

        Returns:
            The outputs by name, the rows in the order of the inputs; text is `str` in object arrays.

        Raises:
            CallError: the server has no such model, version or signature, or the inputs do not fit it.
            WorkError: the server could not be reached, failed, or did not answer in time.
        """
        end = time.monotonic() + self.deadline
        about = self._signature(signature, end)
        arrays = _fit(signature, about.inputs, inputs)
        return self._try(lambda left: self._predict(arrays, signature, about, left), end)

    def signatures(self) -> dict[str, Signature]:
        """Return the signatures of the model, by name.

        Raises:
            CallError, WorkError: as `predict`.
        """
        return self._try(self._metadata, time.monotonic() + self.deadline)

    def status(self) -> dict[int, str]:
        """Return the state of each version by its number: AVAILABLE when it answers.

        Raises:
            CallError, WorkError: as `predict`.
        """
        return self._try(self._status, time.monotonic() + self.deadline)

    def wait(self, seconds: float) -> None:
        """Wait until a version is available.

        Raises:
            WorkError: no version is, within that time.
        """
        end, reason = time.monotonic() + seconds, "it was not asked"
        while (left := end - time.monotonic()) > 0:
            try:
                states = self._status(min(left, 2.0))
                if READY in states.values():
                    return
                reason = f"its versions are {states}"
            except Failure as error:
                reason = str(error)
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))
        raise WorkError(f"{self.where} does not serve {self.model} after {seconds:g} s: {reason}.")

    def close(self) -> None:
        """Close the connection."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _signature(self, name: str, end: float) -> Signature:
        if name not in self._signatures:  # a newer version may have it
            self._signatures = self._try(self._metadata, end)
        if name not in self._signatures:
            known = ", ".join(sorted(self._signatures))
            hint = nearest(name, self._signatures)
            raise CallError(f'{self.model} has no signature "{name}". It has: {known}.{hint}')
        return self._signatures[name]

    def _try(self, call: Callable[[float], Any], end: float) -> Any:
        """Call with the seconds that are left; repeat after a failure that may pass, with growing pauses."""
        for attempt in itertools.count():
            try:
                return call(max(end - time.monotonic(), 1e-3))
            except Failure as failure:
                pause = 0.1 * 2**attempt * random.uniform(0.5, 1.0)
                if failure.status not in PASSING or attempt == self.retries or time.monotonic() + pause >= end:
                    kind = CallError if failure.status in WRONG_CALL else WorkError
                    tries = f" after {attempt + 1} tries" if attempt else ""
                    raise kind(f"{self.where}, {self.model}: {failure.status}{tries}: {failure}") from failure
                time.sleep(pause)

    def _predict(self, arrays: dict[str, np.ndarray], signature: str, about: Signature, left: float) -> Any:
        raise NotImplementedError

    def _metadata(self, left: float) -> dict[str, Signature]:
        raise NotImplementedError

    def _status(self, left: float) -> dict[int, str]:
        raise NotImplementedError


def _fit(signature: str, expected: Mapping[str, Tensor], given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the inputs as arrays with the dtypes and ranks of the signature."""
    if set(given) != set(expected):
        raise CallError(
            f"{signature} takes {', '.join(sorted(expected))}. Received: {', '.join(sorted(given)) or 'none'}."
        )
    arrays = {}
    for name, value in given.items():
        arrays[name] = _array(f"{name} of {signature}", value, expected[name].dtype)
    rows = max((len(array) for array in arrays.values() if array.ndim), default=1)
    for name, array in arrays.items():
        rank = len(expected[name].shape)
        if array.ndim == 0 and rank == 1:
            arrays[name] = np.repeat(array, rows)
        elif array.ndim != rank:
            raise CallError(f"{name} of {signature} must have {rank} axes. Received: shape {array.shape}.")
    return arrays


def _array(name: str, value: Any, dtype: str) -> np.ndarray:
    """Return a value as an array of a dtype, if that loses nothing."""
    try:
        if dtype == "str":
            array = np.asarray(value, object)
            if not all(isinstance(text, str | bytes) for text in array.flat):
                raise TypeError(f"received {value!r:.80}")
            for text in array.flat:
                if isinstance(text, str):
                    text.encode()  # half of a surrogate pair is a ValueError
            return array
        given = np.asarray(value)
        if given.size and not np.can_cast(given.dtype, dtype, "same_kind"):
            raise TypeError(f"received {value!r:.80}")
        array = given.astype(dtype)
        if given.dtype.kind in "iu" and not np.array_equal(array, given):
            raise OverflowError(f"received {value!r:.80}")
        return array
    except (ValueError, TypeError, OverflowError) as error:
        raise CallError(f"{name} must be of {dtype}: {error}.") from error
