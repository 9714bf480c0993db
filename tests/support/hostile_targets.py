"""The artefacts under attack, loaded as users load them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.export.formats import FORMATS, SITE_FILE, imported
from zoo.export.litert.archive import LITERT_TEXT_FILE
from zoo.predictor import Predictor
from zoo.run_folder import LITERT_FILE

Arrays = dict[str, np.ndarray]


class Artefact(NamedTuple):
    """The options of `zoo export` for an artefact, and the file that is loaded; empty for the whole folder."""

    options: tuple[str, ...]
    file: str


ARTEFACTS = {
    "saved_model": Artefact(("--to", "saved_model"), ""),
    "tflite": Artefact(("--to", "tflite"), LITERT_FILE),
    "onnx": Artefact(("--to", "onnx"), ""),
    "text": Artefact(("--to", "tflite", "--text-ops"), LITERT_TEXT_FILE),
    "web": Artefact(("--to", "web"), ""),
}


class Function(NamedTuple):
    """A signature over text: the type of each input, and the function that answers."""

    kinds: dict[str, type]
    ask: Callable[[Arrays], Arrays]


class Target:
    """An artefact under attack.

    Args:
        format: one of `ARTEFACTS`.
        path: the file or folder to load.
        good: a text whose answer must not change.
        scratch: a folder for damaged copies.

    Attributes:
        predictor: the predictor over ids; None for a .tflite over text and for a page.
        signatures: the signatures over text, by name.
        page: the page, opened in a browser; for "web".
    """

    def __init__(self, format: str, path: Path, good: str, scratch: Path):
        self.format, self.path, self.good, self.scratch = format, Path(path), good, scratch
        self.predictor: Any = None
        self.signatures: dict[str, Function] = {}
        self.page: Any = None
        self._open = contextlib.ExitStack()
        self._alone: dict[Any, Any] = {}
        if format == "text":
            self.signatures = _of_litert(self.path)
        elif format == "web":
            self.page = self._open.enter_context(_opened(self.path))
        else:
            self.predictor = self.load(self.path)
        if format == "saved_model":
            self.signatures = _of_saved_model(self.path)

    def close(self) -> None:
        """Close the page, if there is one."""
        self._open.close()

    def load(self, path: Path) -> Predictor:
        """Load an artefact of this format."""
        return imported(FORMATS[self.format].load)(path)

    def alone(self, key: Any, ask: Callable[[], Any]) -> Any:
        """Return the answer to the good row alone, asked once for each key."""
        if key not in self._alone:
            self._alone[key] = ask()
        return self._alone[key]


def _of_saved_model(path: Path) -> dict[str, Function]:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def function(name):
        inputs = loaded.signatures[name].structured_input_signature[1]
        kinds = {key: kind.dtype.as_numpy_dtype for key, kind in inputs.items()}

        def ask(arrays):
            answer = loaded.signatures[name](**{key: tf.constant(value) for key, value in arrays.items()})
            return {key: value.numpy() for key, value in answer.items()}

        return Function(kinds, ask)

    return {name: function(name) for name in loaded.signatures if not name.endswith("tokens")}


def _of_litert(path: Path) -> dict[str, Function]:
    from zoo.export.litert.text_ops import text_interpreter

    interpreter = text_interpreter(path)

    def function(name):
        runner = interpreter.get_signature_runner(name)
        kinds = {key: about["dtype"] for key, about in runner.get_input_details().items()}
        return Function(kinds, lambda arrays: runner(**arrays))

    return {name: function(name) for name in interpreter.get_signature_list()}


@contextlib.contextmanager
def _opened(site: Path) -> Iterator[Any]:
    from tests.support.browser import chromium, opened, served

    with chromium() as browser, served(site) as address, opened(browser, address) as page:
        yield page


def path_of(out: Path, format: str) -> Path:
    """Return the file or folder to load for a format, in a folder of artefacts."""
    return out / format / ARTEFACTS[format].file


def is_there(out: Path, format: str) -> bool:
    """Return whether a folder of artefacts holds the artefact of a format."""
    return (path_of(out, format) / SITE_FILE if format == "web" else path_of(out, format)).exists()
