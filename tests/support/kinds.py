"""The formats of an export with their options, for what is done with every model in every format."""

from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A format with its options."""

    format: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The format and its options, as flags of `zoo export`."""
        words = [self.format]
        for key, value in self.options.items():
            if key != "max_drop":
                words.append(f"--{key.replace('_', '-')}")
                words += [] if value is True else [",".join(map(str, value)) if isinstance(value, tuple) else value]
        return " ".join(words)


ANY_DROP = {"max_drop": 1000.0}  # the drop is measured by the caller
KINDS = [
    Kind("saved_model", {}),
    Kind("saved_model", {"ids_only": True}),
    Kind("serving", {}),
    Kind("tflite", {}),
    Kind("tflite", {"quantize": "float16", **ANY_DROP}),
    Kind("tflite", {"quantize": "int8", **ANY_DROP}),
    Kind("tflite", {"shape": (1, 64)}),
    Kind("web", {}),
    Kind("web", {"quantize": "float16", **ANY_DROP}),
    Kind("web", {"quantize": "int8", **ANY_DROP}),
    Kind("onnx", {}),
]
