"""The comparison of a .tflite over text with the .tflite over ids."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.errors import WorkError
from zoo.predictor import Predictor
from zoo.text import source_ids


def compare_text_ops(
    detail: Callable[..., dict[str, np.ndarray]], lite: Predictor, texts: Sequence[str], what: str
) -> dict[str, Any]:
    """Compare the answers to texts.

    Args:
        detail: the signature `detail` of the .tflite over text.
        lite: a predictor backed by the .tflite over ids.
        texts: the inputs.
        what: the name of the .tflite over text, for messages.

    Returns:
        The numbers of texts that were compared, that are cut into other pieces than SentencePiece cuts them into, and
        whose answers are identical.

    Raises:
        WorkError: an answer differs though the pieces are the same.
    """
    answer_name = "label" if lite.task == "classification" else "text"
    cut_otherwise, identical = 0, 0
    ids, _ = source_ids(lite.source, texts, lite.task)
    for text, text_ids, expected in zip(texts, ids, lite.predict(texts), strict=True):
        answer = detail(text=np.array([text.encode()], dtype=object))
        output = answer[answer_name][0].decode()
        pieces = [piece.decode() for piece in answer["source_pieces"][0] if piece]
        cut_otherwise += pieces != lite.source.pieces(text_ids)
        identical += output == expected.output
        if output != expected.output and pieces == lite.source.pieces(text_ids):
            raise WorkError(
                f'{what} does not answer as the .tflite over ids does: for "{text[:80]}" it answers "{output}", '
                f'not "{expected.output}".'
            )
    return {"text_ops": {"compared": len(texts), "cut_otherwise": cut_otherwise, "identical": identical}}
