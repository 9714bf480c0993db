"""A vocabulary inside the TensorFlow graph, by tensorflow-text."""

import hashlib
from typing import Any

from zoo.constants import END, MAX_SOURCE_PIECES, PAD, START
from zoo.errors import CallError
from zoo.tasks import TASKS
from zoo.text import Vocabulary


def tensorflow_text(*, required: bool = False) -> Any:
    """Return the module `tensorflow_text`, or None where there is none (it has no wheels for Windows).

    Raises:
        CallError: it is required, and not installed.
    """
    try:
        import tensorflow_text
    except ImportError as error:
        if required:
            raise CallError(
                "Text inside the graph needs tensorflow-text, which is not installed (it has no wheels for Windows)."
            ) from error
        return None
    return tensorflow_text


class GraphText:
    """The same vocabulary inside the TensorFlow graph, by tensorflow-text.

    Args:
        vocabulary: the vocabulary.

    Raises:
        CallError: tensorflow-text is not installed.
    """

    def __init__(self, vocabulary: Vocabulary):
        module = tensorflow_text(required=True)
        # A loaded SavedModel finds its vocabulary by this name, and one with the same name as another, in any model of
        # the process, gets the other's pieces (tensorflow/text issue 1304). So the name tells the content.
        name = f"vocabulary_{hashlib.sha256(vocabulary.proto).hexdigest()[:32]}"
        self.tokenizer = module.SentencepieceTokenizer(model=vocabulary.proto, name=name)

    def source_ids(self, texts: Any, task: str) -> Any:
        """Return what a model reads, (B, S) padded with 0, for a string tensor (B,); as the function above."""
        import tensorflow as tf

        ids = self.tokenizer.tokenize(texts)[:, : MAX_SOURCE_PIECES - 1]
        extra = tf.fill([tf.shape(texts)[0], 1], START if TASKS[task].prompted else END)
        parts = [extra, ids] if TASKS[task].prompted else [ids, extra]
        return tf.concat(parts, axis=1).to_tensor(PAD)

    def decode(self, ids: Any) -> Any:
        """Return the texts (B,) of ids (B, T); padding, wherever it stands, has none."""
        import tensorflow as tf

        return self.tokenizer.detokenize(tf.ragged.boolean_mask(ids, tf.not_equal(ids, PAD)))

    def pieces(self, ids: Any) -> Any:
        """Return the pieces (B, T) of ids (B, T), empty strings for padding."""
        import tensorflow as tf

        return tf.where(tf.equal(ids, PAD), "", self.tokenizer.id_to_string(ids))
